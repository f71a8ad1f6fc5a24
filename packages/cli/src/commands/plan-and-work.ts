import { usableCores } from '@steepest/backend';
import {
  describeCost,
  isKnownBeforehand,
  runPlannedTrial,
  type TrialEnd,
  workOnQueue,
  writePlan,
} from '@steepest/experiments';
import { programName, UsageError } from '../frame.ts';
import { createDisplay } from '../terminal/display.ts';
import { type RunFlags, readSweep, runFolder } from './run.ts';

export type PlanFlags = Pick<RunFlags, 'out' | 'backend' | 'scale'>;

export interface WorkFlags {
  readonly queue: string;
  readonly parallel: number;
  readonly threads?: number;
  readonly out?: string;
  readonly lease: number;
}

/**
 * Writes and prints the numbered list of an experiment's trials.
 * @returns false when it was stopped before that
 */
export async function planFile(experiment: string, { out, backend, scale }: PlanFlags): Promise<boolean> {
  const read = await readSweep(experiment, scale);
  const outDirectory = out ?? runFolder(read.name, scale);
  // Before the data is prepared, which takes hours at the study's sizes.
  for (const line of describeCost(read, backend)) console.log(line);
  const trials = await writePlan(read, {
    outDirectory,
    backend,
    display: createDisplay(process.stdout),
  });
  if (trials === undefined) return false;
  const width = String(trials.length - 1).length;
  for (const [index, { trial }] of trials.entries())
    console.log(`${String(index).padStart(width)}  ${trial}`);
  console.log(
    `${trials.length} trials, 0 to ${trials.length - 1}; each runs by itself with\n  ${programName()} run --trial NUMBER --out ${outDirectory}`,
  );
  if (!isKnownBeforehand(read)) {
    console.log(
      'When they are over, plan again: the trials that follow from their losses are added, until there are no more.',
    );
  }
  return true;
}

/** Runs one trial of the plan in a folder, on all cores that it may use by default. */
export async function runTrialOfPlan(
  index: number,
  out: string | undefined,
  threads = usableCores(),
): Promise<TrialEnd> {
  if (out === undefined) throw new UsageError('--trial needs --out, the folder that `plan` wrote');
  return runPlannedTrial(index, out, { threads, display: createDisplay(process.stdout) });
}

/**
 * Takes trials from a queue until it is stopped.
 * @returns false when this worker must not take trials; the reason is printed
 */
export async function workForQueue(options: WorkFlags): Promise<boolean> {
  const end = await workOnQueue({ ...options, say: (text) => console.log(text) });
  if (!end.stopped) console.error(`This worker takes no trials: ${end.refusal}`);
  return end.stopped;
}
