import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { type MomentumForm, sgdRule } from './sgd-rule.ts';

/** Options of {@link Sgd}. */
export type SgdOptions = OptimizerOptions<typeof sgdRule>;

/** Stochastic gradient descent: plain, heavy ball, Nesterov or averaged momentum. 0 or 4 bytes of state a parameter. */
export const Sgd = optimizerClass(sgdRule, 'SteepestSgd');
export type Sgd = InstanceType<typeof Sgd>;

export { type MomentumForm, sgdRule };
