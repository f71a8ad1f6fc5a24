import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { adafactorRule, type VectorSecondMoment } from './adafactor-rule.ts';

/** Options of {@link Adafactor}. */
export type AdafactorOptions = OptimizerOptions<typeof adafactorRule>;

/** Adafactor as in study A (Zhao et al. 2024, arXiv 2407.07972). 4 bytes of state a parameter, and 4 a row and column. */
export const Adafactor = optimizerClass(adafactorRule, 'SteepestAdafactor');
export type Adafactor = InstanceType<typeof Adafactor>;

export { adafactorRule, type VectorSecondMoment };
