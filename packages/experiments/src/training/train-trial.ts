import { totalmem } from 'node:os';
// Registers the gradients, which tfjs-core alone lacks in Node.
import '@tensorflow/tfjs';
import { prepareBackend, setThreads } from '@steepest/backend';
import {
  loadTokenizer,
  openTextData,
  type SkippedFile,
  type TextData,
  type TokenizingProgress,
} from '@steepest/c4-data';
import { createLanguageModel, type LanguageModel, type ModelConfig, modelConfig } from '@steepest/lm-models';
import { folderStore, type TrainingProgress, type TrialSummary, train } from '@steepest/trainer';
import { loadOptimizers } from '../definition/installed-optimizers.ts';
import { memoryLimit, memoryProblem } from '../definition/memory.ts';
import { freezeStepsOf } from '../definition/schedule-shape.ts';
import type { DataSettings, ModelSettings } from '../definition/schema.ts';
import type { TrialBudget, TrialConfig } from '../definition/trials.ts';
import { createOptimizer } from './create-optimizer.ts';
import { createSchedule } from './create-schedule.ts';
import type { CheckpointPlan, LossLimits } from './messages.ts';
import { BackendMissing } from './obstacle.ts';

/** Where a trial keeps its files and how it reports; only `lossLimits` has a say in when it ends. */
export interface TrialSurroundings {
  /** The trial's run folder. */
  readonly directory: string;
  /** Where tokenized text is kept for all trials. */
  readonly cacheDirectory: string;
  readonly checkpoint: CheckpointPlan;
  /**
   * How many threads the wasm backend works on: at first, at most, and now, asked before every step; 1 by default. Their number
   * changes no result there. The node backend keeps the first.
   */
  readonly threads?: { readonly first: number; readonly most: number; now(): number };
  /** Aborting it ends the trial with a checkpoint and status `interrupted`. */
  readonly signal: AbortSignal;
  /** Ends the trial as `stopped` when its validation loss at one of these steps is above the limit. */
  readonly lossLimits?: LossLimits;
  readonly onStatus?: (text: string) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** Trains one trial from its configuration, from its checkpoint when there is one. */
export async function runTrial(config: TrialConfig, surroundings: TrialSurroundings): Promise<TrialSummary> {
  const {
    directory,
    cacheDirectory,
    checkpoint,
    threads = { first: 1, most: 1, now: () => 1 },
    signal,
    lossLimits,
    onStatus,
    onProgress,
  } = surroundings;
  onStatus?.('preparing');
  const isWasm = config.backend === 'wasm';
  await prepareBackend({
    backend: config.backend,
    threads: isWasm ? threads.most : threads.first,
  }).catch((error: Error) => {
    throw new BackendMissing(error.message);
  });
  if (isWasm) setThreads(threads.first);
  const data = await openData(config.data, config.budget, config.seed, cacheDirectory);
  requireText(config, data);
  const model = createModel(config, data);
  const { phases } = config.budget;
  const freezeSteps = freezeStepsOf(config.recipe);
  const scheduleOf = (peak: number) =>
    createSchedule(config.schedule, peak, config.budget.steps, freezeSteps);
  await loadOptimizers();
  const optimizer = createOptimizer(config.recipe, scheduleOf, config.record === 'layers');
  return train({
    model,
    optimizer,
    data,
    steps: config.budget.steps,
    ...refreshOf(config),
    ...(phases === undefined ? {} : { phases, flopsPerToken: flopsIn(model) }),
    evaluation: config.evaluation,
    log: { every: 1 },
    checkpoint,
    // The lock of the trial keeps others out.
    store: folderStore(directory),
    config: { ...config },
    signal,
    ...(config.record === undefined ? {} : { record: config.record }),
    ...(isWasm ? { threads: () => setThreads(threads.now()) } : {}),
    ...(lossLimits === undefined ? {} : { shouldStop: hopelessness(lossLimits) }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

/** @throws Error where the text is another than that of the other trials, as on a machine with another copy of it */
function requireText({ textHash }: TrialConfig, { identity }: TextData): void {
  if (textHash === undefined || textHash === identity) return;
  throw new Error(
    `the text is not the one that this trial was planned with: its tokens have the hash ${identity}, and config.json says ` +
      `${textHash}; put that text back, or run the experiment in another folder`,
  );
}

/** The curvature that an optimizer such as Sophia estimates, on labels drawn by the trial's seed. */
function refreshOf({ recipe: { refreshEvery: every }, seed }: TrialConfig) {
  return every === undefined ? {} : { refresh: { every, seed } };
}

function flopsIn(model: LanguageModel) {
  return (contextLength: number): number => model.flopsPerToken('withAttention', contextLength);
}

function hopelessness({ limits, margin, best }: LossLimits) {
  return ({ step, loss }: { readonly step: number; readonly loss: number }): string | undefined => {
    const limit = limits[step];
    if (limit === undefined || loss <= limit) return undefined;
    return (
      `stopped at step ${step}: its validation loss of ${loss.toFixed(4)} was more than ${margin} above ` +
      `the ${(limit - margin).toFixed(4)} of ${best} at that step`
    );
  };
}

/** Who is told what happens while text is read. */
interface DataListener {
  readonly onProgress?: (progress: TokenizingProgress) => void;
  readonly onSkipped?: (skipped: SkippedFile) => void;
}

/** Opens an experiment's text; the seed decides the order of its sequences. */
export async function openData(
  data: DataSettings,
  { batchSize, contextLength }: Pick<TrialBudget, 'batchSize' | 'contextLength'>,
  seed: number,
  cacheDirectory: string,
  { onProgress, onSkipped }: DataListener = {},
): Promise<TextData> {
  const shape = { contextLength, batchSize, seed };
  if (!('tokenizer' in data)) {
    return openTextData({ source: { type: 'prepared', directory: data.source.prepared }, ...shape });
  }
  const { source, tokenizer, prune, validationFraction } = data;
  const choice = tokenizer === 'embedded' ? 'embedded' : { file: tokenizer };
  return openTextData({
    source: source === 'embedded' ? { type: 'embedded' } : { type: 'files', ...source, onSkipped },
    tokenizer: prune === undefined ? choice : await loadTokenizer(choice, { prune: { size: prune } }),
    ...shape,
    cacheDirectory,
    ...(validationFraction === undefined ? {} : { validationFraction }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

/** An experiment's model for a text's vocabulary, nothing of it made; the seed decides its initial weights. */
export function shapeOf(
  settings: ModelSettings,
  { contextLength }: Pick<TrialBudget, 'contextLength'>,
  seed: number,
  { vocabularySize }: Pick<TextData, 'vocabularySize'>,
): ModelConfig {
  return modelConfig({ ...given(settings), contextLength, vocabularySize, seed });
}

/**
 * Makes a trial's model.
 * @throws Error before anything is allocated when it cannot fit into the backend's memory
 */
export function createModel(
  config: Pick<TrialConfig, 'model' | 'budget' | 'seed' | 'backend'>,
  { vocabularySize }: Pick<TextData, 'vocabularySize'>,
): LanguageModel {
  const { model, budget, seed, backend } = config;
  const limit = memoryLimit(backend, totalmem());
  const problem = limit && memoryProblem(config, vocabularySize, limit);
  if (problem !== undefined) throw new Error(problem);
  const { contextLength } = budget;
  return createLanguageModel({ ...given(model), contextLength, vocabularySize, seed });
}

/** The same object as one whose absent keys are absent for the type checker too. */
function given<T extends object>(settings: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return settings as { [K in keyof T]: Exclude<T[K], undefined> };
}
