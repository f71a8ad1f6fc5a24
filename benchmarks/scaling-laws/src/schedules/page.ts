import { numberTable } from '../number-table.ts';
import { clearness, formatSeedDifference } from '../seed-difference.ts';
import type { SuggestionOutcome } from './outcome.ts';
import type { RankingResult } from './ranking.ts';
import type { SweepRun } from './schedule-runs.ts';
import type { ExpectedRun, ScheduleSuggestion } from './suggestion.ts';

/** How the predictors did on one way of holding runs out. */
export function rankingTable({ held, runs, diverged, scores }: RankingResult): string {
  const head = [`held out: ${held}`, 'best among first two of 6', 'F1 of divergence', 'error of the loss'];
  const rows = scores.map(({ predictor, topTwo, f1, lossError }) => [
    predictor,
    `${(100 * topTwo).toFixed(0)} %`,
    f1.toFixed(2),
    `${(100 * lossError).toFixed(1)} %`,
  ]);
  return `${numberTable(head, rows)}\n\n${runs} runs, of which ${diverged} diverged.`;
}

/** What the law says before the runs that decide. */
export function suggestionLines({
  suggested,
  cosine,
  sweptCosine,
  goodness,
  heldOut,
  warnings,
}: ScheduleSuggestion): string {
  return [
    `The multi-power law, fitted with an R2 of ${goodness.r2.toFixed(4)} and a mean error of ${goodness.meanAbsoluteError.toFixed(3)} nats, predicts the final loss of each`,
    `of the ${heldOut.points} runs from the others to ${heldOut.meanAbsoluteError.toFixed(3)} nats. It expects ${suggested.expectedLoss.toFixed(3)} of its suggestion (${shape(suggested)}),`,
    `${cosine.expectedLoss.toFixed(3)} of the best cosine by its own account (${shape(cosine)}), and ${sweptCosine.expectedLoss.toFixed(3)} of the best cosine among the runs`,
    `(\`${sweptCosine.name}\`).`,
    ...warnings.map((warning) => `It warns: ${warning}.`),
  ].join('\n');
}

/** The schedules trained with the same seeds. */
export function outcomeTable({ schedules, seeds }: SuggestionOutcome): string {
  return numberTable(
    [
      'schedule',
      'expected',
      ...seeds.map((seed) => `seed ${seed}`),
      'mean',
      'behind the suggestion',
      'seeds lost',
    ],
    schedules.map(({ schedule, expectedLoss, losses, mean, beaten, ...difference }) => [
      schedule,
      expectedLoss.toFixed(3),
      ...losses.map((loss) => loss.toFixed(3)),
      mean.toFixed(3),
      schedule === 'suggested' ? '' : formatSeedDifference(difference, 3),
      schedule === 'suggested' ? '' : `${beaten} of ${seeds.length}`,
    ]),
  );
}

/** The page of the experiment, in Markdown. */
export function schedulesPage(
  runs: readonly SweepRun[],
  ranking: readonly RankingResult[],
  suggestion: ScheduleSuggestion,
  outcome: SuggestionOutcome,
): string {
  const { made, steps } = suggestion;
  return `# Schedules predicted, and one suggested

Written by \`npm run bench -w benchmarks/scaling-laws -- schedules\`, from the ${runs.length} runs of \`src/schedules/sweep.yaml\` and those of \`curves.yaml\`.

## Ranking schedules and predicting divergence

The convergence-escape law, in the spirit of Opt-Laws ([arXiv 2409.04777](https://arxiv.org/abs/2409.04777)) with features of its own, beside predictors that know only
the sum of the rates, or the peak. Choices of 6 are drawn among the held-out runs; a hit is a choice whose best schedule is
among the two that were ranked first. The loss is that of runs that converged.

${ranking.map(rankingTable).join('\n\n')}

## A suggested schedule against cosines

The multi-power law ([arXiv 2503.12811](https://arxiv.org/abs/2503.12811)) is fitted on the runs of \`src/schedules/curves.yaml\` that have the best peak.
${suggestionLines(suggestion)}

Suggested on ${made.slice(0, 10)} at ${made.slice(11, 16)} UTC; then compared with the cosines for ${steps} steps each, with seeds that the law has not seen. Runs of
one seed share their weights and the order of their data. Final validation losses:

${outcomeTable(outcome)}

${verdict(outcome)}
`;
}

/** One sentence a cosine that states the outcome as it is. */
function verdict({ schedules, seeds }: SuggestionOutcome): string {
  return schedules
    .filter(({ schedule }) => schedule !== 'suggested')
    .map(({ schedule, beaten, ...difference }) => {
      const { behind } = difference;
      const result = behind > 0 ? 'ends above the suggestion' : 'ends below the suggestion';
      return `${schedule} ${result}, by ${Math.abs(behind).toFixed(3)} nats (${clearness(difference)}), and loses at ${beaten} of ${seeds.length} seeds.`;
    })
    .join('\n');
}

/** The peak, how long it holds and what is left of it at the end. */
function shape({ peak, points }: ExpectedRun): string {
  const held = points.filter(([, share]) => share > 0.999).length;
  const last = points.at(-1)![1];
  return `peak ${peak.toPrecision(3)}, held for ${held} steps, ${(100 * last).toFixed(1)} % of it at the end`;
}
