import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { signumRule } from './signum-rule.ts';

/** Options of {@link Signum}. */
export type SignumOptions = OptimizerOptions<typeof signumRule>;

/** The Signum optimizer (Bernstein et al. 2018, arXiv 1802.04434). 4 bytes of state a parameter. */
export const Signum = optimizerClass(signumRule, 'SteepestSignum');
export type Signum = InstanceType<typeof Signum>;

export { signumRule };
