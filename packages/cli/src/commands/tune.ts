import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readExperiment, type TuneOutcome, tuneExperiment, tuningPage } from '@steepest/experiments';
import { UsageError } from '../frame.ts';
import { formatTuning } from '../terminal/tuning-table.ts';
import { reportRun } from './report.ts';
import { executionOf, experimentFile, type RunFlags, runFolder, sayPlanned, withSeed } from './run.ts';

/** Flags of `tune` besides those of every command that trains. */
export interface TuneFlags extends RunFlags {
  /** Settings to try for each optimizer. */
  readonly trials?: number;
  /** Nats above the best trial at the same step from which on a trial is given up. */
  readonly stopHopeless?: number;
}

/** Tunes the optimizers of an experiment given by file or bundled name, then writes and shows what came out. */
export async function tuneFile(
  experiment: string,
  { out, backend, parallel, threads, queue, seed, scale, trials, stopHopeless, dryRun = false }: TuneFlags,
): Promise<TuneOutcome> {
  const read = await readExperiment(await experimentFile(experiment), scale);
  const granted = trials ?? read.tune?.trials;
  if (granted === undefined) {
    throw new UsageError(
      `${experiment} does not say how many settings each optimizer may try: give --trials, or tune.trials in the file`,
    );
  }
  const outDirectory = out ?? runFolder(read.name, scale);
  const tuned = {
    ...withSeed(read, seed),
    tune: {
      ...read.tune,
      trials: granted,
      ...(stopHopeless === undefined ? {} : { stopHopeless: { margin: stopHopeless, after: 0.2 } }),
    },
  };
  if (dryRun) {
    await sayPlanned(tuned, backend);
    return { failed: [], interrupted: false };
  }
  const outcome = await tuneExperiment(tuned, {
    ...executionOf(outDirectory, { backend, parallel, threads, queue }),
  });
  if (outcome.tuning === undefined) {
    console.log(
      `${outcome.workersGoOn ? 'The workers continue' : 'Stopped'}. What ended is kept in ${outDirectory}; the same command continues from there (--out ${outDirectory}).`,
    );
    return outcome;
  }
  await writeFile(join(outDirectory, 'tuning.md'), tuningPage(outcome.tuning));
  await reportRun(outDirectory, {});
  console.log(`\n${formatTuning(outcome.tuning)}\n`);
  console.log(`Tuning   ${join(outDirectory, 'tune.json')}, ${join(outDirectory, 'tuning.md')}`);
  return outcome;
}
