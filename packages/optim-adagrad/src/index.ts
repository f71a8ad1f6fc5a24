import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adagradRule } from './adagrad-rule.ts';
import type { AdagradOptions } from './options.ts';

const AdagradClass = optimizerClass(adagradRule, 'SteepestAdagrad');

/** The Adagrad optimizer (Duchi, Hazan and Singer 2011). Weight decay, if any, is L2. 4 bytes of state per parameter. */
export const Adagrad: DocumentedClass<typeof AdagradClass, AdagradOptions> = AdagradClass;
export type Adagrad = InstanceType<typeof Adagrad>;

export type { AdagradOptions };
export { adagradRule };
