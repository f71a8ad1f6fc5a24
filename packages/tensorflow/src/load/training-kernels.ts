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
  mul,
  range,
  reshape,
  scalar,
  stack,
  type Tensor,
  type Tensor1D,
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
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[];
}

/**
 * Implements those kernels of @steepest/training-kernels for which TensorFlow has one operation: softmax cross-entropy. It has none
 * on processors for layer norm, GELU, rotary embeddings and causal attention with their gradients, which stay composed.
 */
export function implementTrainingKernels(backendName: string): void {
  implementKernel(
    softmaxCrossEntropyKernel,
    backendName,
    ({
      inputs,
      backend,
    }: {
      inputs: KernelInputs<typeof softmaxCrossEntropyKernel>;
      backend: TensorflowBackend;
    }) => softmaxCrossEntropy(backend, inputs),
  );
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
 * `SparseSoftmaxCrossEntropyWithLogits` gives the losses, and `softmax(logits) - onehot(label)` on the way, which is kept.
 *
 * @throws Error for a label outside the vocabulary
 */
function softmaxCrossEntropy(
  backend: TensorflowBackend,
  { logits, labels }: KernelInputs<typeof softmaxCrossEntropyKernel>,
): KernelOutputs<typeof softmaxCrossEntropyKernel> {
  return tidy(() => {
    const attributes = [
      typeAttribute(backend, 'T', backend.binding.TF_FLOAT),
      typeAttribute(backend, 'Tlabels', backend.binding.TF_INT32),
    ];
    // It refuses a label outside the vocabulary by name, on every device.
    const ofLabels = gather(logits as Tensor, expandDims(labels as Tensor, 1), 1, 1);
    const [losses, kept] = backend.executeMultipleOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      attributes,
      [logits, labels],
      2,
    ) as [Tensor, Tensor];
    return { losses, logSumExp: add(losses, reshape(ofLabels, losses.shape)), kept };
  });
}

/**
 * `kept (lossesGradient + logSumExpGradient)`, plus `logSumExpGradient` at the label, which is where `kept` has the -1 of the
 * losses' gradient.
 */
function softmaxCrossEntropyGradient(
  backend: TensorflowBackend,
  { kept, labels, lossesGradient, logSumExpGradient }: KernelInputs<typeof softmaxCrossEntropyGradientKernel>,
): KernelOutputs<typeof softmaxCrossEntropyGradientKernel> {
  return tidy(() => {
    const both = add(lossesGradient as Tensor, logSumExpGradient as Tensor);
    const scaled = mul(kept as Tensor, expandDims(both, 1));
    return { logits: withAdded(backend, scaled, labels as Tensor1D, logSumExpGradient as Tensor) };
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
