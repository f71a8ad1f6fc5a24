import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { SophiaOptions } from './options.ts';
import { sophiaRule } from './sophia-rule.ts';

const SophiaClass = optimizerClass(sophiaRule, 'SteepestSophia');

/**
 * The Sophia optimizer (Liu et al. 2023, arXiv 2305.14342). 8 bytes of state per parameter. Every ten steps or so
 * `applyRefresh` takes the gradients from which it estimates the curvature.
 */
export const Sophia: DocumentedClass<typeof SophiaClass, SophiaOptions> = SophiaClass;
export type Sophia = InstanceType<typeof Sophia>;

export type { SophiaOptions };
export { sophiaRule };
