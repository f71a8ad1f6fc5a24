import {
  type GradientAttributes,
  type KernelInputs,
  type KernelOutputs,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
} from '@steepest/training-kernels';
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import {
  addressOf,
  allocateOutput,
  allocateOutputs,
  shared,
  takeOver,
  type WasmBackend,
} from '../wasm-backend.ts';

/**
 * For each row of logits, `lse - logit of the label` and `lse = log(sum(exp(logits)))`. The logits are kept as they are.
 *
 * @throws Error if a label is outside the vocabulary
 */
export function softmaxCrossEntropy(
  backend: WasmBackend,
  { logits, labels }: KernelInputs<typeof softmaxCrossEntropyKernel>,
): KernelOutputs<typeof softmaxCrossEntropyKernel> {
  const kernel = softmaxCrossEntropyKernel.name;
  const [rows, width] = logits.shape as [number, number];
  checkLabels(kernel, backend, labels, width);
  const outputs = allocateOutputs(backend, kernel, [[rows], [rows]]);
  const [losses, logSumExp] = outputs as [TensorInfo, TensorInfo];
  const kernels = kernelModule(backend);
  const [from, maxima, sums] = [logits, logSumExp, losses].map((tensor) => addressOf(backend, tensor)) as [
    ...[number, number, number],
  ];
  const work = { items: rows, unit: 1, nanoseconds: 1.5 * rows * width };
  kernels.divide('softmaxSums', work, (first, count, scratch) => [
    from + first * width * 4,
    maxima + first * 4,
    sums + first * 4,
    count,
    width,
    scratch,
  ]);
  // The logarithms, a few thousand, are taken here in float64.
  const loss = backend.typedArrayFromHeap(losses);
  const lse = backend.typedArrayFromHeap(logSumExp);
  const logit = backend.typedArrayFromHeap(logits);
  const label = backend.typedArrayFromHeap(labels);
  for (let row = 0; row < rows; row++) {
    const exact = lse[row]! + Math.log(loss[row]!);
    lse[row] = exact;
    loss[row] = exact - logit[row * width + label[row]!]!;
  }
  return { losses, logSumExp, kept: shared(backend, logits) };
}

/** The gradient of the logits, which are kept, over them if it may be and no other tensor shares their memory. */
export function softmaxCrossEntropyGradient(
  backend: WasmBackend,
  {
    kept,
    labels,
    logSumExp,
    lossesGradient,
    logSumExpGradient,
  }: KernelInputs<typeof softmaxCrossEntropyGradientKernel>,
  { overwrite }: GradientAttributes,
): KernelOutputs<typeof softmaxCrossEntropyGradientKernel> {
  const kernel = softmaxCrossEntropyGradientKernel.name;
  const [rows, width] = kept.shape as [number, number];
  checkLabels(kernel, backend, labels, width);
  const output =
    (overwrite && takeOver(backend, kept)) || allocateOutput(backend, kernel, kept.shape, 'float32');
  const kernels = kernelModule(backend);
  const [from, label, lse, to, ofLoss, ofLse] = [
    kept,
    labels,
    logSumExp,
    output,
    lossesGradient,
    logSumExpGradient,
  ].map((tensor) => addressOf(backend, tensor)) as [...[number, number, number, number, number, number]];
  const work = { items: rows, unit: 1, nanoseconds: 1.5 * rows * width };
  kernels.divide('softmaxCrossEntropyGradient', work, (first, count, scratch) => [
    from + first * width * 4,
    label + first * 4,
    lse + first * 4,
    to + first * width * 4,
    count,
    width,
    ofLoss + first * 4,
    ofLse + first * 4,
    scratch,
  ]);
  return { logits: output };
}

function checkLabels(kernel: string, backend: WasmBackend, labels: TensorInfo, width: number): void {
  const wrong = backend.typedArrayFromHeap(labels).find((label) => label < 0 || label >= width);
  util.assert(wrong === undefined, () => `${kernel}: the label ${wrong} is not in [0, ${width - 1}].`);
}
