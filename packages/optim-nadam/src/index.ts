import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { type NAdamVariant, nadamRule } from './nadam-rule.ts';

/** Options of {@link NAdam}. */
export type NAdamOptions = OptimizerOptions<typeof nadamRule>;

/** The NAdam optimizer (Dozat 2016). Weight decay, if any, is L2. 8 bytes of state a parameter, and 4 a tensor. */
export const NAdam = optimizerClass(nadamRule, 'SteepestNAdam');
export type NAdam = InstanceType<typeof NAdam>;

export { type NAdamVariant, nadamRule };
