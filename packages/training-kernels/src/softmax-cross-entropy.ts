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
    logits: 'float32',
    labels: 'int32',
    logSumExp: 'float32',
    lossesGradient: 'float32',
    logSumExpGradient: 'float32',
  },
  outputs: ['logits'],
  shapes: ({ logits }, _: GradientAttributes) => {
    const rows = rowsOf('SteepestSoftmaxCrossEntropyGradient', logits);
    return { logits, labels: rows, logSumExp: rows, lossesGradient: rows, logSumExpGradient: rows };
  },
});

/**
 * For each row of `logits` [rows, vocabularySize], `logSumExp = log(sum(exp(logits)))` and
 * `losses = logSumExp - logit of the label`, both [rows]. An implementation throws an error that names the label if one of
 * `labels` [rows] is not in [0, vocabularySize).
 */
export const softmaxCrossEntropyKernel = declareKernel(
  {
    name: 'SteepestSoftmaxCrossEntropy',
    inputs: { logits: 'float32', labels: 'int32' },
    outputs: ['losses', 'logSumExp'],
    shapes: ({ logits }) => ({ logits, labels: rowsOf('SteepestSoftmaxCrossEntropy', logits) }),
  },
  {
    kernel: softmaxCrossEntropyGradientKernel,
    saved: ['logits', 'labels', 'logSumExp'],
    gradientOf: { losses: 'lossesGradient', logSumExp: 'logSumExpGradient' },
  },
);

function rowsOf(kernel: string, logits: readonly number[]): [rows: number] {
  util.assert(
    logits.length === 2 && logits[1]! > 0,
    () => `${kernel}: logits must be [rows, vocabularySize], got [${logits}].`,
  );
  return [logits[0]!];
}
