import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestKey, type RunOutcome, readExperiment, runExperiment } from '@steepest/experiments';
import { claimsPage, type StudyResults, studyExperiments } from '@steepest/lm-comparison';
import { collectResults, loadResults, shareResults } from '@steepest/run-report';
import { bundledExperiments, isSource } from '../bundled-experiments.ts';
import { UsageError } from '../frame.ts';
import { executionOf, type RunFlags, withSeed } from './run.ts';

/** Flags of `study` besides those of every command that trains. */
export interface StudyFlags extends RunFlags {
  /** Where results and the page go. */
  readonly results?: string;
  /** Experiments of the study to run, by name. */
  readonly only?: readonly string[];
  /** Time after which trials stop with a checkpoint; the same command resumes from there. */
  readonly hours?: number;
}

/** Beside the experiments of the repository; outside of it, beside the runs. */
const besideExperiments = isSource
  ? fileURLToPath(new URL('../../../../benchmarks/lm-comparison/results/', import.meta.url))
  : join('runs', 'study', 'results');

/** Runs the study's experiments one after the other, and writes results, reports and the page of claims. */
export async function runStudy({
  out = join('runs', 'study'),
  results: resultsFolder = besideExperiments,
  only = studyExperiments,
  hours = Number.POSITIVE_INFINITY,
  backend,
  parallel,
  threads,
  queue,
  seed,
  scale,
}: StudyFlags): Promise<RunOutcome> {
  const unknown = only.find((name) => !studyExperiments.includes(name));
  if (unknown !== undefined) {
    const nearest = nearestKey(unknown, studyExperiments);
    throw new UsageError(
      `the study has no experiment "${unknown}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} It has ${studyExperiments.join(', ')}.`,
    );
  }
  const files = await bundledExperiments();
  const timeUp = new AbortController();
  // A longer time than a timer can count is no limit.
  const limit = hours * 3_600_000;
  const timer = limit < 2 ** 31 ? setTimeout(() => timeUp.abort(), limit) : undefined;
  const failed: RunOutcome['failed'][number][] = [];
  let interrupted = false;
  try {
    for (const name of only) {
      if (timeUp.signal.aborted) {
        interrupted = true;
        break;
      }
      const read = await readExperiment(files.get(name)!, scale);
      const experiment = withSeed(read, seed);
      const outDirectory = join(out, name);
      const outcome = await runExperiment(experiment, {
        ...executionOf(outDirectory, { backend, parallel, threads, queue }),
        signal: timeUp.signal,
      });
      failed.push(...outcome.failed);
      interrupted = outcome.interrupted;
      // Half of an experiment says nothing that its other half could not turn round.
      if (interrupted) break;
      const folder = join(resultsFolder, name);
      await shareResults(folder, await collectResults(outDirectory));
      console.log(`Results  ${folder}`);
    }
  } finally {
    clearTimeout(timer);
  }
  await writePage(resultsFolder);
  if (interrupted) {
    console.log(
      `${timeUp.signal.aborted ? 'The time is up' : 'Stopped'}; the same command continues from ${out}.`,
    );
  }
  return { failed, interrupted };
}

/** Writes the page of claims from the results that a folder holds; none without any. */
async function writePage(folder: string): Promise<void> {
  const found = new Map<string, StudyResults>();
  for (const name of studyExperiments) {
    const results = await loadResults(join(folder, name)).catch(() => undefined);
    if (results !== undefined) found.set(name, results);
  }
  if (found.size === 0) return;
  const page = join(folder, 'README.md');
  await writeFile(page, claimsPage(found));
  console.log(`Claims   ${page}`);
}
