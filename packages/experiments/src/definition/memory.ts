import type { BackendName } from '@steepest/backend';
import { countParameters, type ModelConfig, parameterDescriptions } from '@steepest/lm-models';
import { optimizerRecord } from '@steepest/registry';
import { configOf } from './model-of-trial.ts';
import { stretchesOf } from './phases.ts';
import type { TrialConfig } from './trials.ts';

/** Memory that a trial may take, in bytes. */
export interface MemoryLimit {
  readonly bytes: number;
  /** What limits it, for messages: `the WebAssembly memory of 4 GiB`. */
  readonly of: string;
}

const gibibyte = 2 ** 30;
/** A WebAssembly memory is addressed by 32 bits. */
const wasmMemory: MemoryLimit = { bytes: 4 * gibibyte, of: 'the 4 GiB of a WebAssembly memory' };
/** Elements of a tensor, which indices of 31 bits address. */
const mostElements = 2 ** 31 - 1;

/**
 * What limits a backend's memory; `undefined` for one on a device with a memory of its own.
 * @param machineBytes The memory of the machine that trains; without it only what holds on any machine counts
 */
export function memoryLimit(backend: BackendName, machineBytes?: number): MemoryLimit | undefined {
  if (!['wasm', 'cpu', 'node'].includes(backend)) return undefined;
  const machine =
    machineBytes === undefined
      ? undefined
      : { bytes: machineBytes, of: `the ${gibibytes(machineBytes)} of this machine` };
  if (backend !== 'wasm') return machine;
  return machine !== undefined && machine.bytes < wasmMemory.bytes ? machine : wasmMemory;
}

/** No memory is without limits, but a tensor's are the same everywhere. */
export const anyMemory: MemoryLimit = { bytes: Number.POSITIVE_INFINITY, of: 'any memory' };

/**
 * Why a trial cannot fit into memory, if so: by what it holds at the least, which is its weights, their gradients, and the logits of
 * a training batch with theirs. An optimizer's state and activations come on top, so that what passes may still be too large.
 */
export function memoryProblem(
  { model, budget }: Pick<TrialConfig, 'model' | 'budget'>,
  vocabularySize: number | undefined,
  { bytes: limit, of }: MemoryLimit,
): string | undefined {
  const config = configOf(model, budget.contextLength, vocabularySize);
  const largest = largestOf(config);
  if (largest.elements > mostElements) {
    return (
      `${largest.path} would have ${number(largest.elements)} elements ([${largest.shape.join(', ')}]), and a tensor holds at most ` +
      `${number(mostElements)}; make modelWidth or mlpWidth smaller`
    );
  }
  const parameters = countParameters(config).total;
  const tokens = Math.max(...stretchesOf(budget).map((one) => one.batchSize * one.contextLength));
  const needed = 4 * (2 * parameters + 2 * tokens * config.vocabularySize);
  if (needed <= limit) return undefined;
  return (
    `training needs at least ${gibibytes(needed)}: ${number(parameters)} parameters and their gradients, and the logits of ` +
    `${number(tokens)} tokens per step; that is more than ${of}. Make the model or the batch smaller, or choose another backend`
  );
}

/** What a trial is expected to hold at the peak of its training, in bytes. */
export interface ExpectedMemory {
  readonly parameters: number;
  /** Of the process, its weights, their gradients and the optimizer's state. */
  readonly fixedBytes: number;
  /** Of the largest batch: logits, and what the backward pass reads again. */
  readonly batchBytes: number;
}

/**
 * Fitted to peaks of AdamW on wasm and on `node`: the decoders of training-throughput of width 128 and 256 on 2,048 tokens, width 128
 * with T5's vocabulary on 512, and the study's 150m on 512 (`node` only). Each is met within 20 %, those of `node` within 10 %.
 */
const held = {
  /** Updates in place; its fused kernels keep no square of scores and write the logits' gradient over them. */
  wasm: { process: 2e8, replaced: false, largest: 0, logits: 1, vectors: 28, squares: 0 },
  /**
   * A step makes new weights and state beside the old ones, which a failed step leaves as they were, and holds intermediate results
   * of the size of the largest parameter.
   */
  node: { process: 5e8, replaced: true, largest: 3, logits: 3, vectors: 36, squares: 2 },
};

/** Estimates a trial's memory from its sizes, on wasm or on TensorFlow. */
export function expectedMemory(
  { model, budget, recipe, backend }: Pick<TrialConfig, 'model' | 'budget' | 'recipe' | 'backend'>,
  vocabularySize: number | undefined,
): ExpectedMemory {
  const { process, replaced, largest, logits, vectors, squares } = held[backend === 'wasm' ? 'wasm' : 'node'];
  const config = configOf(model, budget.contextLength, vocabularySize);
  const parameters = countParameters(config).total;
  const states = recipe.members.map(({ optimizer }) => optimizerRecord(optimizer).stateBytesPerParameter);
  const perParameter = (4 + Math.max(...states)) * (replaced ? 2 : 1) + 4;
  const { layers, modelWidth, heads } = config;
  const batches = stretchesOf(budget).map(({ batchSize, contextLength }) => {
    const perLayer = vectors * modelWidth + squares * heads * contextLength;
    return 4 * batchSize * contextLength * (layers * perLayer + logits * config.vocabularySize);
  });
  return {
    parameters,
    fixedBytes: process + perParameter * parameters + 4 * largest * largestOf(config).elements,
    batchBytes: Math.max(...batches),
  };
}

function largestOf(config: ModelConfig): { path: string; shape: readonly number[]; elements: number } {
  return parameterDescriptions({ ...config, layers: 1 })
    .map(({ path, shape }) => ({ path, shape, elements: shape.reduce((a, b) => a * b, 1) }))
    .sort((a, b) => b.elements - a.elements)[0]!;
}

function gibibytes(bytes: number): string {
  return `${number(Number((bytes / gibibyte).toPrecision(3)))} GiB`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
