import { thinned } from '../results/downsampled.ts';
import type { Results } from '../results/results.ts';
import { writeReport } from './write-report.ts';

/** Points of a training curve that are kept in results to be shared; run files keep all. */
const pointsKept = 50;

/**
 * Writes a report and its numbers, small enough for a repository, into a folder of their own.
 * @throws when the folder cannot be written; the message names it.
 */
export async function shareResults(folder: string, results: Results): Promise<void> {
  await writeReport(folder, withFewerPoints(results));
}

function withFewerPoints(results: Results): Results {
  const trials = results.trials.map(({ layers, ...trial }) => ({
    ...trial,
    curve: { ...trial.curve, train: thinned(trial.curve.train, pointsKept) },
    ...(layers === undefined
      ? {}
      : {
          layers: Object.fromEntries(
            Object.entries(layers).map(([role, points]) => [role, thinned(points, pointsKept)]),
          ),
        }),
  }));
  return { ...results, trials };
}
