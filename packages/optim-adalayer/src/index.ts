import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { type AfterFreeze, adalayerRule, type Blocks } from './adalayer-rule.ts';
import type { AdalayerOptions } from './options.ts';

const AdalayerClass = optimizerClass(adalayerRule, 'SteepestAdalayer');

/** The Adalayer optimizer (Zhao et al. 2024, arXiv 2407.07972). 4 bytes of state per parameter, and 4 per block. */
export const Adalayer: DocumentedClass<typeof AdalayerClass, AdalayerOptions> = AdalayerClass;
export type Adalayer = InstanceType<typeof Adalayer>;

export type { AdalayerOptions };
export { type AfterFreeze, adalayerRule, type Blocks };
