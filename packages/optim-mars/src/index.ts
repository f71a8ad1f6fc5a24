import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { marsMRule } from './mars-m-rule.ts';
import { type MarsVariant, marsRule } from './mars-rule.ts';
import type { MarsMOptions, MarsOptions } from './options.ts';

const MarsClass = optimizerClass(marsRule, 'SteepestMars');

/**
 * The MARS optimizer (Yuan et al. 2024, arXiv 2411.10438): AdamW, Lion or Muon on gradients of less variance. 12 bytes of
 * state per parameter of a matrix as AdamW, 8 as Lion or Shampoo, and 8 per other parameter.
 */
export const Mars: DocumentedClass<typeof MarsClass, MarsOptions> = MarsClass;
export type Mars = InstanceType<typeof Mars>;

const MarsMClass = optimizerClass(marsMRule, 'SteepestMarsM');

/** The MARS-M optimizer (Liu et al. 2025, arXiv 2510.21800): Muon on gradients of less variance. 8 bytes of state per parameter. */
export const MarsM: DocumentedClass<typeof MarsMClass, MarsMOptions> = MarsMClass;
export type MarsM = InstanceType<typeof MarsM>;

export type { MarsMOptions, MarsOptions, MarsVariant };
export { marsMRule, marsRule };
