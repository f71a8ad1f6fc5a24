import { basename, join } from 'node:path';
import type { Tuning } from '@steepest/experiments';
import {
  finite,
  isObject,
  type Json,
  printable,
  printableLines,
  printableValues,
  RunError,
  readObject,
  readRun,
  requireVersion,
  type TrainingLine,
  withoutSeal,
} from '@steepest/run-files';
import { downsampled } from '../results/downsampled.ts';
import type {
  Curve,
  ExperimentRecord,
  LayerPoint,
  TrialNumbers,
  TrialResult,
  TrialStatus,
} from '../results/results.ts';
import { baselines, readOrigin, readResolved, readTuningFile } from '../results/results-file.ts';
import { modelFacts } from '../statistics/model-facts.ts';

/** A trial as its folder records it, with the configuration the report compares between trials. */
export interface RecordedTrial {
  readonly trial: TrialResult;
  readonly config: Json;
}

/** Points of a trial's layers kept in the results. */
const mostLayerPoints = 200;

/**
 * Reads one trial's folder.
 * @param unended Status of a trial without a summary: `running` for a live view, else `interrupted`
 * @returns `undefined` when the folder has neither config.json nor metrics.jsonl, so is not a trial's.
 * @throws when a file is not what the trainer writes; the message names the file, and the line in metrics.jsonl.
 */
export async function readTrial(
  directory: string,
  unended: 'interrupted' | 'running' = 'interrupted',
): Promise<RecordedTrial | undefined> {
  const run = await readRun(directory);
  if (run === undefined) return undefined;
  const { config, summary, damage, metrics } = run;
  const { optimizer } = config;
  if (typeof optimizer !== 'string') {
    throw new RunError(
      `${join(directory, 'config.json')}: optimizer must be the name of an optimizer, got ${JSON.stringify(optimizer)}`,
    );
  }
  const curve = {
    train: metrics.train.map(({ learningRate: _, gradientNorm: __, layers: ___, ...point }) => point),
    validation: metrics.validation,
  };
  const numbers = summary ? summaryNumbers(summary) : numbersSoFar(curve);
  const said = summary?.status ?? unended;
  const flaw =
    said === 'finished' && numbers.finalValidationLoss === null
      ? 'it finished without a final validation loss that is a number'
      : damage;
  const status = flaw === undefined ? said : 'failed';
  const reason = flaw ?? readReason(summary, status, numbers);
  return {
    config,
    trial: {
      id: printable(basename(directory)),
      optimizer: printable(optimizer),
      settings: printableValues(isObject(config.settings) ? config.settings : {}),
      variation: {},
      seed: finite(config.seed),
      status,
      ...(reason === undefined ? {} : { reason }),
      ...numbers,
      resolved: readResolved(config),
      ...readOrigin(config),
      ...(status === 'running' ? plannedStepsOf(config) : {}),
      ...modelFacts(config, numbers.parameters),
      curve,
      ...layersOf(metrics.train),
    },
  };
}

function plannedStepsOf({ budget }: Json): Pick<TrialResult, 'plannedSteps'> {
  const steps = isObject(budget) ? finite(budget.steps) : null;
  return steps === null ? {} : { plannedSteps: steps };
}

/**
 * Reads the runner's `experiment.json`.
 * @returns `undefined` when there is none: runs copied from elsewhere may lack it.
 * @throws when it is not a JSON object, of a later version, or not as it was written.
 */
export async function readExperiment(outDirectory: string): Promise<ExperimentRecord | undefined> {
  const file = join(outDirectory, 'experiment.json');
  const read = await readObject(file);
  if (!read) return undefined;
  requireVersion(file, read.schemaVersion);
  const record = withoutSeal(read, file);
  const { name, description, model, budget, optimizers, backend, machine } = record;
  const trials = finite(record.trials);
  const confirm = Array.isArray(record.confirm) ? record.confirm.flatMap((seed) => finite(seed) ?? []) : [];
  const counted = baselines.safeParse(record.baselines);
  return {
    name: printable(typeof name === 'string' ? name : basename(outDirectory)),
    ...(typeof description === 'string' ? { description: printable(description) } : {}),
    ...(model === undefined ? {} : { model: printableValues(model) }),
    ...(budget === undefined ? {} : { budget: printableValues(budget) }),
    optimizers: (Array.isArray(optimizers) ? optimizers : [])
      .filter(isObject)
      .flatMap((optimizer) =>
        typeof optimizer.name === 'string'
          ? [{ name: printable(optimizer.name), title: printable(String(optimizer.title ?? optimizer.name)) }]
          : [],
      ),
    ...(trials === null ? {} : { trials }),
    ...(record.trialsFollow === true ? { trialsFollow: true } : {}),
    ...(confirm.length === 0 ? {} : { confirm }),
    ...(counted.success ? { baselines: counted.data } : {}),
    ...(isObject(backend)
      ? {
          backend: {
            name: printable(String(backend.name)),
            reason: printable(String(backend.reason ?? '')),
          },
        }
      : {}),
    ...(isObject(machine)
      ? {
          machine: {
            cpu: printable(String(machine.cpu)),
            cores: finite(machine.cores) ?? 0,
            node: printable(String(machine.node)),
          },
        }
      : {}),
  };
}

/**
 * Reads `tune.json`, which `tune` leaves beside its trials.
 * @returns `undefined` when there is none.
 * @throws when it is not one that this version can read.
 */
export async function readTuning(outDirectory: string): Promise<Tuning | undefined> {
  const file = join(outDirectory, 'tune.json');
  const tuning = await readObject(file);
  return tuning === undefined ? undefined : readTuningFile(withoutSeal(tuning, file), file);
}

function summaryNumbers(summary: Json): TrialNumbers {
  return {
    steps: finite(summary.steps),
    tokens: finite(summary.tokens),
    parameters: finite(summary.parameters),
    seconds: finite(summary.seconds),
    initialValidationLoss: finite(summary.initialValidationLoss),
    bestValidationLoss: finite(summary.bestValidationLoss),
    finalValidationLoss: finite(summary.finalValidationLoss),
    finalTrainLoss: finite(summary.finalTrainLoss),
    tokensPerSecond: finite(summary.tokensPerSecond),
    ...threadsOf(summary),
    millisecondsPerStep: finite(summary.millisecondsPerStep),
    optimizerMillisecondsPerStep: finite(summary.optimizerMillisecondsPerStep),
    stateBytesPerParameter: finite(summary.stateBytesPerParameter),
  };
}

function threadsOf({ threads }: Json): Pick<TrialNumbers, 'threads'> {
  if (!isObject(threads)) return {};
  const [least, most] = [finite(threads.least), finite(threads.most)];
  return least === null || most === null ? {} : { threads: { least, most } };
}

/** A trial stopped by a kill has no summary; its progress is in the metrics, but no final loss is. */
function numbersSoFar(curve: Curve): TrialNumbers {
  const last = [curve.train.at(-1), curve.validation.at(-1)].reduce((a, b) =>
    (b?.step ?? -1) > (a?.step ?? -1) ? b : a,
  );
  const losses = curve.validation.flatMap((point) => (point.loss === null ? [] : [point.loss]));
  return {
    steps: last?.step ?? 0,
    tokens: last?.tokens ?? 0,
    parameters: null,
    seconds: last?.seconds ?? 0,
    initialValidationLoss: losses[0] ?? null,
    bestValidationLoss: losses.length > 0 ? Math.min(...losses) : null,
    finalValidationLoss: null,
    finalTrainLoss: null,
    tokensPerSecond: null,
    millisecondsPerStep: null,
    optimizerMillisecondsPerStep: null,
    stateBytesPerParameter: null,
  };
}

function readReason(
  summary: Json | undefined,
  status: TrialStatus,
  numbers: TrialNumbers,
): string | undefined {
  if (typeof summary?.reason === 'string') return printableLines(summary.reason);
  if (status === 'interrupted')
    return `stopped at step ${numbers.steps ?? 0}, before the end of its schedule`;
  return undefined;
}

function layersOf(train: readonly TrainingLine[]): { layers?: Record<string, LayerPoint[]> } {
  const recorded = train.filter((line) => line.layers !== undefined);
  if (recorded.length === 0) return {};
  const layers = new Map<string, LayerPoint[]>();
  for (const line of downsampled(recorded, mostLayerPoints)) {
    for (const [role, measures] of Object.entries(line.layers!)) {
      layers.set(role, [...(layers.get(role) ?? []), { step: line.step, ...measures }]);
    }
  }
  return { layers: Object.fromEntries(layers) };
}
