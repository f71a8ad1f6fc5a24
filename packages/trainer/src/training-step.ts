import { variableGradients } from '@steepest/optimizer';
import {
  clone,
  dispose,
  keep,
  type NamedTensorMap,
  type Scalar,
  slice,
  type Tensor2D,
  type TensorContainerObject,
  tensor2d,
  type Variable,
} from '@tensorflow/tfjs-core';
import type { TokenBatch, TrainableModel, TrainingOptimizer } from './interfaces.ts';

/**
 * The losses of one batch, in nats per token, and how long the optimizer took: 0 where the step was left out, `undefined`
 * where a loss is not finite.
 */
export interface StepResult {
  readonly total: number;
  readonly crossEntropy: number;
  readonly optimizerMilliseconds: number | undefined;
}

/** What a step does before the optimizer moves the weights. */
export interface StepOptions {
  /** Gives the gradients for `applyRefresh`. */
  readonly refresh?: (() => Promise<NamedTensorMap>) | undefined;
  /** Whether the step is left out, by its loss and its gradients. */
  readonly skip?: ((crossEntropy: number, gradients: NamedTensorMap) => Promise<boolean>) | undefined;
}

/**
 * Takes one step of training. The gradients are applied only when both losses are finite, so that a diverged run
 * keeps the last weights that gave a finite loss. Leaves no tensor behind.
 *
 * @param refresh gives the gradients for `applyRefresh`, which takes them before the step
 */
export async function trainingStep(
  model: TrainableModel,
  optimizer: TrainingOptimizer,
  batch: TokenBatch,
  { refresh, skip }: StepOptions = {},
): Promise<StepResult> {
  const { batchSize, sequenceLength } = batch;
  const tokens = tensor2d(batch.tokens, [batchSize, sequenceLength], 'int32');
  const made: TensorContainerObject = { tokens };
  try {
    const step = lossAndGradients(model, tokens);
    made.step = step;
    // Reading the losses also waits for the gradients on a backend that works in the background.
    const [[total], [crossEntropy]] = await Promise.all([step.total.data(), step.crossEntropy.data()]);
    const unapplied = { total: total!, crossEntropy: crossEntropy!, optimizerMilliseconds: undefined };
    if (!Number.isFinite(total) || !Number.isFinite(crossEntropy)) return unapplied;
    if (await skip?.(crossEntropy!, step.gradients)) return { ...unapplied, optimizerMilliseconds: 0 };
    const curvature = await refresh?.();
    made.curvature = curvature;
    const start = performance.now();
    // Where there is one, the form that waits for `skipNonFinite` on a backend that is not read at once.
    if (curvature !== undefined) {
      await (optimizer.applyRefreshAsync?.(curvature) ?? optimizer.applyRefresh!(curvature));
    }
    await (optimizer.applyGradientsAsync?.(step.gradients) ?? optimizer.applyGradients(step.gradients));
    await finishQueuedWork(model.variables.at(-1)!);
    return { ...unapplied, optimizerMilliseconds: performance.now() - start };
  } finally {
    dispose(made);
  }
}

function lossAndGradients(model: TrainableModel, tokens: Tensor2D) {
  let crossEntropy: Scalar | undefined;
  try {
    const { value: total, grads: gradients } = variableGradients(() => {
      const loss = model.loss(tokens);
      // A clone outlives the tape even where both losses are one tensor.
      crossEntropy = keep(clone(loss.crossEntropy));
      return loss.total;
    }, model.variables);
    return { total, crossEntropy: crossEntropy!, gradients };
  } catch (error) {
    crossEntropy?.dispose();
    throw error;
  }
}

/** Waits until a backend that works in the background has done what was asked of it, by reading one element. */
async function finishQueuedWork(variable: Variable): Promise<void> {
  const corner = variable.shape.map(() => 0);
  const element = slice(
    variable,
    corner,
    corner.map(() => 1),
  );
  await element.data();
  element.dispose();
}
