import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { PsgdKronOptions } from './options.ts';
import { psgdKronRule } from './psgd-kron-rule.ts';

const PsgdKronClass = optimizerClass(psgdKronRule, 'SteepestPsgdKron');

/**
 * The PSGD Kron optimizer (Pooladzandi and Li 2024, arXiv 2402.04553). 4 bytes of state per parameter, and 4 n^2 for every
 * axis of n elements that has a triangular factor.
 */
export const PsgdKron: DocumentedClass<typeof PsgdKronClass, PsgdKronOptions> = PsgdKronClass;
export type PsgdKron = InstanceType<typeof PsgdKron>;

export type { MemorySaveMode } from './kronecker-factors.ts';
export type { PsgdKronOptions };
export { psgdKronRule };
