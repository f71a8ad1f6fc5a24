import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { lionRule } from './lion-rule.ts';
import type { LionOptions } from './options.ts';

const LionClass = optimizerClass(lionRule, 'SteepestLion');

/** The Lion optimizer (Chen et al. 2023, arXiv 2302.06675). 4 bytes of state per parameter. */
export const Lion: DocumentedClass<typeof LionClass, LionOptions> = LionClass;
export type Lion = InstanceType<typeof Lion>;

export type { LionOptions };
export { lionRule };
