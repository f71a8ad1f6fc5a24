import { basename, join } from 'node:path';
import { bundledExperiments, nearestKey, readExperiment, trialsOf } from './experiment/index.ts';
import type { BackendChoice } from './messages.ts';
import { createDisplay } from './progress/index.ts';
import { serveLive } from './report/index.ts';
import { reportRun } from './report-commands.ts';
import { type RunOutcome, runExperiment } from './runner/index.ts';

/** A command line that asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Runs an experiment given by file or bundled name, then writes and shows its report. */
export async function runFile(
  experiment: string,
  {
    out,
    backend,
    parallel,
    seed,
    live = false,
  }: { out?: string; backend: BackendChoice; parallel?: number; seed?: number; live?: boolean },
): Promise<RunOutcome> {
  const file = await experimentFile(experiment);
  const read = await readExperiment(file);
  const chosen = seed === undefined ? read : { ...read, seeds: [seed] };
  const outDirectory = out ?? join('runs', read.name);
  const server = live ? await serveLive(outDirectory) : undefined;
  if (server) console.log(`Live     ${server.url}`);
  const outcome = await runExperiment(chosen, {
    outDirectory,
    backend,
    ...(parallel === undefined ? {} : { parallel }),
    display: createDisplay(process.stdout),
  }).finally(() => server?.close());
  if (outcome.interrupted) {
    const flags = seed === undefined ? '' : ` --seed ${seed}`;
    console.log(
      `Stopped. What finished is kept in ${outDirectory}; to continue:\n  npm run bench -- run ${experiment} --out ${outDirectory}${flags}`,
    );
    return outcome;
  }
  await reportRun(outDirectory);
  for (const { trial, reason } of outcome.failed) {
    console.error(`${trial} failed${reason === undefined ? '' : `: ${reason}`}`);
  }
  return outcome;
}

/** Prints the bundled experiments with what they do. */
export async function listExperiments(): Promise<void> {
  for (const [name, file] of await bundledExperiments()) {
    const experiment = await readExperiment(file);
    const trials = trialsOf(experiment, { backend: 'wasm', versions: {} }).length;
    console.log(`${name.padEnd(10)} ${String(trials).padStart(3)} trials  ${experiment.description ?? ''}`);
  }
}

/** The file of an experiment; a bare word is the name of a bundled one. */
async function experimentFile(experiment: string): Promise<string> {
  const bundled = await bundledExperiments();
  const found = bundled.get(experiment);
  if (found !== undefined) return found;
  if (basename(experiment) !== experiment || /\.ya?ml$/i.test(experiment)) return experiment;
  const names = [...bundled.keys()];
  const nearest = nearestKey(experiment, ['run', 'report', 'compare', 'watch', 'list', ...names]);
  const suggestion = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw new UsageError(
    `no command or experiment is called "${experiment}".${suggestion} Experiments: ${names.join(', ')}; a file ends in .yaml.`,
  );
}
