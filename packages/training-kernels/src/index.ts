export {
  type AttentionLayout,
  causalAttentionGradientKernel,
  causalAttentionKernel,
} from './causal-attention.ts';
export { declareKernel } from './declare-kernel.ts';
export { type EmbeddingGradientAttributes, embeddingGradientKernel } from './embedding-gradient.ts';
export { geluGradientKernel, geluKernel } from './gelu.ts';
export {
  implementKernel,
  type KernelCall,
  type KernelInputs,
  type KernelOutputs,
} from './implement-kernel.ts';
export { type LayerNormAttributes, layerNormGradientKernel, layerNormKernel } from './layer-norm.ts';
export {
  type AxisAttributes,
  gramDifferenceKernel,
  gramMatrixKernel,
  orthogonalFactorKernel,
  type TriangularProductAttributes,
  triangleProductKernel,
  triangularProductKernel,
  triangularSolutionKernel,
} from './matrix-kernels.ts';
export { type NewtonSchulzAttributes, newtonSchulzKernel } from './newton-schulz.ts';
export { type RmsNormAttributes, rmsNormGradientKernel, rmsNormKernel } from './rms-norm.ts';
export {
  type RotaryEmbeddingAttributes,
  rotaryEmbeddingGradientKernel,
  rotaryEmbeddingKernel,
} from './rotary-embedding.ts';
export { canRunKernel, runKernel } from './run-kernel.ts';
export { softmaxCrossEntropyGradientKernel, softmaxCrossEntropyKernel } from './softmax-cross-entropy.ts';
export type { GradientAttributes, InputType, Shapes, TrainingKernel } from './training-kernel.ts';
