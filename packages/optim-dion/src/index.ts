import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { dionRule } from './dion-rule.ts';
import type { DionOptions } from './options.ts';

const DionClass = optimizerClass(dionRule, 'SteepestDion');

/**
 * The Dion optimizer (Ahn et al. 2025, arXiv 2504.05295). 4 bytes of state per parameter of a matrix and 4 per element of
 * its factor, 8 per other parameter.
 */
export const Dion: DocumentedClass<typeof DionClass, DionOptions> = DionClass;
export type Dion = InstanceType<typeof Dion>;

export type { DionOptions };
export { dionRule };
