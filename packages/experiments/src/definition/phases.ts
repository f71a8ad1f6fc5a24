import { z } from 'zod';

const count = z.int().positive();

/** Shapes of the training batches one after another; each lasts until the next begins. */
export const phaseSettings = z
  .array(
    z.strictObject({
      fromStep: z.int().min(0).describe('Steps before it; 0 for the first'),
      contextLength: count.describe('Tokens per sequence'),
      batchSize: count.describe('Sequences per step'),
    }),
  )
  .min(1);

/** How many sequences of how many tokens a step reads. */
interface Shape {
  readonly batchSize: number;
  readonly contextLength: number;
}

/** What a trial reads: batches of one shape, or phases of several. */
interface Reading extends Shape {
  readonly phases?: readonly (Shape & { readonly fromStep: number })[] | undefined;
}

/** The parts of a run that read batches of one shape each, in order. */
export function stretchesOf({
  steps,
  batchSize,
  contextLength,
  phases = [{ fromStep: 0, batchSize, contextLength }],
}: Reading & { readonly steps: number }): (Shape & { readonly steps: number })[] {
  return phases.flatMap((phase, index) => {
    const length = Math.min(phases[index + 1]?.fromStep ?? steps, steps) - phase.fromStep;
    return length > 0
      ? [{ steps: length, batchSize: phase.batchSize, contextLength: phase.contextLength }]
      : [];
  });
}

/** Training tokens that a run reads. */
export function tokensRead(budget: Reading & { readonly steps: number }): number {
  return stretchesOf(budget).reduce(
    (sum, { steps, batchSize, contextLength }) => sum + steps * batchSize * contextLength,
    0,
  );
}

/** Steps that read so many tokens, as nearly as whole steps can; at least one. */
export function stepsReading(tokens: number, reading: Reading): number {
  let [steps, left] = [0, tokens];
  for (const stretch of stretchesOf({ ...reading, steps: Number.POSITIVE_INFINITY })) {
    const perStep = stretch.batchSize * stretch.contextLength;
    const taken = Math.min(stretch.steps, Math.round(left / perStep));
    steps += taken;
    left -= taken * perStep;
    if (taken < stretch.steps) break;
  }
  return Math.max(1, steps);
}

/** What is wrong with the phases of a budget, if anything. */
export function phaseProblem({
  steps,
  contextLength,
  phases = [],
}: Reading & { readonly steps: number }): string | undefined {
  for (const [index, phase] of phases.entries()) {
    const name = `budget.phases[${index}]`;
    const before = phases[index - 1]?.fromStep;
    if (before === undefined && phase.fromStep !== 0) {
      return `has ${name}.fromStep ${phase.fromStep}, but the first phase begins at step 0`;
    }
    if (before !== undefined && (phase.fromStep <= before || phase.fromStep >= steps)) {
      return (
        `has ${name}.fromStep ${phase.fromStep}, which must be after the ${before} of the phase before and before the ` +
        `${steps} steps of the run`
      );
    }
    if (phase.contextLength > contextLength) {
      return (
        `has ${name}.contextLength ${phase.contextLength}, but the model reads at most budget.contextLength, ` +
        `which is ${contextLength}`
      );
    }
  }
  return undefined;
}
