import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { SignumOptions } from './options.ts';
import { signumRule } from './signum-rule.ts';

const SignumClass = optimizerClass(signumRule, 'SteepestSignum');

/** The Signum optimizer (Bernstein et al. 2018, arXiv 1802.04434). 4 bytes of state per parameter. */
export const Signum: DocumentedClass<typeof SignumClass, SignumOptions> = SignumClass;
export type Signum = InstanceType<typeof Signum>;

export type { SignumOptions };
export { signumRule };
