import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { unsortedSegmentSum } from '../unsorted-segment-sum.ts';
import type { WasmBackend } from '../wasm-backend.ts';
import type { AttentionLayout } from './attention-layout.ts';
import { causalAttention, causalAttentionGradient } from './causal-attention.ts';
import { gelu, geluGradient } from './gelu.ts';
import { layerNorm, layerNormGradient } from './layer-norm.ts';
import { rotaryEmbedding } from './rotary-embedding.ts';
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts';

interface TrainingCall {
  readonly inputs: NamedTensorInfoMap;
  readonly attributes: NamedAttrMap;
  readonly backend: WasmBackend;
}

/**
 * Fused kernels of a transformer under names of their own. Whoever finds one with `tf.getKernel(name, backend)`
 * may run it with `tf.engine().runKernel`; all float32 but ids and labels, which are int32.
 */
export const trainingKernels: Readonly<Record<string, (call: TrainingCall) => TensorInfo | TensorInfo[]>> = {
  SteepestSoftmaxCrossEntropy: ({ backend, inputs }) =>
    softmaxCrossEntropy(backend, inputs.logits!, inputs.labels!),
  SteepestSoftmaxCrossEntropyGradient: ({ backend, inputs, attributes }) =>
    softmaxCrossEntropyGradient(
      backend,
      inputs.logits!,
      inputs.labels!,
      inputs.logSumExp!,
      inputs.gradient!,
      attributes as unknown as { zLoss: number; overwrite: boolean },
    ),
  SteepestLayerNorm: ({ backend, inputs, attributes }) =>
    layerNorm(backend, inputs.x!, inputs.weight!, Number(attributes.epsilon)),
  SteepestLayerNormGradient: ({ backend, inputs, attributes }) =>
    layerNormGradient(
      backend,
      inputs.x!,
      inputs.weight!,
      inputs.means!,
      inputs.inverses!,
      inputs.gradient!,
      Boolean(attributes.overwrite),
    ),
  SteepestGelu: ({ backend, inputs }) => gelu(backend, inputs.x!),
  SteepestGeluGradient: ({ backend, inputs, attributes }) =>
    geluGradient(backend, inputs.x!, inputs.gradient!, Boolean(attributes.overwrite)),
  SteepestRotaryEmbedding: ({ backend, inputs, attributes }) =>
    rotaryEmbedding(
      backend,
      inputs.x!,
      inputs.cosine!,
      inputs.sine!,
      attributes as unknown as { headWidth: number; backwards: boolean },
    ),
  SteepestCausalAttention: ({ backend, inputs, attributes }) =>
    causalAttention(
      backend,
      inputs.queries!,
      inputs.keys!,
      inputs.values!,
      attributes as unknown as AttentionLayout,
    ),
  SteepestCausalAttentionGradient: ({ backend, inputs, attributes }) =>
    causalAttentionGradient(
      backend,
      inputs.queries!,
      inputs.keys!,
      inputs.values!,
      inputs.gradient!,
      attributes as unknown as AttentionLayout,
      Boolean(attributes.overwrite),
    ),
  SteepestEmbeddingGradient: ({ backend, inputs, attributes }) =>
    unsortedSegmentSum(backend, inputs.gradient!, inputs.tokens!, Number(attributes.vocabularySize)),
};
