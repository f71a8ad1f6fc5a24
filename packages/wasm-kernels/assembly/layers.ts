export { addRows, layerNorm, layerNormGradient } from './layer-norm';
export { rotaryEmbedding } from './rotary-embedding';
