import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { ShampooOptions } from './options.ts';
import { type Grafting, type InverseExponents, shampooRule } from './shampoo-rule.ts';

const ShampooClass = optimizerClass(shampooRule, 'SteepestShampoo');

/** The Shampoo optimizer (Gupta, Koren and Singer 2018, arXiv 1802.09568). */
export const Shampoo: DocumentedClass<typeof ShampooClass, ShampooOptions> = ShampooClass;
export type Shampoo = InstanceType<typeof Shampoo>;

export type { Grafting, InverseExponents, ShampooOptions };
export { shampooRule };
