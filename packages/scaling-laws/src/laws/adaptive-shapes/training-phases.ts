import type { Traversal } from './traversal.ts';

/** A training step in one shape. */
export interface ShapeStep {
  readonly contextLength: number;
  /** Sequences a step. */
  readonly batchSize: number;
  /** FLOPs of the step, forward and backward. */
  readonly flops: number;
}

/** A traversal as a training plan; `phases` and `steps` are options of `train` of `@steepest/trainer`. */
export interface TrainingPlan {
  readonly steps: number;
  readonly phases: readonly {
    readonly fromStep: number;
    readonly contextLength: number;
    readonly batchSize: number;
  }[];
  /** FLOPs of all steps: those of the traversal, to half a step. */
  readonly flops: number;
}

/**
 * Turns a traversal into whole training steps. What rounding takes from a phase the next one gets, so that every switch is
 * within half a step of its place; a phase that rounds to no step is left out.
 *
 * @param stepOf the training step in a shape
 */
export function trainingPlan(traversal: Traversal, stepOf: (shape: number) => ShapeStep): TrainingPlan {
  const phases: TrainingPlan['phases'][number][] = [];
  let [steps, flops, due] = [0, 0, 0];
  for (const segment of traversal.segments) {
    due += segment.flops;
    const { contextLength, batchSize, flops: perStep } = stepOf(segment.shape);
    const count = Math.round((due - flops) / perStep);
    if (count < 1) continue;
    const last = phases.at(-1);
    if (last?.contextLength !== contextLength || last.batchSize !== batchSize) {
      phases.push({ fromStep: steps, contextLength, batchSize });
    }
    steps += count;
    flops += count * perStep;
  }
  return { steps, phases, flops };
}
