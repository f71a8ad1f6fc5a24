import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { larsRule } from './lars-rule.ts';
import type { LarsOptions } from './options.ts';

const LarsClass = optimizerClass(larsRule, 'SteepestLars');

/** The LARS optimizer (You, Gitman and Ginsburg 2017, arXiv 1708.03888). */
export const Lars: DocumentedClass<typeof LarsClass, LarsOptions> = LarsClass;
export type Lars = InstanceType<typeof Lars>;

export type { LarsOptions };
export { larsRule };
