import {
  implementKernel,
  type KernelInputs,
  type KernelOutputs,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
} from '@steepest/training-kernels';
import {
  add,
  expandDims,
  gather,
  type KernelBackend,
  log,
  max,
  mul,
  neg,
  range,
  reshape,
  scalar,
  softmax,
  stack,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core';

/** An attribute of an operation of TensorFlow. */
interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number;
}

/** What this module uses of tfjs-node's backend. */
interface TensorflowBackend extends KernelBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number; readonly TF_INT32: number };
  executeSingleOutput(name: string, attributes: Attribute[], inputs: TensorInfo[]): Tensor;
}

/**
 * Implements the one kernel of @steepest/training-kernels that TensorFlow's operations compute better than tfjs's: softmax
 * cross-entropy, whose gradient is finished in its own memory. TensorFlow has no operation on processors that computes layer norm,
 * GELU, a rotary embedding or causal attention together with its gradient; these stay composed, their products in `BatchMatMulV2`.
 */
export function implementTrainingKernels(backendName: string): void {
  implementKernel(softmaxCrossEntropyKernel, backendName, ({ inputs }) => softmaxCrossEntropy(inputs));
  implementKernel(
    softmaxCrossEntropyGradientKernel,
    backendName,
    ({
      inputs,
      backend,
    }: {
      inputs: KernelInputs<typeof softmaxCrossEntropyGradientKernel>;
      backend: TensorflowBackend;
    }) => softmaxCrossEntropyGradient(backend, inputs),
  );
}

/**
 * Keeps the softmax. `SparseSoftmaxCrossEntropyWithLogits`, which would give losses and gradient in one, is not used: on a processor
 * it takes three times as long as `Softmax`, 59 ms of one core instead of 19 for 512 rows of 32,128.
 *
 * @throws Error for a label outside the vocabulary
 */
function softmaxCrossEntropy({
  logits,
  labels,
}: KernelInputs<typeof softmaxCrossEntropyKernel>): KernelOutputs<typeof softmaxCrossEntropyKernel> {
  return tidy(() => {
    const x = logits as Tensor2D;
    // It refuses a label outside the vocabulary by name, on every device.
    const ofLabels = reshape(gather(x, expandDims(labels as Tensor1D, 1), 1, 1), labels.shape);
    const kept = softmax(x);
    // The largest probability is exp(max - logSumExp) and at least 1/vocabularySize, so its logarithm is safe.
    const logSumExp = sub(max(x, 1), log(max(kept, 1)));
    return { losses: sub(logSumExp, ofLabels), logSumExp, kept };
  });
}

/** `softmax (lossesGradient + logSumExpGradient)`, less `lossesGradient` at the label. */
function softmaxCrossEntropyGradient(
  backend: TensorflowBackend,
  { kept, labels, lossesGradient, logSumExpGradient }: KernelInputs<typeof softmaxCrossEntropyGradientKernel>,
): KernelOutputs<typeof softmaxCrossEntropyGradientKernel> {
  return tidy(() => {
    const ofLosses = lossesGradient as Tensor1D;
    const scaled = mul(kept as Tensor2D, expandDims(add(ofLosses, logSumExpGradient as Tensor1D), 1));
    return { logits: withAdded(backend, scaled, labels as Tensor1D, neg(ofLosses)) };
  });
}

/** Indices are of 32 bits. */
const mostIndices = 2 ** 31;

/**
 * A matrix with one value added in each row, at a column: in its own memory, which nothing else may hold, where `InplaceAdd` can
 * number its elements.
 */
function withAdded(backend: TensorflowBackend, matrix: Tensor, columns: Tensor1D, values: Tensor): Tensor {
  const [rows, width] = matrix.shape as [number, number];
  const type = typeAttribute(backend, 'T', backend.binding.TF_FLOAT);
  const row = range(0, rows, 1, 'int32');
  if (matrix.size >= mostIndices) {
    const indexType = typeAttribute(backend, 'Tindices', backend.binding.TF_INT32);
    const inputs = [matrix, stack([row, columns], 1), values];
    return backend.executeSingleOutput('TensorScatterAdd', [type, indexType], inputs);
  }
  const elements = add(mul(row, scalar(width, 'int32')), columns);
  const inputs = [reshape(matrix, [matrix.size, 1]), elements, expandDims(values, 1)];
  return reshape(backend.executeSingleOutput('InplaceAdd', [type], inputs), matrix.shape);
}

function typeAttribute({ binding }: TensorflowBackend, name: string, value: number): Attribute {
  return { name, type: binding.TF_ATTR_TYPE, value };
}
