import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adabeliefRule } from './adabelief-rule.ts';
import type { AdaBeliefOptions } from './options.ts';

const AdaBeliefClass = optimizerClass(adabeliefRule, 'SteepestAdaBelief');

/** The AdaBelief optimizer (Zhuang et al. 2020, arXiv 2010.07468). */
export const AdaBelief: DocumentedClass<typeof AdaBeliefClass, AdaBeliefOptions> = AdaBeliefClass;
export type AdaBelief = InstanceType<typeof AdaBelief>;

export type { AdaBeliefOptions };
export { adabeliefRule };
