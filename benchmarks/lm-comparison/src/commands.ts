import { access } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { bundledExperiments, nearestKey, readExperiment, trialsOf } from './experiment/index.ts';
import type { BackendChoice } from './messages.ts';
import { createDisplay } from './progress/index.ts';
import { collectResults, formatTable, writeReport } from './report/index.ts';
import { RunError, type RunOutcome, runExperiment } from './runner/index.ts';

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
  }: { out?: string; backend: BackendChoice; parallel?: number; seed?: number },
): Promise<RunOutcome> {
  const file = await experimentFile(experiment);
  const read = await readExperiment(file);
  const chosen = seed === undefined ? read : { ...read, seeds: [seed] };
  const outDirectory = out ?? join('runs', read.name);
  const outcome = await runExperiment(chosen, {
    outDirectory,
    backend,
    ...(parallel === undefined ? {} : { parallel }),
    display: createDisplay(process.stdout),
  });
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

/** Collects the run files of a folder into `results.json` and `report.html` and prints the table. */
export async function reportRun(folder: string): Promise<void> {
  try {
    await access(join(folder, 'experiment.json'));
  } catch {
    throw new RunError(
      `${resolve(folder)} is not the folder of a run: it has no experiment.json; give the --out of a run`,
    );
  }
  const results = await collectResults(folder);
  const { html, json } = await writeReport(folder, results);
  const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  console.log(`\n${formatTable(results, { color })}\n`);
  console.log(`Report   ${html}\nNumbers  ${json}`);
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
  const nearest = nearestKey(experiment, ['run', 'report', 'list', ...names]);
  const suggestion = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw new UsageError(
    `no command or experiment is called "${experiment}".${suggestion} Experiments: ${names.join(', ')}; a file ends in .yaml.`,
  );
}
