import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernelModule } from '../kernel-module.ts';
import { addressOf, allocateOutput, allocateOutputs, takeOver, type WasmBackend } from '../wasm-backend.ts';
import { requireShape } from './require-shape.ts';

/**
 * For each row of logits, `lse - logit of the label` and `lse = log(sum(exp(logits)))`.
 *
 * @param logits [rows, vocabularySize]
 * @param labels [rows] int32
 * @returns the losses [rows] and lse [rows]
 * @throws If a label is outside the vocabulary
 */
export function softmaxCrossEntropy(
  backend: WasmBackend,
  logits: TensorInfo,
  labels: TensorInfo,
): TensorInfo[] {
  const kernel = 'SteepestSoftmaxCrossEntropy';
  const [rows, width] = checkLabels(kernel, backend, logits, labels);
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
  return outputs;
}

/**
 * The gradient of the logits under `gradient[0] mean(losses) + gradient[1] zLoss mean(lse^2)`.
 *
 * @param overwrite write it over the logits if no other tensor shares their memory: the caller reads them no more
 */
export function softmaxCrossEntropyGradient(
  backend: WasmBackend,
  logits: TensorInfo,
  labels: TensorInfo,
  logSumExp: TensorInfo,
  gradient: TensorInfo,
  { zLoss, overwrite }: { zLoss: number; overwrite: boolean },
): TensorInfo {
  const kernel = 'SteepestSoftmaxCrossEntropyGradient';
  const [rows, width] = checkLabels(kernel, backend, logits, labels);
  requireShape(kernel, { logSumExp, gradient }, { logSumExp: [rows], gradient: [2] });
  const [ofLosses, ofPartition] = backend.readSync(gradient.dataId);
  const output =
    (overwrite && takeOver(backend, logits)) || allocateOutput(backend, kernel, logits.shape, 'float32');
  const kernels = kernelModule(backend);
  const [from, label, lse, to] = [logits, labels, logSumExp, output].map((tensor) =>
    addressOf(backend, tensor),
  ) as [...[number, number, number, number]];
  const work = { items: rows, unit: 1, nanoseconds: 1.5 * rows * width };
  kernels.divide('softmaxCrossEntropyGradient', work, (first, count, scratch) => [
    from + first * width * 4,
    label + first * 4,
    lse + first * 4,
    to + first * width * 4,
    count,
    width,
    ofLosses! / rows,
    (2 * zLoss * ofPartition!) / rows,
    scratch,
  ]);
  return output;
}

function checkLabels(
  kernel: string,
  backend: WasmBackend,
  logits: TensorInfo,
  labels: TensorInfo,
): [rows: number, width: number] {
  const [rows, width] = logits.shape as [number, number];
  util.assert(
    logits.shape.length === 2 && width > 0,
    () => `${kernel}: logits must be [rows, vocabularySize].`,
  );
  requireShape(kernel, { labels }, { labels: [rows] }, 'int32');
  const wrong = backend.typedArrayFromHeap(labels).find((label) => label < 0 || label >= width);
  util.assert(wrong === undefined, () => `${kernel}: the label ${wrong} is not in [0, ${width - 1}].`);
  return [rows, width];
}
