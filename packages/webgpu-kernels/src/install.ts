import { implementCausalAttention } from './causal-attention.ts';
import { implementEmbeddingGradient } from './embedding-gradient.ts';
import { implementGelu } from './gelu.ts';
import { implementNormalization } from './normalization.ts';
import { implementRotaryEmbedding } from './rotary-embedding.ts';
import { implementSoftmaxCrossEntropy } from './softmax-cross-entropy.ts';

/**
 * Implements the kernels of @steepest/training-kernels on the webgpu backend, which may be registered before or after.
 *
 * @returns their names
 */
export function installKernels(): string[] {
  return [
    ...implementSoftmaxCrossEntropy(),
    ...implementNormalization(),
    ...implementGelu(),
    ...implementRotaryEmbedding(),
    ...implementCausalAttention(),
    ...implementEmbeddingGradient(),
  ];
}
