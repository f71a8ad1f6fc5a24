import { canRunKernel, runKernel, softmaxCrossEntropyKernel } from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable, type OperationForms, softmax } from './nested-gradients.ts';

/**
 * Cross-entropy of the softmax, and z-loss, both means over the rows:
 * `mean(lse - logit of the label)` and `zLoss mean(lse^2)` with `lse = log(sum(exp(logits)))`.
 *
 * The z-loss keeps the partition function near one (Chowdhery et al. 2022, arXiv 2204.02311, section 5). Its
 * gradient and that of the cross-entropy are one expression, `p (1 + 2 zLoss lse) - onehot(label)`, over the
 * softmax p kept from the forward pass: the largest tensor of a step is held once. A fused kernel keeps the logits
 * instead and writes the gradient over them.
 *
 * @param logits [rows, vocabularySize]
 * @param labels [rows] int32, each below vocabularySize
 * @param zLoss weight of the z-loss, 0 for none
 * @throws Error on backends that check labels or the ids of a gather (wasm, cpu) when a label is out of range
 * @returns [2]: cross-entropy and weighted z-loss, natural logarithms
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, zLoss: number): tf.Tensor1D {
  if (canRunKernel(softmaxCrossEntropyKernel, { logits, labels })) {
    const { losses, logSumExp } = runKernel(softmaxCrossEntropyKernel, { logits, labels }, {});
    return lossParts(losses, logSumExp, zLoss);
  }
  return differentiable(formsOf(labels, zLoss), logits) as tf.Tensor1D;
}

function formsOf(labels: tf.Tensor1D, zLoss: number): OperationForms {
  return {
    name: 'softmaxCrossEntropy',
    formula: (...inputs) => {
      const [x] = inputs as [tf.Tensor2D];
      const vocabularySize = x.shape[1];
      const chosen = tf.cast(tf.oneHot(checkedLabels(labels, vocabularySize), vocabularySize), 'float32');
      const logSumExp = tf.reshape(softmax(x).logSumExp, [-1]);
      return lossParts(tf.sub(logSumExp, tf.sum(tf.mul(x, chosen), 1)), logSumExp, zLoss);
    },
    fast: (...inputs) => {
      const [x, save] = inputs as [tf.Tensor2D, tf.GradSaveFunc];
      const [rows, vocabularySize] = x.shape;
      const checked = checkedLabels(labels, vocabularySize);
      const probabilities = tf.softmax(x);
      // The largest probability is exp(max - lse) and at least 1/vocabularySize, so its logarithm is safe
      // and gives lse without another pass of exponentials.
      const logSumExp = tf.sub(tf.max(x, 1), tf.log(tf.max(probabilities, 1))) as tf.Tensor1D;
      const labelIndices = tf.stack([tf.range(0, rows, 1, 'int32'), checked], 1);
      const losses = tf.sub(logSumExp, tf.gatherND(x, labelIndices));
      save([probabilities, logSumExp, labelIndices]);
      return {
        value: lossParts(losses, logSumExp, zLoss),
        gradFunc: (gradient: tf.Tensor, saved: tf.Tensor[]) => crossEntropyGradient(gradient, saved, zLoss),
      };
    },
  };
}

/** The same labels; a gather checks them, where a scatter of the gradient would write outside its tensor. */
function checkedLabels(labels: tf.Tensor1D, vocabularySize: number): tf.Tensor1D {
  return tf.gather(tf.range(0, vocabularySize, 1, 'int32'), labels);
}

function lossParts(losses: tf.Tensor, logSumExp: tf.Tensor, zLoss: number): tf.Tensor1D {
  return tf.stack([tf.mean(losses), tf.mul(tf.mean(tf.square(logSumExp)), zLoss)]) as tf.Tensor1D;
}

function crossEntropyGradient(gradient: tf.Tensor, saved: tf.Tensor[], zLoss: number): tf.Tensor {
  const [probabilities, logSumExp, labelIndices] = saved as [tf.Tensor2D, tf.Tensor1D, tf.Tensor2D];
  const rows = probabilities.shape[0];
  const [ofCrossEntropy, ofPartition] = tf.unstack(tf.div(gradient, rows)) as [tf.Scalar, tf.Scalar];
  const rowScale = tf.add(ofCrossEntropy, tf.mul(tf.mul(logSumExp, 2 * zLoss), ofPartition));
  const scaled = tf.mul(probabilities, tf.reshape(rowScale, [rows, 1]));
  const atLabels = tf.sub(tf.gatherND(scaled, labelIndices), ofCrossEntropy);
  return tf.tensorScatterUpdate(scaled, labelIndices, atLabels);
}
