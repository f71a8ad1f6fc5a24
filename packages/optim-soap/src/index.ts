import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { SoapOptions } from './options.ts';
import { soapRule } from './soap-rule.ts';

const SoapClass = optimizerClass(soapRule, 'SteepestSoap');

/**
 * The SOAP optimizer (Vyas et al. 2024, arXiv 2409.11321). 8 bytes of state per parameter, and for every axis of n
 * elements that has a basis 8 n^2.
 */
export const Soap: DocumentedClass<typeof SoapClass, SoapOptions> = SoapClass;
export type Soap = InstanceType<typeof Soap>;

export type { SoapOptions };
export { soapRule };
