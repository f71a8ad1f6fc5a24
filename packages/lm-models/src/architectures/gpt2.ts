import type { Architecture } from '../network.ts';
import { buildDecoder } from './decoder.ts';

/** GPT-2: learned positions, biases, the tanh approximation of GELU, one matrix for embedding and head. */
export const gpt2: Architecture = {
  name: 'gpt2',
  title: 'GPT-2',
  source: 'Radford et al. 2019, Language Models are Unsupervised Multitask Learners',
  defaults: {
    qkNorm: false,
    zLoss: false,
    tieEmbeddings: true,
    activation: 'geluTanh',
    positions: 'learned',
    biases: true,
  },
  build: buildDecoder,
};
