import type { BatchShape, TokenBatch } from './interfaces.ts';

/** A part of a run in which every training batch has one shape; it lasts until the next one begins. */
export interface ShapePhase extends BatchShape {
  /** Steps taken before it: 0 for the first phase. */
  readonly fromStep: number;
}

/** The phase of the step that follows `stepsTaken` steps; `undefined` where there are none. */
export function phaseAfter(
  phases: readonly ShapePhase[] | undefined,
  stepsTaken: number,
): ShapePhase | undefined {
  return phases?.findLast(({ fromStep }) => fromStep <= stepsTaken);
}

/** Tokens that steps `from` + 1 to `to` predict. */
export function tokensOfSteps(phases: readonly ShapePhase[], from: number, to: number): number {
  return phases.reduce((tokens, { fromStep, contextLength, batchSize }, index) => {
    const end = Math.min(phases[index + 1]?.fromStep ?? to, to);
    return tokens + Math.max(0, end - Math.max(fromStep, from)) * contextLength * batchSize;
  }, 0);
}

/** @throws Error when a batch has not the shape that was asked for, as from data that knows one shape only */
export function requireShape(batch: TokenBatch, phase: ShapePhase): void {
  const { batchSize, contextLength } = phase;
  if (batch.batchSize === batchSize && batch.sequenceLength === contextLength + 1) return;
  throw new Error(
    `phases ask for batches of ${batchSize} sequences of ${contextLength + 1} tokens from step ${phase.fromStep} on, but ` +
      `data.train.next gave ${batch.batchSize} of ${batch.sequenceLength}: it must heed the shape it is given`,
  );
}
