import { criticalBatch, minimumLoss, type SuConstants } from '@steepest/scaling-laws';
import { numberTable } from '../number-table.ts';
import type { SuOutcome } from './outcome.ts';
import { fitOf, type SuPrediction } from './prediction.ts';

const significant = 4;

/** The fitted constants, with their intervals and the estimates term by term. */
export function constantsTable(prediction: SuPrediction): string {
  const { parameters, separate } = fitOf(prediction);
  return numberTable(
    ['constant', 'fitted together', '95 % interval', 'term by term'],
    parameters.map(({ name, value, interval }) => [
      name,
      short(value),
      interval ? `${short(interval.low)} to ${short(interval.high)}` : '',
      short(separate.constants[name as keyof SuConstants]),
    ]),
  );
}

/** What is said of the run before it is trained. */
export function predictionTable({ points }: SuPrediction): string {
  return numberTable(
    ['step', 'predicted loss', '95 % interval'],
    points.map(({ steps, loss, low, high }) => [String(steps), loss.toFixed(3), interval(low, high)]),
  );
}

/** What was said, and what came. */
export function outcomeTable({ points }: SuOutcome): string {
  return numberTable(
    ['step', 'predicted loss', '95 % interval', 'measured loss', 'error'],
    points.map(({ steps, loss, low, high, measured }) => [
      String(steps),
      loss.toFixed(3),
      interval(low, high),
      measured.toFixed(3),
      `${(100 * (loss / measured - 1)).toFixed(1)} %`,
    ]),
  );
}

/** One paragraph that states the outcome as it is. */
export function verdict({ run }: SuPrediction, outcome: SuOutcome): string {
  const { points, inside, meanAbsoluteError, worstRelativeError, errorOfLargestFitted } = outcome;
  const last = points.at(-1)!;
  const within = last.measured >= last.low && last.measured <= last.high ? 'inside' : 'outside of';
  return [
    `At its last step ${run.name} had a loss of ${last.measured.toFixed(3)} where ${last.loss.toFixed(3)} was predicted,`,
    `${within} the interval of ${interval(last.low, last.high)}; ${inside} of ${points.length} points lie in theirs.`,
    `The mean absolute error is ${meanAbsoluteError.toFixed(3)} nats, the worst ${(100 * worstRelativeError).toFixed(1)} %.`,
    `Taking the run for one of the largest fitted model instead errs by ${errorOfLargestFitted.toFixed(3)} nats.`,
  ].join('\n');
}

/** The page of the experiment, in Markdown. */
export function suPage(prediction: SuPrediction, outcome: SuOutcome): string {
  const fit = fitOf(prediction);
  const { goodness, warnings, constants } = fit;
  const { run, made, fromStep } = prediction;
  const last = outcome.points.at(-1)!;
  const critical = Math.round(criticalBatch(constants, last.loss)).toLocaleString('en');
  return `# Loss trajectories by the law of Su et al.

Written by \`npm run bench -w benchmarks/scaling-laws -- su\`. The law of Kaplan et al. 2020 ([arXiv 2001.08361](https://arxiv.org/abs/2001.08361)) and
Su et al. 2024 ([arXiv 2403.06563](https://arxiv.org/abs/2403.06563)), \`L = (Nc / N)^alphaN + (Sc (1 + Bcrit(L) / B) / S)^alphaS\` with
\`Bcrit(L) = Bstar / L^(1 / alphaB)\`, is fitted on ${goodness.points} validation losses of the runs in \`src/su/sweep.yaml\`, from step ${fromStep} on; N counts parameters
without embedding and head. Then it predicts \`src/su/held-out.yaml\`, a model of ${run.parameters.toLocaleString('en')} parameters, before that is trained.

${constantsTable(prediction)}

On the runs that it was fitted on, the law errs by ${goodness.meanAbsoluteError.toFixed(3)} nats on average (R2 ${goodness.r2.toFixed(4)}).${warnings.map((warning) => `\nThe fit warns: ${warning}.`).join('')}

## Prediction and outcome

Predicted on ${made.slice(0, 10)} at ${made.slice(11, 16)} UTC, before the first step of the run.

${outcomeTable(outcome)}

${verdict(prediction, outcome)}

By the fit the model would come down to ${minimumLoss(constants, run.parameters).toFixed(2)} with steps without end, and the critical batch at its last predicted loss is
${critical} tokens.
`;
}

function interval(low: number, high: number): string {
  return `${low.toFixed(3)} to ${high.toFixed(3)}`;
}

function short(value: number): string {
  const text = Number(value.toPrecision(significant));
  return Math.abs(text) >= 1e6 ? text.toExponential() : String(text);
}
