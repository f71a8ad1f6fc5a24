import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Sizes of the decoder that is trained and of its batches. */
export interface TaskSizes {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly sequences: number;
  readonly positions: number;
}

/** What every subject does: these sizes, AdamW with these numbers, and the paper's weight of the z-loss. */
export interface Task extends TaskSizes {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly zLoss: number;
  /** Batches of tokens, taken in turn. */
  readonly batches: number;
}

/** The step that the figures are about. */
export const defaultSizes: TaskSizes = {
  width: 128,
  layers: 4,
  heads: 4,
  vocabulary: 4096,
  sequences: 16,
  positions: 128,
};

/** The whole task of these sizes. */
export function taskOf(sizes: TaskSizes): Task {
  return {
    ...sizes,
    learningRate: 1e-3,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0.1,
    zLoss: 1e-4,
    batches: 4,
  };
}

/** Tokens that one step learns from. */
export function tokensPerStep({ sequences, positions }: TaskSizes): number {
  return sequences * positions;
}

/**
 * Floating-point operations of one step: 6 for each token and each weight of a product with one, and 12 for each
 * token, position, layer and column in attention, whole squares of scores counted.
 */
export function operationsPerStep(sizes: TaskSizes): number {
  const { width, layers, vocabulary, positions } = sizes;
  const weights = 12 * width * width * layers + vocabulary * width;
  return tokensPerStep(sizes) * (6 * weights + 12 * layers * positions * width);
}

/** Options of `createLanguageModel` for the task. */
export function modelOptions(task: Task) {
  return {
    modelWidth: task.width,
    layers: task.layers,
    heads: task.heads,
    vocabularySize: task.vocabulary,
    contextLength: task.positions,
    zLoss: task.zLoss,
    seed: 1,
  };
}

/** Writes what the subjects read: `task.json`, `weights.safetensors` and `tokens.bin`. */
export async function writeTask(folder: string, task: Task, weights: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'task.json'), JSON.stringify(task));
  await writeFile(join(folder, 'weights.safetensors'), weights);
  await writeFile(join(folder, 'tokens.bin'), drawTokens(task));
}

/** A task that {@link writeTask} wrote. */
export interface StoredTask {
  readonly task: Task;
  readonly weights: Uint8Array;
  /** Tokens of step 0, 1, 2...: `sequences` rows of `positions + 1`. */
  batch(step: number): Int32Array;
}

/** Reads a task's folder. */
export async function readTask(folder: string): Promise<StoredTask> {
  const task = JSON.parse(await readFile(join(folder, 'task.json'), 'utf8')) as Task;
  const bytes = await readFile(join(folder, 'tokens.bin'));
  const tokens = new Int32Array(new Uint8Array(bytes).buffer);
  const size = task.sequences * (task.positions + 1);
  return {
    task,
    weights: new Uint8Array(await readFile(join(folder, 'weights.safetensors'))),
    batch: (step) => tokens.slice((step % task.batches) * size, ((step % task.batches) + 1) * size),
  };
}

/** Token ids, small ones more often than large ones as in text, from a linear congruential generator. */
function drawTokens({ batches, sequences, positions, vocabulary }: Task): Int32Array {
  let state = 1;
  return Int32Array.from({ length: batches * sequences * (positions + 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) ** 3 * vocabulary);
  });
}
