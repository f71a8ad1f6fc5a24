import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import {
  adafactorOriginalRule,
  type DecayScale,
  type Epsilon1Placement,
  pytorchAdafactor,
  transformersAdafactor,
} from './adafactor-original-rule.ts';
import { adafactorRule, type VectorSecondMoment } from './adafactor-rule.ts';
import type { AdafactorOptions, AdafactorOriginalOptions } from './options.ts';

const AdafactorClass = optimizerClass(adafactorRule, 'SteepestAdafactor');

/** Adafactor as in Zhao et al. (2024), arXiv 2407.07972. 4 bytes of state per parameter, and 4 per row and column. */
export const Adafactor: DocumentedClass<typeof AdafactorClass, AdafactorOptions> = AdafactorClass;
export type Adafactor = InstanceType<typeof Adafactor>;

const AdafactorOriginalClass = optimizerClass(adafactorOriginalRule, 'SteepestAdafactorOriginal');

/**
 * Adafactor as Shazeer and Stern published it (2018, arXiv 1804.04235), with the relative step, the scaling by the
 * parameter and the clipping of updates that PyTorch and Hugging Face have. 4 bytes of state per row and column.
 */
export const AdafactorOriginal: DocumentedClass<typeof AdafactorOriginalClass, AdafactorOriginalOptions> =
  AdafactorOriginalClass;
export type AdafactorOriginal = InstanceType<typeof AdafactorOriginal>;

export type { AdafactorOptions, AdafactorOriginalOptions, DecayScale, Epsilon1Placement };
export {
  adafactorOriginalRule,
  adafactorRule,
  pytorchAdafactor,
  transformersAdafactor,
  type VectorSecondMoment,
};
