import type { Architecture } from '../network.ts';
import { buildDecoder } from './decoder.ts';

/** LLaMA: RMSNorm, SwiGLU, rotary positions, no biases; grouped queries by `keyValueHeads`. */
export const llama: Architecture = {
  name: 'llama',
  title: 'LLaMA',
  source: 'Touvron et al. 2023, arXiv 2302.13971',
  defaults: { qkNorm: false, zLoss: false, norm: 'rmsNorm', activation: 'swiglu' },
  build: buildDecoder,
};
