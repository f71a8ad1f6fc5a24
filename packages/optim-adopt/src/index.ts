import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adoptRule } from './adopt-rule.ts';
import type { AdoptOptions } from './options.ts';

const AdoptClass = optimizerClass(adoptRule, 'SteepestAdopt');

/** The ADOPT optimizer (Taniguchi et al. 2024, arXiv 2411.02853). */
export const Adopt: DocumentedClass<typeof AdoptClass, AdoptOptions> = AdoptClass;
export type Adopt = InstanceType<typeof Adopt>;

export type { AdoptOptions };
export { adoptRule };
