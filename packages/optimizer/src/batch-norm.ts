import * as tf from '@tensorflow/tfjs-core';

/** A layer of tfjs-layers, found by what it has: this package does not depend on tfjs-layers. */
interface Layer {
  readonly name: string;
  getClassName(): string;
  /** Of a model within a model. */
  readonly layers?: readonly Layer[];
  /** Of a wrapper such as TimeDistributed. */
  readonly layer?: Layer;
}

interface MovingValue {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}

interface BatchNormalization extends Layer {
  momentum: number;
  readonly movingMean: MovingValue;
  readonly movingVariance: MovingValue;
}

/** What {@link reestimateBatchNorm} needs of a model; every `tf.LayersModel` has it. */
export interface BatchNormModel {
  readonly layers: readonly unknown[];
  apply(inputs: tf.Tensor | tf.Tensor[], options?: { [key: string]: boolean }): unknown;
}

/** The inputs of a model for one batch, alone or as `xs`, as `tf.data` and `fitDataset` have them. */
export type BatchNormBatch = tf.Tensor | tf.Tensor[] | { readonly xs: tf.Tensor | tf.Tensor[] };

/**
 * Estimates the moving means and variances of a model's batch normalization anew, as plain means over some batches. They
 * belong to the weights with which they were gathered: after `swapInAverage` the model needs those of the averaged ones.
 *
 * As PyTorch's `torch.optim.swa_utils.update_bn`: layers run as in training, dropout included, every batch counts the same,
 * and no weight changes. A batch's variance is the layer's own, which tfjs divides by the number of values.
 *
 * @param batches of training data; the caller disposes them
 * @returns how many layers of batch normalization there are
 * @throws Error if there are such layers but no batch, or the model fails; the moving values are as before then
 */
export async function reestimateBatchNorm(
  model: BatchNormModel,
  batches: Iterable<BatchNormBatch> | AsyncIterable<BatchNormBatch>,
): Promise<number> {
  const layers = batchNormLayers(model.layers as readonly Layer[]);
  if (layers.length === 0) return 0;
  const before = layers.map(({ momentum, movingMean, movingVariance }) => ({
    momentum,
    mean: tf.keep(tf.clone(movingMean.read())),
    variance: tf.keep(tf.clone(movingVariance.read())),
  }));
  const restore = (index: number): void => {
    layers[index]!.movingMean.write(before[index]!.mean);
    layers[index]!.movingVariance.write(before[index]!.variance);
  };
  try {
    let count = 0;
    for await (const batch of batches) {
      if (count === 0) for (const layer of layers) forget(layer);
      // With this momentum the layer's own moving value is the mean of all batches so far.
      for (const layer of layers) layer.momentum = count / (count + 1);
      tf.tidy(() => void model.apply(inputsOf(batch), { training: true }));
      count += 1;
    }
    if (count === 0)
      throw new Error('reestimateBatchNorm needs at least one batch of training data, got none');
    return layers.length;
  } catch (error) {
    for (const index of layers.keys()) restore(index);
    throw error;
  } finally {
    for (const [index, { momentum, mean, variance }] of before.entries()) {
      layers[index]!.momentum = momentum;
      tf.dispose([mean, variance]);
    }
  }
}

/** A moving value that is not finite would not leave a mean. */
function forget({ movingMean, movingVariance }: BatchNormalization): void {
  for (const value of [movingMean, movingVariance]) {
    tf.tidy(() => void value.write(tf.zeros(value.read().shape)));
  }
}

function inputsOf(batch: BatchNormBatch): tf.Tensor | tf.Tensor[] {
  return 'xs' in batch ? batch.xs : batch;
}

function batchNormLayers(layers: readonly Layer[]): BatchNormalization[] {
  const found = layers.flatMap((layer): BatchNormalization[] => {
    if (layer.layers !== undefined) return batchNormLayers(layer.layers);
    if (layer.layer !== undefined) return batchNormLayers([layer.layer]);
    return layer.getClassName() === 'BatchNormalization' ? [layer as BatchNormalization] : [];
  });
  return [...new Set(found)];
}
