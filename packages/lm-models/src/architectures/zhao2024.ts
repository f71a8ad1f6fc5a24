import type { Architecture } from '../network.ts';
import { buildDecoder } from './decoder.ts';

/** The decoder of the study: layer norm without bias, rotary positions, QK-norm, GELU, z-loss. */
export const zhao2024: Architecture = {
  name: 'zhao2024',
  title: 'Decoder of Zhao et al. (2024)',
  source: 'arXiv 2407.07972',
  build: buildDecoder,
};
