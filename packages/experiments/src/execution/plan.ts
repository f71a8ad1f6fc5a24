import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defaultLeaseSeconds, openSealedJson, RunError, sealed, writeJson } from '@steepest/run-files';
import { trialConfigProblem } from '../definition/config-problem.ts';
import type { Experiment } from '../definition/schema.ts';
import type { TrialConfig } from '../definition/trials.ts';
import type { CheckpointPlan } from '../training/messages.ts';
import { type CodeVersion, codeDifferences, readCodeVersion } from './code-version.ts';
import type { Display } from './display.ts';
import { listenForInterruption } from './interruption.ts';
import { type OpenOptions, withOpenRun } from './open-run.ts';
import { runTrialProcess } from './run-in-process.ts';
import { RunView, type TrialEnd } from './run-view.ts';
import type { Worker } from './worker.ts';

/** The numbered trials of an experiment, for a batch system that starts each by its number, from 0. */
interface Plan {
  readonly schemaVersion: 1;
  readonly code: CodeVersion;
  readonly trials: readonly { readonly checkpoint: CheckpointPlan; readonly config: TrialConfig }[];
}

/** How one trial of a plan is run. */
export interface PlannedTrialOptions {
  /** Threads of the trial. On wasm their number changes no result. */
  readonly threads: number;
  readonly display: Display;
  /**
   * Seconds to wait for another process that is training it, such as that of a job that was killed and queued again, before it
   * fails. By default a little longer than a lease: a process on another machine counts as dead when it was silent for so long.
   */
  readonly patienceSeconds?: number;
}

/**
 * Makes a run folder ready and writes the numbered list of its trials, `plan.json`.
 * @returns the trials in order; undefined when it was stopped
 * @throws RunError when the folder cannot be used or the preparation fails
 */
export function writePlan(
  experiment: Experiment,
  options: OpenOptions,
): Promise<readonly TrialConfig[] | undefined> {
  return withOpenRun(experiment, options, async ({ outDirectory, trials, checkpointOf }) => {
    const plan: Plan = {
      schemaVersion: 1,
      code: await readCodeVersion(),
      trials: trials.map((config) => ({ checkpoint: checkpointOf(config), config })),
    };
    await writeJson(join(outDirectory, 'plan.json'), sealed(plan));
    return trials;
  });
}

/**
 * Runs one trial of a plan, from its checkpoint when there is one, in a process of its own as everywhere, so that its
 * numbers are the same. SIGTERM, which batch systems send before they end a job, and Ctrl-C stop it with a checkpoint.
 * @throws RunError when there is no such trial, or the plan was made by other code
 */
export async function runPlannedTrial(
  index: number,
  folder: string,
  { threads, display, patienceSeconds = defaultLeaseSeconds + 10 }: PlannedTrialOptions,
): Promise<TrialEnd> {
  const outDirectory = resolve(folder);
  const { config, checkpoint } = await plannedTrial(index, outDirectory);
  const { trial, budget } = config;
  const place = {
    outDirectory,
    cacheDirectory: join(outDirectory, 'cache'),
    checkpoint,
    threads: { now: threads, most: threads },
    patienceSeconds,
  };
  let worker: Worker | undefined;
  let stopped = false;
  const unlisten = listenForInterruption(
    () => {
      stopped = true;
      worker?.stop();
    },
    () => worker?.kill(),
  );
  const view = new RunView([trial], 0, budget.steps);
  view.start(trial);
  display.show(view);
  try {
    const end = await runTrialProcess(config, place, {
      onWorker: (started) => {
        worker = started;
        if (stopped) started.stop();
      },
      onStatus: (text) => view.status(trial, text),
      onWarning: (text) => display.line(text),
      onProgress: (progress) => view.progress(trial, progress),
    });
    view.end(end);
    display.ended(end);
    return end;
  } finally {
    unlisten();
    display.close();
  }
}

async function plannedTrial(index: number, outDirectory: string): Promise<Plan['trials'][number]> {
  const file = join(outDirectory, 'plan.json');
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new RunError(`cannot read ${file}: ${error.message}; make it with the command  plan`);
  });
  const { code, trials } = planOf(text, file);
  const differences = codeDifferences(await readCodeVersion(), code);
  if (differences.length > 0) {
    throw new RunError(
      [
        `${file} was made by other code than this; use the same commit, or plan again:`,
        ...differences.map((difference) => `  ${difference}`),
      ].join('\n'),
    );
  }
  const found = trials[index];
  if (found === undefined) {
    throw new RunError(`${file} has no trial ${index}: its trials are 0 to ${trials.length - 1}`);
  }
  const wrong = trialConfigProblem(found.config);
  if (wrong !== undefined) throw new RunError(`${file}: trial ${index}: ${wrong}; plan again`);
  return found;
}

/** A trial that is trained as a damaged plan says would stand under the name of another. */
function planOf(text: string, file: string): Plan {
  const again = 'make it again with the command  plan';
  let plan: Partial<Plan>;
  try {
    plan = openSealedJson(text, file) as Partial<Plan>;
  } catch (cause) {
    throw new RunError(`${(cause as Error).message}; ${again}`, { cause });
  }
  if (plan.schemaVersion === 1 && Array.isArray(plan.trials) && typeof plan.code === 'object') {
    return plan as Plan;
  }
  throw new RunError(`${file} is not a plan; ${again}`);
}
