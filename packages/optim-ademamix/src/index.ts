import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { ademamixRule } from './ademamix-rule.ts';
import type { AdEMAMixOptions } from './options.ts';

const AdEMAMixClass = optimizerClass(ademamixRule, 'SteepestAdEMAMix');

/** The AdEMAMix optimizer (Pagliardini, Ablin and Grangier 2024, arXiv 2409.03137). */
export const AdEMAMix: DocumentedClass<typeof AdEMAMixClass, AdEMAMixOptions> = AdEMAMixClass;
export type AdEMAMix = InstanceType<typeof AdEMAMix>;

export type { AdEMAMixOptions };
export { ademamixRule };
