import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '@steepest/backend';
import {
  type Experiment,
  isTaken,
  nearestKey,
  type RunOutcome,
  readExperiment,
  runExperiment,
  trialsOf,
} from '@steepest/experiments';
import { type Published, studyExperiments, studyPage } from '@steepest/lm-comparison';
import { RunError } from '@steepest/run-files';
import {
  collectResults,
  earlierResults,
  isComplete,
  loadResults,
  type Results,
  shareResults,
} from '@steepest/run-report';
import { bundledExperiments, isSource } from '../bundled-experiments.ts';
import { UsageError } from '../frame.ts';
import { sayWithoutPng } from './report.ts';
import { executionOf, type RunFlags, withSeed } from './run.ts';

/** Flags of `study` besides those of every command that trains. */
export interface StudyFlags extends RunFlags {
  /** Where results and the page go. */
  readonly results?: string;
  /** Experiments of the study to run, by name. */
  readonly only?: readonly string[];
  /** Takes the trials that the results have, and trains only the others. */
  readonly continue?: boolean;
  /** Time after which trials stop with a checkpoint; the same command resumes from there. */
  readonly hours?: number;
  /** Runs nothing: writes the page from the results that there are. */
  readonly page?: boolean;
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
  continue: goesOn = false,
  hours = Number.POSITIVE_INFINITY,
  backend,
  parallel,
  threads,
  queue,
  seed,
  scale,
  page = false,
}: StudyFlags): Promise<RunOutcome> {
  if (page) {
    if (!(await writePage(resultsFolder)))
      throw new RunError(`${resolve(resultsFolder)} has no results of the study's experiments`);
    return { failed: [], interrupted: false };
  }
  const unknown = only.find((name) => !studyExperiments.includes(name));
  if (unknown !== undefined) {
    const nearest = nearestKey(unknown, studyExperiments);
    throw new UsageError(
      `the study has no experiment "${unknown}".${nearest === undefined ? '' : ` Did you mean "${nearest}"?`} It has ${studyExperiments.join(', ')}.`,
    );
  }
  const files = await bundledExperiments();
  const published = goesOn ? await publishedIn(resultsFolder) : undefined;
  // Of all experiments: what one calls its default is a value in another's list.
  const earlier = published && earlierResults(resultsFolder, [...published.values()]);
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
      const folder = join(resultsFolder, name);
      const before = published?.get(name);
      if (before !== undefined && hasAllTrials(before, experiment)) {
        console.log(`${name}: all of its trials are in ${folder}`);
        continue;
      }
      const outDirectory = join(out, name);
      const outcome = await runExperiment(experiment, {
        ...executionOf(outDirectory, { backend, parallel, threads, queue }),
        ...(earlier === undefined ? {} : { earlier, trainUnlike: true }),
        signal: timeUp.signal,
      });
      failed.push(...outcome.failed);
      interrupted = outcome.interrupted;
      // Half of an experiment says nothing that its other half could not turn round.
      if (interrupted) break;
      const written = await shareResults(folder, await collectResults(outDirectory));
      console.log(`Results  ${folder}`);
      sayWithoutPng(written);
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

/**
 * The results that are published, by experiment.
 * @throws RunError where there are none
 */
async function publishedIn(folder: string): Promise<ReadonlyMap<string, Results>> {
  const names = await publishedNames(folder);
  if (names.length === 0) throw new RunError(`${resolve(folder)} has no results to continue`);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await loadResults(join(folder, name))] as const)),
  );
}

/** Whether results have all trials of an experiment as it is now, and those that their losses call for. */
function hasAllTrials(results: Results, experiment: Experiment): boolean {
  if (!isComplete(results)) return false;
  const earlier = earlierResults(experiment.name, [results]);
  const backend = (earlier.backend ?? 'wasm') as BackendName;
  return trialsOf(experiment, { backend, versions: {} }).every(({ record: _, ...config }) =>
    isTaken(earlier.trial(config)),
  );
}

async function publishedNames(folder: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return names.filter((name) => existsSync(join(folder, name, 'results.json')));
}

/**
 * Writes the page of results from the numbers and figures that a folder holds; none without any.
 * @returns whether there were any
 * @throws when some of the numbers are damaged or were edited: left out, their experiment would be said not to have been run
 */
async function writePage(folder: string): Promise<boolean> {
  const published = new Map<string, Published>();
  for (const name of await publishedNames(folder)) {
    const results = await loadResults(join(folder, name));
    const files: readonly string[] = await readdir(join(folder, name, 'figures')).catch(() => []);
    const drawn = files.flatMap((file) => (file.endsWith('.svg') ? [file.slice(0, -4)] : [])).sort();
    const figures = drawn.map((figure) => ({ name: figure, hasPng: files.includes(`${figure}.png`) }));
    published.set(name, { results, figures });
  }
  if (published.size === 0) return false;
  const page = join(folder, 'README.md');
  await writeFile(page, studyPage(published));
  console.log(`Page     ${page}`);
  return true;
}
