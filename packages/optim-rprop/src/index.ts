import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { RpropOptions } from './options.ts';
import { rpropRule } from './rprop-rule.ts';

const RpropClass = optimizerClass(rpropRule, 'SteepestRprop');

/** The Rprop optimizer (Riedmiller and Braun 1993, doi 10.1109/ICNN.1993.298623). */
export const Rprop: DocumentedClass<typeof RpropClass, RpropOptions> = RpropClass;
export type Rprop = InstanceType<typeof Rprop>;

export type { RpropOptions };
export { rpropRule };
