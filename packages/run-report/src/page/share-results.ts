import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type WrittenFigures, writeFigures } from '../figures/figures.ts';
import { downsampled } from '../results/downsampled.ts';
import type { Results } from '../results/results.ts';
import { bestTrials } from '../statistics/selection.ts';
import { writeNumbers } from './write-report.ts';

/** Points that are kept of the training curves and layers of best settings, and of the others; run files keep all. */
const pointsKept = { best: 50, other: 10 };

/** Charts that answer a question, by their names. */
const isShared = (name: string) => /^(final-loss|sensitivity-(?!.*-aligned$).+|layers-.+)$/.test(name);

/**
 * Writes what a repository keeps of results into a folder of their own: their numbers, from which {@link writePage} makes the report
 * again, and the figures that answer a question.
 * @returns what was drawn of them
 * @throws when the folder cannot be written; the message names it.
 */
export async function shareResults(folder: string, results: Results): Promise<WrittenFigures> {
  const shared = withFewerPoints(results);
  await writeNumbers(folder, shared);
  const written = await writeFigures(folder, shared, isShared);
  await removeEarlier(written.folder, written.figures);
  return written;
}

/** Removes charts of an earlier share that these results do not have, such as of a hyperparameter that is no longer swept. */
async function removeEarlier(folder: string, figures: readonly string[]): Promise<void> {
  for (const file of await readdir(folder)) {
    const [, name] = /^(.+)\.(?:svg|png)$/.exec(file) ?? [];
    if (name !== undefined && isShared(name) && !figures.includes(name)) await rm(join(folder, file));
  }
}

function withFewerPoints(results: Results): Results {
  const best = new Set(
    results.optimizers.flatMap(({ name }) => bestTrials(results.trials, name).map(({ id }) => id)),
  );
  const trials = results.trials.map(({ layers, ...trial }) => {
    const most = best.has(trial.id) ? pointsKept.best : pointsKept.other;
    return {
      ...trial,
      curve: { ...trial.curve, train: downsampled(trial.curve.train, most) },
      ...(layers === undefined
        ? {}
        : {
            layers: Object.fromEntries(
              Object.entries(layers).map(([role, points]) => [role, downsampled(points, most)]),
            ),
          }),
    };
  });
  return { ...results, trials };
}
