import { basename, join } from 'node:path';
import {
  type BackendChoice,
  type Experiment,
  nearestKey,
  type RunOutcome,
  readExperiment,
  runExperiment,
  type Scale,
} from '@steepest/experiments';
import { serveLive } from '@steepest/run-report';
import { bundledExperiments } from './bundled-experiments.ts';
import { createDisplay } from './progress/display.ts';
import { reportRun } from './report-commands.ts';

/** A command line that asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Flags of a command that trains. */
export interface RunFlags {
  readonly out?: string;
  readonly backend: BackendChoice;
  readonly parallel?: number;
  /** Threads of each trial; a share of the cores by default. */
  readonly threads?: number;
  readonly seed?: number;
  readonly scale?: Scale;
  readonly live?: boolean;
  /** Address of a Redis server whose workers run the trials. */
  readonly queue?: string;
}

/** Where the runs of an experiment go that is not told: those at another scale than the file's have a folder of their own. */
export function runFolder(name: string, scale: Scale | undefined): string {
  return join('runs', scale === undefined ? name : `${name}-${scale}`);
}

/** Runs an experiment given by file or bundled name, then writes and shows its report. */
export async function runFile(
  experiment: string,
  { out, backend, parallel, threads, seed, scale, live = false, queue }: RunFlags,
): Promise<RunOutcome> {
  const read = await readSweep(experiment, scale);
  const chosen = seed === undefined ? read : { ...read, seeds: [seed] };
  const outDirectory = out ?? runFolder(read.name, scale);
  const server = live ? await serveLive(outDirectory) : undefined;
  if (server) console.log(`Live     ${server.url}`);
  const outcome = await runExperiment(chosen, {
    outDirectory,
    backend,
    ...(parallel === undefined ? {} : { parallel }),
    ...(threads === undefined ? {} : { threads }),
    ...(queue === undefined ? {} : { queue }),
    display: createDisplay(process.stdout),
  }).finally(() => server?.close());
  if (outcome.interrupted) {
    const state = outcome.workersGoOn
      ? 'The workers go on; to follow them again'
      : `Stopped. What finished is kept in ${outDirectory}; to continue`;
    const flags = `${seed === undefined ? '' : ` --seed ${seed}`}${scale === undefined ? '' : ` --scale ${scale}`}${queue === undefined ? '' : ' --queue …'}`;
    console.log(`${state}:\n  npm run bench -- run ${experiment} --out ${outDirectory}${flags}`);
    return outcome;
  }
  await reportRun(outDirectory);
  for (const { trial, reason } of outcome.failed) {
    console.error(`${trial} failed${reason === undefined ? '' : `: ${reason}`}`);
  }
  return outcome;
}

/**
 * Reads an experiment whose trials are known beforehand, given by file or bundled name.
 * @throws UsageError for one to tune, whose later trials depend on the earlier ones
 */
export async function readSweep(experiment: string, scale: Scale | undefined): Promise<Experiment> {
  const read = await readExperiment(await experimentFile(experiment), scale);
  if (read.tune !== undefined) {
    throw new UsageError(
      `${experiment} is an experiment to tune, not to run over its whole grid: npm run bench -- tune ${experiment}`,
    );
  }
  return read;
}

/** The file of an experiment; a bare word is the name of a bundled one. */
export async function experimentFile(experiment: string): Promise<string> {
  const bundled = await bundledExperiments();
  const found = bundled.get(experiment);
  if (found !== undefined) return found;
  if (basename(experiment) !== experiment || /\.ya?ml$/i.test(experiment)) return experiment;
  const names = [...bundled.keys()];
  const nearest = nearestKey(experiment, [
    'run',
    'tune',
    'study',
    'report',
    'compare',
    'watch',
    'work',
    'plan',
    'list',
    ...names,
  ]);
  const suggestion = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw new UsageError(
    `no command or experiment is called "${experiment}".${suggestion} Experiments: ${names.join(', ')}; a file ends in .yaml.`,
  );
}
