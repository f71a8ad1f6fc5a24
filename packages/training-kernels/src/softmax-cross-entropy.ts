import { util } from '@tensorflow/tfjs-core';
import { declareKernel } from './declare-kernel.ts';
import type { GradientAttributes } from './training-kernel.ts';

/**
 * The gradient of `logits` from those of {@link softmaxCrossEntropyKernel}'s `losses` and `logSumExp`:
 * `softmax(logits) (lossesGradient + logSumExpGradient)`, less `lossesGradient` at the label.
 */
export const softmaxCrossEntropyGradientKernel = declareKernel({
  name: 'SteepestSoftmaxCrossEntropyGradient',
  inputs: {
    kept: 'float32',
    labels: 'int32',
    logSumExp: 'float32',
    lossesGradient: 'float32',
    logSumExpGradient: 'float32',
  },
  outputs: ['logits'],
  shapes: ({ kept }, _: GradientAttributes) => {
    const rows = rowsOf('SteepestSoftmaxCrossEntropyGradient', 'kept', kept);
    return { kept, labels: rows, logSumExp: rows, lossesGradient: rows, logSumExpGradient: rows };
  },
});

/**
 * For each row of `logits` [rows, vocabularySize], `logSumExp = log(sum(exp(logits)))` and
 * `losses = logSumExp - logit of the label`, both [rows]; and `kept` [rows, vocabularySize], which is what a backend's own
 * gradient kernel reads: the logits themselves where it can write over them, or what the forward pass has made of them. An
 * implementation throws an error that names the label if one of `labels` [rows] is not in [0, vocabularySize), unless it runs on
 * a device that cannot.
 */
export const softmaxCrossEntropyKernel = declareKernel(
  {
    name: 'SteepestSoftmaxCrossEntropy',
    inputs: { logits: 'float32', labels: 'int32' },
    outputs: ['losses', 'logSumExp', 'kept'],
    shapes: ({ logits }) => ({ logits, labels: rowsOf('SteepestSoftmaxCrossEntropy', 'logits', logits) }),
  },
  {
    kernel: softmaxCrossEntropyGradientKernel,
    saved: ['kept', 'labels', 'logSumExp'],
    gradientOf: { losses: 'lossesGradient', logSumExp: 'logSumExpGradient' },
  },
);

function rowsOf(kernel: string, name: string, matrix: readonly number[]): [rows: number] {
  util.assert(
    matrix.length === 2 && matrix[1]! > 0,
    () => `${kernel}: ${name} must be [rows, vocabularySize], got [${matrix}].`,
  );
  return [matrix[0]!];
}
