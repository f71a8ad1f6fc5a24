import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { adafactorOriginalRule } from './adafactor-original-rule.ts';
import { adafactorRule, type VectorSecondMoment } from './adafactor-rule.ts';

/** Options of {@link Adafactor}. */
export type AdafactorOptions = OptimizerOptions<typeof adafactorRule>;

/** Adafactor as in study A (Zhao et al. 2024, arXiv 2407.07972). 4 bytes of state a parameter, and 4 a row and column. */
export const Adafactor = optimizerClass(adafactorRule, 'SteepestAdafactor');
export type Adafactor = InstanceType<typeof Adafactor>;

/** Options of {@link AdafactorOriginal}. */
export type AdafactorOriginalOptions = OptimizerOptions<typeof adafactorOriginalRule>;

/**
 * Adafactor as Shazeer and Stern published it (2018, arXiv 1804.04235), with the relative step, the scaling by the
 * parameter and the clipping of updates that PyTorch and Hugging Face have. 4 bytes of state a row and column.
 */
export const AdafactorOriginal = optimizerClass(adafactorOriginalRule, 'SteepestAdafactorOriginal');
export type AdafactorOriginal = InstanceType<typeof AdafactorOriginal>;

export { adafactorOriginalRule, adafactorRule, type VectorSecondMoment };
