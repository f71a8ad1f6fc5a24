import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { rmsPropRule } from './rmsprop-rule.ts';

/** Options of {@link RMSprop}. */
export type RMSpropOptions = OptimizerOptions<typeof rmsPropRule>;

/**
 * The RMSprop optimizer (Tieleman and Hinton 2012), plain, centered or with momentum. Weight decay, if any, is L2.
 * 4 bytes of state a parameter; 4 more when centered, and 4 more with momentum.
 */
export const RMSprop = optimizerClass(rmsPropRule, 'SteepestRMSprop');
export type RMSprop = InstanceType<typeof RMSprop>;

export { rmsPropRule };
