import { numberTable } from '../number-table.ts';
import { clearness, formatSeedDifference } from '../seed-difference.ts';
import { growing } from './comparison-file.ts';
import type { ContextOutcome, KindResult } from './outcome.ts';
import { type ContextPlan, fitOf } from './plan.ts';

/** The laws of the contexts, with their intervals. */
export function lawsTable(plan: ContextPlan): string {
  const { laws, parameters } = fitOf(plan);
  const cell = (name: string, shape: number) => {
    const { value, interval } = parameters.find((parameter) => parameter.name === `${name}(${shape})`)!;
    return interval ? `${short(value)} (${short(interval.low)} to ${short(interval.high)})` : short(value);
  };
  return numberTable(
    ['context', 'a', 'b', 'c', 'd'],
    laws.map(({ shape }) => [String(shape), ...['a', 'b', 'c', 'd'].map((name) => cell(name, shape))]),
  );
}

/** The phases of the growing run, and what they should save. */
export function planTables({ plan, savings, flops }: ContextPlan): string {
  const phases = numberTable(
    ['context', 'sequences per step', 'steps'],
    plan.phases.map(({ fromStep, contextLength, batchSize }, index) => [
      String(contextLength),
      String(batchSize),
      String((plan.phases[index + 1]?.fromStep ?? plan.steps) - fromStep),
    ]),
  );
  const saved = numberTable(
    ['context', 'its loss in the end', 'FLOPs of the growing run to it', 'predicted saving'],
    savings.map((saving) => [
      String(saving.contextLength),
      saving.loss.toFixed(4),
      saving.flops.toExponential(3),
      percent(saving.saved),
    ]),
  );
  return `Planned for ${flops.toExponential(3)} FLOPs:\n\n${phases}\n\n${saved}`;
}

/** Final losses of one kind of schedule. */
export function resultTable(results: readonly KindResult[], seeds: readonly number[]): string {
  return numberTable(
    ['run', 'FLOPs', ...seeds.map((seed) => `seed ${seed}`), 'mean', 'above the growing run'],
    results.map(({ kind, flops, losses, mean, ...difference }) => [
      kind,
      flops.toExponential(3),
      ...losses.map((loss) => loss.toFixed(4)),
      mean.toFixed(4),
      kind.startsWith(growing) ? '' : formatSeedDifference(difference, 4),
    ]),
  );
}

/** One sentence a context that states the outcome as it is. */
export function verdict({ constant, decayed, reached }: ContextOutcome, { savings }: ContextPlan): string {
  const sentences = [...constant, ...decayed]
    .filter(({ kind }) => !kind.startsWith(growing))
    .map(({ kind, ...difference }) => {
      const { behind } = difference;
      const side = behind > 0 ? 'above' : 'below';
      return `${kind} ends ${Math.abs(behind).toFixed(4)} nats ${side} the growing run, ${clearness(difference)}.`;
    });
  const measured = reached.map(({ kind, saved }, index) =>
    saved === null
      ? `The growing run never reaches the final loss of ${kind}, where a saving of ${percent(savings[index]!.saved)} was predicted.`
      : `The growing run reaches the final loss of ${kind} with ${percent(saved)} less compute; ${percent(savings[index]!.saved)} was predicted.`,
  );
  return [...sentences, ...measured].join('\n');
}

/** The page of the experiment, in Markdown. */
export function contextPage(plan: ContextPlan, outcome: ContextOutcome): string {
  const { goodness, warnings } = fitOf(plan);
  const { made, fromStep } = plan;
  const predictions = numberTable(
    ['step', 'predicted loss', '95 % interval', 'measured loss'],
    outcome.points.map(({ step, loss, low, high, measured }) => [
      String(step),
      loss.toFixed(4),
      `${low.toFixed(4)} to ${high.toFixed(4)}`,
      measured.toFixed(4),
    ]),
  );
  return `# A context that grows by plan

Written by \`npm run bench -w benchmarks/scaling-laws -- adaptive-context\`. Laws \`f(C) = a (C + d)^-b + c\` are fitted for every context of
\`src/adaptive-context/fixed.yaml\`, each with a floor of its own, on validation losses from step ${fromStep} on; every loss is measured on the longest
context. A step has 8 sequences in every context, so a longer one is also a larger batch in tokens. From the laws follow the switches of least compute (Anagnostidis et al. 2023, [arXiv 2311.03233](https://arxiv.org/abs/2311.03233)):
at every loss the context of largest \`d f^-1 / dE\`. FLOPs count attention.

${lawsTable(plan)}

On the ${goodness.points} losses that they were fitted on, the laws err by ${goodness.meanAbsoluteError.toFixed(4)} nats on average.${warnings.map((warning) => `\nThe fit warns: ${warning}.`).join('')}

## The plan

Made on ${made.slice(0, 10)} at ${made.slice(11, 16)} UTC, before the first step of the growing run.

${planTables(plan)}

## The outcome

Runs of one seed share their first weights and the order of their text. At the constant rate that the laws are for:

${resultTable(outcome.constant, outcome.seeds)}

With a rate that falls to 0 over the last fifth of the compute:

${resultTable(outcome.decayed, outcome.seeds)}

${verdict(outcome, plan)}

The laws assume that training continues along the law of the new context from the loss it had. What they predicted for the growing run,
and its mean loss, which differ by ${outcome.meanAbsoluteError.toFixed(4)} nats on average:

${predictions}
`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function short(value: number): string {
  return value >= 1e5 || value < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}
