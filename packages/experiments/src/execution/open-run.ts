import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { RunError, sealed, writeJson } from '@steepest/run-files';
import { entryTitle } from '../definition/installed-optimizers.ts';
import { memoryLimit, memoryProblem } from '../definition/memory.ts';
import type { Experiment } from '../definition/schema.ts';
import type { TrialConfig } from '../definition/trials.ts';
import { type Standing, standingIn } from '../search/known-ends.ts';
import { isKnownBeforehand, type Surroundings } from '../search/needed-trials.ts';
import type { BackendChoice, CheckpointPlan, Prepared } from '../training/messages.ts';
import type { Display } from './display.ts';
import { type EarlierResults, EarlierTrials } from './earlier-results.ts';
import { refuseChangedSettings } from './frozen-config.ts';
import { listenForInterruption } from './interruption.ts';
import { lockFolder } from './locks.ts';
import { startPreparation } from './preparation.ts';

/** A run folder made ready for trials: settings compared, backend chosen, text tokenized, `experiment.json` written. */
export interface OpenedRun {
  /** Tells this run folder from any other. */
  readonly id: string;
  readonly experiment: Experiment;
  readonly prepared: Prepared;
  /** Those known to be needed when it was opened. */
  readonly trials: readonly TrialConfig[];
  /** Those of results that were given, which are put into the folder as they are asked for. */
  readonly earlier?: EarlierTrials;
  /** How those of them that are over ended; what ends later is added. */
  readonly ends: Standing['ends'];
  /** What later trials depend on. */
  readonly surroundings: Surroundings;
  /** An absolute path. */
  readonly outDirectory: string;
  readonly cacheDirectory: string;
  checkpointOf(trial: TrialConfig): CheckpointPlan;
  /** Notes in `experiment.json` how many trials are known to be needed by now. A full disk, say, only leaves the old number there. */
  noteTrials(count: number): Promise<void>;
}

export interface OpenOptions {
  readonly outDirectory: string;
  /** A tfjs backend or `auto`. */
  readonly backend: BackendChoice;
  readonly display: Display;
  /** Whose trials are taken instead of being trained. */
  readonly earlier?: EarlierResults;
  /** Trains everything where no trial of these results can be taken, and says why, instead of refusing to. */
  readonly trainUnlike?: boolean;
  /** Aborting it asks for an end in order, as Ctrl-C does. */
  readonly signal?: AbortSignal;
}

/** What a person or the system asks of a run at work. */
export interface Requests {
  /** The first Ctrl-C or signal of the system, whose name is the reason: end in order. */
  readonly stop: AbortSignal;
  /** Any later one: end at once. */
  readonly leave: AbortSignal;
}

/**
 * Makes a run folder ready, keeps other runs out of it, and does something with it while listening for Ctrl-C.
 * @returns what `body` returns; undefined when it was stopped before the folder was ready
 * @throws RunError when the folder cannot be used or the preparation fails
 */
export async function withOpenRun<T>(
  experiment: Experiment,
  options: OpenOptions,
  body: (run: OpenedRun, requests: Requests) => Promise<T>,
): Promise<T | undefined> {
  const outDirectory = resolve(options.outDirectory);
  try {
    await mkdir(outDirectory, { recursive: true });
  } catch (error) {
    throw new RunError(`cannot create ${options.outDirectory}: ${(error as Error).message}`);
  }
  const unlock = await lockFolder(outDirectory);
  const [stop, leave] = [new AbortController(), new AbortController()];
  const stopToo = () => stop.abort();
  options.signal?.addEventListener('abort', stopToo);
  if (options.signal?.aborted === true) stopToo();
  const unlisten = listenForInterruption(
    (signal) => stop.abort(signal),
    () => leave.abort(),
  );
  try {
    if (stop.signal.aborted) return undefined;
    const run = await open(experiment, { ...options, outDirectory }, stop.signal);
    return run === undefined ? undefined : await body(run, { stop: stop.signal, leave: leave.signal });
  } finally {
    unlisten();
    options.signal?.removeEventListener('abort', stopToo);
    options.display.close();
    await unlock();
  }
}

async function open(
  experiment: Experiment,
  { outDirectory, backend, display, earlier: results, trainUnlike = false }: OpenOptions,
  stop: AbortSignal,
): Promise<OpenedRun | undefined> {
  const cacheDirectory = join(outDirectory, 'cache');
  const preparation = startPreparation(
    experiment,
    { backend, cacheDirectory },
    {
      onStatus: (text) => display.phase(text),
      onWarning: (text) => display.line(text),
    },
  );
  stop.addEventListener('abort', () => preparation.worker.stop());
  const prepared = await preparation.prepared.catch((error: unknown) => {
    if (stop.aborted) return undefined;
    throw error;
  });
  if (prepared === undefined) return undefined;
  const surroundings = surroundingsOf(prepared);
  const earlier = results && new EarlierTrials(outDirectory, results, prepared.baselines);
  const before = await standingIn(outDirectory, experiment, surroundings);
  refuseTooLarge(before.trials, prepared);
  await refuseChangedSettings(outDirectory, before.trials);
  // Only then is anything put into the folder.
  const { trials, ends } =
    earlier === undefined ? before : await standingIn(outDirectory, experiment, surroundings, earlier);
  if (earlier !== undefined && ends.size === 0 && !trainUnlike) refuseUnlike(earlier);
  const record = join(outDirectory, 'experiment.json');
  const id = (await readRunId(record)) ?? randomUUID();
  const write = (count: number) =>
    writeJson(record, sealed(describeExperiment(id, experiment, prepared, count)));
  await write(trials.length);
  let written: Promise<unknown> = Promise.resolve();
  return {
    id,
    experiment,
    prepared,
    trials,
    ...(earlier === undefined ? {} : { earlier }),
    surroundings: { ...surroundings, endOf: (trial) => ends.get(trial) },
    ends,
    outDirectory,
    cacheDirectory,
    checkpointOf: ({ budget }) => ({
      every: experiment.checkpoint.every ?? Math.max(1, Math.ceil(budget.steps / 10)),
      keep: experiment.checkpoint.keep,
    }),
    noteTrials: async (count) => {
      written = written
        .then(() => write(count))
        .catch((error: Error) => display.line(`note: the number of trials is not written: ${error.message}`));
      await written;
    },
  };
}

/** Whoever gives results to take trials from, and gets none, wants to know why. */
function refuseUnlike({ results, unlike: [first] }: EarlierTrials): void {
  throw new RunError(
    first === undefined
      ? `${results.name} has no trial of this experiment that is over`
      : [
          `no trial of this experiment can be taken from ${results.name}, where they were not trained as they would be here. ${first.trial}:`,
          ...first.differences.map((difference) => `  ${difference}`),
        ].join('\n'),
  );
}

function surroundingsOf({
  backend,
  versions,
  textHash,
  vocabularySize,
}: Prepared): Pick<Surroundings, 'environment' | 'fits'> {
  const limit = memoryLimit(backend.name);
  return {
    environment: { backend: backend.name, versions, textHash },
    fits: (trial) => limit === undefined || memoryProblem(trial, vocabularySize, limit) === undefined,
  };
}

/** What fits no machine on this backend is refused before any trial; each trial looks at its own machine besides. */
function refuseTooLarge(trials: readonly TrialConfig[], { backend, vocabularySize }: Prepared): void {
  const limit = memoryLimit(backend.name);
  if (limit === undefined) return;
  const problems = trials.flatMap((trial) => {
    const problem = memoryProblem(trial, vocabularySize, limit);
    return problem === undefined ? [] : [`${trial.trial}: ${problem}`];
  });
  if (problems.length === 0) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more trials)` : '';
  throw new RunError(`${problems[0]}${more}`);
}

/** The identity that `experiment.json` gives its folder; undefined without one. */
export async function readRunId(record: string): Promise<string | undefined> {
  try {
    const { run } = JSON.parse(await readFile(record, 'utf8')) as { run?: unknown };
    return typeof run === 'string' ? run : undefined;
  } catch {
    return undefined;
  }
}

function describeExperiment(
  run: string,
  experiment: Experiment,
  { backend, baselines }: Prepared,
  trials: number,
): object {
  const { optimizers, ...rest } = experiment;
  return {
    schemaVersion: 1,
    run,
    ...rest,
    optimizers: Object.entries(optimizers).map(([name, entry]) => ({ name, title: entryTitle(name, entry) })),
    // Tuning tries only a part of the grid.
    ...(experiment.tune === undefined ? { trials } : {}),
    ...(isKnownBeforehand(experiment) ? {} : { trialsFollow: true }),
    backend,
    baselines,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      node: process.versions.node,
    },
  };
}
