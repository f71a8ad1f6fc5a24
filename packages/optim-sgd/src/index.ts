import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { SgdOptions } from './options.ts';
import { type MomentumForm, sgdRule } from './sgd-rule.ts';

const SgdClass = optimizerClass(sgdRule, 'SteepestSgd');

/** Stochastic gradient descent: plain, heavy ball, Nesterov or averaged momentum. 0 or 4 bytes of state per parameter. */
export const Sgd: DocumentedClass<typeof SgdClass, SgdOptions> = SgdClass;
export type Sgd = InstanceType<typeof Sgd>;

export type { SgdOptions };
export { type MomentumForm, sgdRule };
