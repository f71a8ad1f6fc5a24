import { variableGradients } from '@steepest/optimizer';
import {
  clone,
  dispose,
  keep,
  type NamedTensorMap,
  type Scalar,
  slice,
  type Tensor2D,
  tensor2d,
  type Variable,
} from '@tensorflow/tfjs-core';
import type { TokenBatch, TrainableModel, TrainingOptimizer } from './interfaces.ts';

/** The losses of one batch, in nats a token, and how long the optimizer took; `undefined` where it did not run. */
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
  let gradients: NamedTensorMap | undefined;
  let curvature: NamedTensorMap | undefined;
  let losses: Scalar[] = [];
  try {
    const step = lossAndGradients(model, tokens);
    gradients = step.gradients;
    losses = [step.total, step.crossEntropy];
    // Reading the losses also waits for the gradients on a backend that works in the background.
    const [[total], [crossEntropy]] = await Promise.all([step.total.data(), step.crossEntropy.data()]);
    const unapplied = { total: total!, crossEntropy: crossEntropy!, optimizerMilliseconds: undefined };
    if (!Number.isFinite(total) || !Number.isFinite(crossEntropy)) return unapplied;
    if (await skip?.(crossEntropy!, gradients)) return { ...unapplied, optimizerMilliseconds: 0 };
    curvature = await refresh?.();
    const start = performance.now();
    if (curvature !== undefined) optimizer.applyRefresh!(curvature);
    optimizer.applyGradients(gradients);
    await finishQueuedWork(model.variables.at(-1)!);
    return { ...unapplied, optimizerMilliseconds: performance.now() - start };
  } finally {
    dispose([tokens, ...losses]);
    if (gradients) dispose(gradients);
    if (curvature) dispose(curvature);
  }
}

function lossAndGradients(model: TrainableModel, tokens: Tensor2D) {
  let crossEntropy: Scalar | undefined;
  const { value: total, grads: gradients } = variableGradients(() => {
    const loss = model.loss(tokens);
    // A clone outlives the tape even where both losses are one tensor.
    crossEntropy = keep(clone(loss.crossEntropy));
    return loss.total;
  }, model.variables);
  return { total, crossEntropy: crossEntropy!, gradients };
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
