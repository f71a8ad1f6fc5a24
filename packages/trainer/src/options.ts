import type { MetricsLine } from '@steepest/run-files';
import { nearestName } from '@steepest/run-files';
import type { DivergenceOptions } from './divergence.ts';
import { logSpacedSteps } from './evaluation.ts';
import type { TrainableModel, TrainingController, TrainingData, TrainingOptimizer } from './interfaces.ts';
import type { ShapePhase } from './phases.ts';
import type { TrainingProgress } from './progress.ts';
import type { RefreshOptions } from './refresh.ts';
import type { RunSettings } from './run-settings.ts';
import type { SpikeOptions } from './spikes.ts';
import type { RunStore } from './stores/run-store.ts';
import type { LogitsModel } from './token-evaluation.ts';

/** When to evaluate, and on how much; step 0 and the last step always count in. */
export interface EvaluationOptions {
  /** Evaluate at multiples of this many steps. */
  readonly every?: number | undefined;
  /** Evaluate at these steps, or, when a number, at about so many steps by `logSpacedSteps`; by default 10. */
  readonly points?: number | readonly number[] | undefined;
  /** Number of validation sequences, the same ones every time. */
  readonly sequences: number;
}

/** Options of {@link train}. */
export interface TrainOptions {
  /** `logits` is needed for `refresh` only. */
  readonly model: TrainableModel & Partial<LogitsModel>;
  readonly optimizer: TrainingOptimizer;
  readonly data: TrainingData;
  /** Steps of the whole run, those before a resume included. */
  readonly steps: number;
  readonly evaluation: EvaluationOptions;
  /**
   * Shapes of the training batches one after another, such as a context that grows; without them, the data's own shape.
   * Evaluation keeps to the data's own in any case.
   */
  readonly phases?: readonly ShapePhase[] | undefined;
  /**
   * FLOPs of training on one token of a sequence, by its context length: `flops`, those so far, are then in the metrics and
   * the summary.
   */
  readonly flopsPerToken?: ((contextLength: number) => number) | undefined;
  /**
   * Refreshes the curvature estimate of an optimizer that keeps one, such as Sophia, which cannot be trained without it:
   * gradients on labels drawn from the model's own predictions go to `applyRefresh`.
   */
  readonly refresh?: RefreshOptions | undefined;
  /** Skips and counts steps whose loss or gradient norm is far above those before; off by default. */
  readonly skipSpikes?: SpikeOptions | undefined;
  /** What changes something by the losses of evaluations, such as `ReduceLROnPlateau`, by names of your choice. */
  readonly controllers?: Readonly<Record<string, TrainingController>> | undefined;
  /** Write a line of metrics at multiples of `every` steps (by default 10), and at the first and last step. */
  readonly log?: { readonly every: number } | undefined;
  /**
   * Write a checkpoint at multiples of `every` steps (by default 100), and at the end of a run, and keep the last `keep`
   * (by default 1).
   */
  readonly checkpoint?: { readonly every: number; readonly keep?: number } | undefined;
  /** Where the run is kept: begun when nothing is stored there, resumed when it holds a checkpoint. */
  readonly store: RunStore;
  /** Everything that determines the run, as a JSON value; stored, and compared on a resume. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Lets a run continue to more `steps` than it had before, even where its learning rates so far are not known to be those of
   * the longer run. Where they are, it needs no permission.
   */
  readonly extend?: boolean | undefined;
  /** Told of what is wrong but does not end the run, such as a damaged checkpoint; by default a warning of the process or on the console. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Ends the run with a checkpoint and status `interrupted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every step. */
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  /** Called with every line of metrics once it is stored; training waits for what it returns. */
  readonly onMetrics?: ((line: MetricsLine) => void | Promise<void>) | undefined;
  /**
   * How many threads work at the moment, for a program that changes it in mid-run, which changes no result. Every line of training
   * metrics has it, and the summary's times of a step are those of the fewest threads that the run has had.
   */
  readonly threads?: (() => number) | undefined;
  readonly divergence?: DivergenceOptions | undefined;
  /** `layers` adds norms by role to every line of training metrics; the optimizer needs `recordMetrics: true`. */
  readonly record?: 'layers' | undefined;
  /**
   * Asked after every evaluation but the last, whether to give the run up; a reason ends it `stopped`, with a checkpoint
   * from which a call without it continues.
   */
  readonly shouldStop?: (evaluation: { readonly step: number; readonly loss: number }) => string | undefined;
}

/** How often to write a checkpoint, and how many to keep; a resume may change both. */
export interface CheckpointSettings {
  readonly every: number;
  readonly keep: number;
}

const known = {
  train: [
    ...[
      'model',
      'optimizer',
      'data',
      'steps',
      'phases',
      'evaluation',
      'flopsPerToken',
      'refresh',
      'skipSpikes',
    ],
    ...[
      'controllers',
      'log',
      'checkpoint',
      'store',
      'directory',
      'config',
      'extend',
      'onWarning',
      'signal',
      'onProgress',
      'onMetrics',
    ],
    ...['divergence', 'record', 'shouldStop', 'threads'],
  ],
  phase: ['fromStep', 'contextLength', 'batchSize'],
  refresh: ['every', 'seed'],
  skipSpikes: ['deviations', 'window'],
  evaluation: ['every', 'points', 'sequences'],
  log: ['every'],
  checkpoint: ['every', 'keep'],
  divergence: ['factor', 'window'],
};

/**
 * Checks the options and fills in the defaults.
 *
 * @throws Error naming the option that is unknown or wrong, and what would be right
 */
export function checkOptions(options: TrainOptions): {
  settings: RunSettings;
  checkpoint: CheckpointSettings;
} {
  checkKeys('', options, known.train);
  for (const name of ['model', 'optimizer', 'data'] as const) checkObject(name, options[name]);
  if (!(options.model.variables?.length > 0)) {
    throw new Error('model.variables must hold the variables to train, but it is empty');
  }
  checkStore(options);
  if (options.config !== undefined) checkObject('config', options.config);
  for (const [name, controller] of Object.entries(options.controllers ?? {})) {
    checkObject(`controllers.${name}`, controller);
  }
  if (!['undefined', 'boolean'].includes(typeof options.extend)) {
    throw new Error(`extend must be true or false, got ${show(options.extend)}`);
  }
  for (const name of ['onWarning', 'onProgress', 'onMetrics', 'shouldStop', 'threads'] as const) {
    if (['undefined', 'function'].includes(typeof options[name])) continue;
    throw new Error(`${name} must be a function, got ${show(options[name])}`);
  }
  if (options.record !== undefined && options.record !== 'layers') {
    throw new Error(`record must be "layers" or left out, got ${show(options.record)}`);
  }
  if (!['undefined', 'function'].includes(typeof options.flopsPerToken)) {
    throw new Error(
      `flopsPerToken must be a function of the context length, got ${show(options.flopsPerToken)}`,
    );
  }
  checkCount('steps', options.steps, 1);
  const { log = { every: 10 }, checkpoint = { every: 100 }, divergence = {} } = options;
  checkKeys('log', log, known.log);
  checkCount('log.every', log.every, 1);
  checkKeys('checkpoint', checkpoint, known.checkpoint);
  checkCount('checkpoint.every', checkpoint.every, 1);
  const { keep = 1 } = checkpoint;
  checkCount('checkpoint.keep', keep, 1);
  checkKeys('divergence', divergence, known.divergence);
  const { factor = 2, window = 10 } = divergence;
  if (!(Number.isFinite(factor) && factor > 1)) {
    throw new Error(`divergence.factor must be a number greater than 1, got ${show(factor)}`);
  }
  checkCount('divergence.window', window, 1);
  return {
    settings: {
      steps: options.steps,
      ...(options.phases === undefined ? {} : { phases: checkedPhases(options.phases, options.steps) }),
      ...(options.flopsPerToken === undefined ? {} : { countsFlops: true }),
      ...refreshSettings(options),
      ...spikeSettings(options.skipSpikes),
      ...(options.controllers === undefined ? {} : { controllers: Object.keys(options.controllers).sort() }),
      evaluation: {
        points: evaluationSteps(options.evaluation, options.steps),
        sequences: options.evaluation.sequences,
      },
      log: { every: log.every },
      divergence: { factor, window },
    },
    checkpoint: { every: checkpoint.every, keep },
  };
}

/**
 * `train` of Node has made a store of a directory before; anywhere else there are no folders.
 *
 * @throws Error when a value is no store of a run, or a directory is given
 */
function checkStore({ store, directory }: TrainOptions & { readonly directory?: unknown }): void {
  if (directory !== undefined) {
    throw new Error('directory is for Node: here give a store instead, such as indexedDBStore(name)');
  }
  checkObject('store', store);
  if (typeof store.open === 'function') return;
  throw new Error(
    `store must be one such as memoryStore() gives, but it has no function open: its keys are ${Object.keys(store).join(', ')}`,
  );
}

function refreshSettings({ refresh, model, optimizer }: TrainOptions): Pick<RunSettings, 'refresh'> {
  const record = optimizer.describe?.();
  const takes = record?.capabilities.refresh === true;
  if (refresh === undefined) {
    if (!takes) return {};
    throw new Error(
      `${record.title} estimates curvature from refreshes, without which it trains as another optimizer: ` +
        'give train refresh: { every: 10 }',
    );
  }
  checkKeys('refresh', refresh, known.refresh);
  const { every, seed = 0 } = refresh;
  checkCount('refresh.every', every, 1);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new Error(`refresh.seed must be a whole number from 0 to 4294967295, got ${show(seed)}`);
  }
  if (!takes || typeof optimizer.applyRefresh !== 'function') {
    throw new Error(
      `refresh is for optimizers that estimate curvature, such as Sophia, but ${record?.title ?? 'this one'} does not: ` +
        'leave refresh out',
    );
  }
  const doubled = optimizer
    .hyperparametersAt?.(1)
    .find(({ values }) => values.batchTokens !== undefined && values.batchTokens !== 1);
  if (doubled !== undefined) {
    throw new Error(
      `refresh multiplies by the predictions of a batch itself, so batchTokens must be 1, but ${doubled.group} has ` +
        `${doubled.values.batchTokens}: leave batchTokens out`,
    );
  }
  if (typeof model.logits !== 'function') {
    throw new Error('refresh needs model.logits(tokens), from which labels are drawn');
  }
  return { refresh: { every, seed } };
}

function spikeSettings(skipSpikes: SpikeOptions | undefined): Pick<RunSettings, 'skipSpikes'> {
  if (skipSpikes === undefined) return {};
  checkKeys('skipSpikes', skipSpikes, known.skipSpikes);
  const { deviations = 6, window = 128 } = skipSpikes;
  if (!(Number.isFinite(deviations) && deviations > 0)) {
    throw new Error(`skipSpikes.deviations must be a number greater than 0, got ${show(deviations)}`);
  }
  checkCount('skipSpikes.window', window, 20);
  return { skipSpikes: { deviations, window } };
}

function checkedPhases(phases: readonly ShapePhase[], steps: number): readonly ShapePhase[] {
  if (!Array.isArray(phases) || phases.length === 0) {
    throw new Error(
      `phases must be a list of { fromStep, contextLength, batchSize }, got ${show(phases) || 'an empty list'}`,
    );
  }
  return (phases as readonly ShapePhase[]).map((phase, index) => {
    const name = `phases[${index}]`;
    checkKeys(name, phase, known.phase);
    const { fromStep, contextLength, batchSize } = phase;
    checkCount(`${name}.contextLength`, contextLength, 1);
    checkCount(`${name}.batchSize`, batchSize, 1);
    if (index === 0 ? fromStep !== 0 : !Number.isSafeInteger(fromStep)) {
      const right = index === 0 ? '0, where the run begins' : 'a whole number (steps)';
      throw new Error(`${name}.fromStep must be ${right}, got ${show(fromStep)}`);
    }
    if (index > 0 && !(fromStep > phases[index - 1]!.fromStep && fromStep < steps)) {
      throw new Error(
        `${name}.fromStep must be after the ${phases[index - 1]!.fromStep} of the phase before and before the ` +
          `${steps} steps of the run, got ${fromStep}`,
      );
    }
    return { fromStep, contextLength, batchSize };
  });
}

function evaluationSteps(evaluation: EvaluationOptions, steps: number): readonly number[] {
  checkKeys('evaluation', evaluation, known.evaluation);
  const { every, points, sequences } = evaluation;
  checkCount('evaluation.sequences', sequences, 1);
  if (every !== undefined && points !== undefined) {
    throw new Error('evaluation takes either every or points, got both');
  }
  if (every !== undefined) {
    checkCount('evaluation.every', every, 1);
    const multiples = Array.from({ length: Math.floor(steps / every) + 1 }, (_, i) => i * every);
    return [...new Set([...multiples, steps])];
  }
  if (points === undefined || typeof points === 'number') {
    if (points !== undefined) checkCount('evaluation.points', points, 2);
    return logSpacedSteps(steps, points);
  }
  if (!Array.isArray(points)) {
    throw new Error(`evaluation.points must be a list of steps, or how many there are, got ${show(points)}`);
  }
  for (const [index, point] of points.entries()) {
    if (!Number.isSafeInteger(point) || point < 0 || point > steps) {
      throw new Error(
        `evaluation.points[${index}] must be a whole number from 0 to ${steps} (steps), got ${show(point)}`,
      );
    }
  }
  return [...new Set([0, ...points, steps])].sort((a, b) => a - b);
}

function checkCount(name: string, value: unknown, minimum: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < minimum) {
    throw new Error(`${name} must be a whole number of at least ${minimum}, got ${show(value)}`);
  }
}

function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${name} must be an object, got ${show(value)}`);
  }
}

function checkKeys(name: string, value: unknown, keys: readonly string[]): void {
  checkObject(name === '' ? 'options' : name, value);
  for (const key of Object.keys(value as object)) {
    if (keys.includes(key)) continue;
    const prefix = name === '' ? '' : `${name}.`;
    throw new Error(`unknown option "${prefix}${key}"; did you mean "${prefix}${nearestName(key, keys)}"?`);
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}" (string)` : String(value);
}
