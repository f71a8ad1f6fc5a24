import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adanRule } from './adan-rule.ts';
import type { AdanOptions } from './options.ts';

const AdanClass = optimizerClass(adanRule, 'SteepestAdan');

/** The Adan optimizer (Xie et al. 2022, arXiv 2208.06677). */
export const Adan: DocumentedClass<typeof AdanClass, AdanOptions> = AdanClass;
export type Adan = InstanceType<typeof Adan>;

export type { AdanOptions };
export { adanRule };
