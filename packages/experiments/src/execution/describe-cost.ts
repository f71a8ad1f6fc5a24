import { totalmem } from 'node:os';
import { type BackendName, usableCores } from '@steepest/backend';
import { estimatedTraining } from '../definition/estimate.ts';
import { expectedMemory, memoryLimit } from '../definition/memory.ts';
import type { Experiment } from '../definition/schema.ts';
import { type TrialConfig, trialsOf } from '../definition/trials.ts';
import type { BackendChoice } from '../training/messages.ts';
import { formatLong } from './format.ts';

/** The machine that trials run on. */
export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
}

/**
 * What the largest trial of an experiment takes: parameters, tokens, and for each backend its memory, speed and time, with a warning
 * where the memory does not suffice. All are estimates, made before anything is prepared; `auto` stands for the two on processors.
 */
export function describeCost(
  experiment: Experiment,
  backend: BackendChoice,
  machine: Machine = { cores: usableCores(), memoryBytes: totalmem() },
): string[] {
  const backends: readonly BackendName[] = backend === 'auto' ? ['node', 'wasm'] : [backend];
  return backends.flatMap((name, index) => {
    const trials = trialsOf(experiment, { backend: name, versions: {} });
    const { trial, memory } = largestOf(trials);
    const { tokens } = estimatedTraining(trial, machine.cores);
    const header = `The largest of ${trials.length} trials: ${number(memory.parameters)} parameters, ${number(tokens)} tokens.`;
    return [...(index === 0 ? [header] : []), ...linesOf(trials, trial, memory, machine)];
  });
}

type Memory = ReturnType<typeof expectedMemory>;

function largestOf(trials: readonly TrialConfig[]): { trial: TrialConfig; memory: Memory } {
  const measured = trials.map((trial) => ({ trial, memory: expectedMemory(trial, prunedTo(trial)) }));
  return measured.reduce((a, b) => (bytesOf(b.memory) > bytesOf(a.memory) ? b : a));
}

/** Pieces of the vocabulary where the experiment says how many; what a tokenizer has is known when it is open. */
function prunedTo({ data }: TrialConfig): number | undefined {
  return 'tokenizer' in data ? data.prune : undefined;
}

function linesOf(
  trials: readonly TrialConfig[],
  trial: TrialConfig,
  memory: Memory,
  { cores, memoryBytes }: Machine,
): string[] {
  const { backend } = trial;
  const parts = [`about ${gigabytes(bytesOf(memory))} of memory`];
  // Nobody has measured a GPU.
  if (backend === 'node' || backend === 'wasm') {
    const { tokens, seconds } = estimatedTraining(trial, cores);
    const all = trials.reduce((sum, one) => sum + estimatedTraining(one, cores).seconds, 0);
    const rate = tokens / seconds;
    parts.push(`${number(Number(rate.toPrecision(2)))} tokens/s on ${cores} cores`, formatLong(seconds));
    parts.push(`all trials ${formatLong(all)}`);
  }
  const lines = [`  ${backend}: ${parts.join(', ')}`];
  const limit = memoryLimit(backend, memoryBytes);
  if (limit === undefined || bytesOf(memory) <= limit.bytes) return lines;
  return [...lines, `  That is more than ${limit.of}: ${remedyFor(trial, memory, limit.bytes)}.`];
}

function remedyFor(
  { model, budget }: TrialConfig,
  { fixedBytes, batchBytes }: Memory,
  bytes: number,
): string {
  const { batchSize, phases = [{ batchSize }] } = budget;
  const largest = Math.max(...phases.map((phase) => phase.batchSize));
  const sequences = Math.floor(((bytes - fixedBytes) / batchBytes) * largest);
  if (sequences < 1) return `a model of size ${model.size} does not fit with any batch`;
  return `a budget.batchSize of ${sequences} would fit`;
}

function bytesOf({ fixedBytes, batchBytes }: Memory): number {
  return fixedBytes + batchBytes;
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function gigabytes(bytes: number): string {
  return `${number(Number((bytes / 1e9).toPrecision(2)))} GB`;
}
