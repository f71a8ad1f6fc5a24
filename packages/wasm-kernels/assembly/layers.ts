export { gelu, geluGradient } from './gelu';
export { layerNorm, layerNormGradient } from './layer-norm';
export { rotaryEmbedding } from './rotary-embedding';
