import { type OptimizerOptions, optimizerClass } from '@steepest/optimizer';
import { soapRule } from './soap-rule.ts';

/** Options of {@link Soap}. */
export type SoapOptions = OptimizerOptions<typeof soapRule>;

/**
 * The SOAP optimizer (Vyas et al. 2024, arXiv 2409.11321). 8 bytes of state a parameter, and for every axis of n
 * elements that has a basis 8 n^2.
 */
export const Soap = optimizerClass(soapRule, 'SteepestSoap');
export type Soap = InstanceType<typeof Soap>;

export { soapRule };
