import { writeFigures } from '../figures/figures.ts';
import { thinned } from '../results/downsampled.ts';
import type { Results } from '../results/results.ts';
import { bestTrials } from '../statistics/selection.ts';
import { writeNumbers } from './write-report.ts';

/** Points that are kept of the training curves and layers of best settings, and of the others; run files keep all. */
const pointsKept = { best: 50, other: 10 };

/**
 * Writes what a repository keeps of results into a folder of their own: their numbers, from which {@link writePage} makes the report
 * again, and the figures that answer a question.
 * @returns names of the figures
 * @throws when the folder cannot be written; the message names it.
 */
export async function shareResults(folder: string, results: Results): Promise<readonly string[]> {
  const shared = withFewerPoints(results);
  await writeNumbers(folder, shared);
  const { figures } = await writeFigures(folder, shared, (name) =>
    /^(final-loss|sensitivity-(?!.*-aligned$).+|layers-.+)$/.test(name),
  );
  return figures;
}

function withFewerPoints(results: Results): Results {
  const best = new Set(
    results.optimizers.flatMap(({ name }) => bestTrials(results.trials, name).map(({ id }) => id)),
  );
  const trials = results.trials.map(({ layers, ...trial }) => {
    const most = best.has(trial.id) ? pointsKept.best : pointsKept.other;
    return {
      ...trial,
      curve: { ...trial.curve, train: thinned(trial.curve.train, most) },
      ...(layers === undefined
        ? {}
        : {
            layers: Object.fromEntries(
              Object.entries(layers).map(([role, points]) => [role, thinned(points, most)]),
            ),
          }),
    };
  });
  return { ...results, trials };
}
