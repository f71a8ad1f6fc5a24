import type { BackendName } from '@steepest/backend';
import { countParameters, type ModelConfig, modelConfig, parameterDescriptions } from '@steepest/lm-models';
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
  const largest = parameterDescriptions({ ...config, layers: 1 })
    .map(({ path, shape }) => ({ path, shape, elements: shape.reduce((a, b) => a * b, 1) }))
    .sort((a, b) => b.elements - a.elements)[0]!;
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
    `${number(tokens)} tokens a step; that is more than ${of}. Make the model or the batch smaller, or choose another backend`
  );
}

function configOf(
  model: TrialConfig['model'],
  contextLength: number,
  vocabularySize: number | undefined,
): ModelConfig {
  const given = model as { [K in keyof typeof model]: Exclude<(typeof model)[K], undefined> };
  return modelConfig({
    ...given,
    contextLength,
    seed: 0,
    ...(vocabularySize === undefined ? {} : { vocabularySize }),
  });
}

function gibibytes(bytes: number): string {
  return `${number(Number((bytes / gibibyte).toPrecision(3)))} GiB`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
