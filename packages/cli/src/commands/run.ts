import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BackendName, usableCores } from '@steepest/backend';
import {
  type BackendChoice,
  describeCost,
  type EarlierResults,
  type Experiment,
  formatLong,
  isTaken,
  nearestKey,
  plannedTrials,
  type RunOutcome,
  readExperiment,
  runExperiment,
  type Scale,
  trialsOf,
} from '@steepest/experiments';
import { RunError } from '@steepest/run-files';
import { earlierResults, loadResults, serveLive } from '@steepest/run-report';
import { bundledExperiments } from '../bundled-experiments.ts';
import { programName, UsageError } from '../frame.ts';
import { mountedCommands } from '../mounted-commands.ts';
import { createDisplay } from '../terminal/display.ts';
import { reportRun } from './report.ts';

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
  /** Says what the run would take instead of running. */
  readonly dryRun?: boolean;
  /** Folders of results whose trials are taken instead of being trained again. */
  readonly from?: readonly string[];
  /** Address of a Redis server whose workers run the trials. */
  readonly queue?: string;
}

type ExecutionFlags = Pick<RunFlags, 'backend'> & {
  readonly [Flag in 'parallel' | 'threads' | 'queue']: RunFlags[Flag] | undefined;
};

/**
 * Says what an experiment would take, and trains nothing.
 *
 * @throws RunError naming a file of its data that is not there
 */
export async function sayPlanned(
  experiment: Experiment,
  backend: BackendChoice,
  earlier?: EarlierResults,
): Promise<void> {
  for (const path of pathsOf(experiment.data)) {
    if (!existsSync(path)) throw new RunError(`${path}: there is no such file or folder of data`);
  }
  const { trials, seconds } = plannedTrials(experiment);
  const more = experiment.extend === true ? ', and what its lists gain where the best is at an end' : '';
  const count = trials === 1 ? '1 trial' : `${trials} trials`;
  console.log(
    `${experiment.name}: ${count}, about ${formatLong(seconds)} on the ${usableCores()} cores of this machine with the wasm backend${more}`,
  );
  if (earlier !== undefined) console.log(takenNote(experiment, earlier, backend));
  for (const line of describeCost(experiment, backend)) console.log(line);
  console.log('Nothing was trained: this was a dry run.');
}

/** How many trials of the grid need not be trained, if the text is the same. */
function takenNote(experiment: Experiment, earlier: EarlierResults, choice: BackendChoice): string {
  const backend = choice === 'auto' ? ((earlier.backend ?? 'wasm') as BackendName) : choice;
  const flag = choice === 'auto' ? ` (--backend ${backend})` : '';
  const taken = trialsOf(experiment, { backend, versions: {} }).filter((config) =>
    isTaken(earlier.trial(config)),
  );
  return `On the ${backend} backend${flag} and the same text, ${taken.length} of them are taken from ${earlier.name}`;
}

function pathsOf(data: Experiment['data']): string[] {
  if (!('tokenizer' in data)) return [data.source.prepared];
  const { source, tokenizer } = data;
  const texts = source === 'embedded' ? [] : [source.train, source.validation ?? []].flat();
  return tokenizer === 'embedded' ? texts : [...texts, tokenizer];
}

const commandNames = [
  'run',
  'tune',
  'study',
  'report',
  'compare',
  'watch',
  'work',
  'plan',
  'list',
  ...Object.keys(mountedCommands),
];

/** How flags of a command that trains say to execute an experiment. */
export function executionOf(
  outDirectory: string,
  { backend, parallel, threads, queue }: ExecutionFlags,
): Parameters<typeof runExperiment>[1] {
  return {
    outDirectory,
    backend,
    ...(parallel === undefined ? {} : { parallel }),
    ...(threads === undefined ? {} : { threads }),
    ...(queue === undefined ? {} : { queue }),
    display: createDisplay(process.stdout),
  };
}

/** Where the runs of an experiment go that is not told: those at another scale than the file's have a folder of their own. */
export function runFolder(name: string, scale: Scale | undefined): string {
  return join('runs', scale === undefined ? name : `${name}-${scale}`);
}

/** Runs an experiment given by file or bundled name, then writes and shows its report. */
export async function runFile(
  experiment: string,
  { out, backend, parallel, threads, seed, scale, live = false, from, queue, dryRun = false }: RunFlags,
): Promise<RunOutcome> {
  const read = await readSweep(experiment, scale);
  const chosen = withSeed(read, seed);
  const outDirectory = out ?? runFolder(read.name, scale);
  const earlier = from && earlierResults(from.join(', '), await Promise.all(from.map(loadResults)));
  if (dryRun) {
    await sayPlanned(chosen, backend, earlier);
    return { failed: [], interrupted: false };
  }
  const server = live ? await serveLive(outDirectory) : undefined;
  if (server) console.log(`Live     ${server.url}`);
  const outcome = await runExperiment(chosen, {
    ...executionOf(outDirectory, { backend, parallel, threads, queue }),
    ...(earlier === undefined ? {} : { earlier }),
  }).finally(() => server?.close());
  if (outcome.interrupted) {
    const state = outcome.workersGoOn
      ? 'The workers continue; to follow them again'
      : `Stopped. What finished is kept in ${outDirectory}; to continue`;
    const flags = `${seed === undefined ? '' : ` --seed ${seed}`}${scale === undefined ? '' : ` --scale ${scale}`}${from === undefined ? '' : ` --from ${from.join(' ')}`}${queue === undefined ? '' : ' --queue …'}`;
    console.log(`${state}:\n  ${programName()} run ${experiment} --out ${outDirectory}${flags}`);
    return outcome;
  }
  await reportRun(outDirectory);
  for (const { trial, reason } of outcome.failed) {
    console.error(`${trial} failed${reason === undefined ? '' : `: ${reason}`}`);
  }
  return outcome;
}

/** The experiment with one seed for everything, where one is given. */
export function withSeed({ confirm, ...experiment }: Experiment, seed: number | undefined): Experiment {
  return seed === undefined ? { ...experiment, confirm } : { ...experiment, seeds: [seed] };
}

/**
 * Reads an experiment that trains whole grids, given by file or bundled name.
 * @throws UsageError for one to tune, which searches them
 */
export async function readSweep(experiment: string, scale: Scale | undefined): Promise<Experiment> {
  const read = await readExperiment(await experimentFile(experiment), scale);
  if (read.tune !== undefined) {
    throw new UsageError(
      `${experiment} is an experiment to tune, not to run over its whole grid: ${programName()} tune ${experiment}`,
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
  const nearest = nearestKey(experiment, [...commandNames, ...names]);
  const suggestion = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw new UsageError(
    `no command or experiment is called "${experiment}".${suggestion} Experiments: ${names.join(', ')}; a file ends in .yaml.`,
  );
}
