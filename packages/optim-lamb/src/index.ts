import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { lambRule } from './lamb-rule.ts';
import type { LambOptions } from './options.ts';

const LambClass = optimizerClass(lambRule, 'SteepestLamb');

/** The LAMB optimizer (You et al. 2020, arXiv 1904.00962). */
export const Lamb: DocumentedClass<typeof LambClass, LambOptions> = LambClass;
export type Lamb = InstanceType<typeof Lamb>;

export type { LambOptions };
export { lambRule };
