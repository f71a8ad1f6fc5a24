import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { adagradRule } from './adagrad-rule.ts';

/** Options of {@link Adagrad}. */
export type AdagradOptions = OptimizerOptions<typeof adagradRule>;

/** The Adagrad optimizer (Duchi, Hazan and Singer 2011). Weight decay, if any, is L2. 4 bytes of state a parameter. */
export const Adagrad = optimizerClass(adagradRule, 'SteepestAdagrad');
export type Adagrad = InstanceType<typeof Adagrad>;

export { adagradRule };
