import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { asgdRule } from './asgd-rule.ts';
import type { AsgdOptions } from './options.ts';

const AsgdClass = optimizerClass(asgdRule, 'SteepestAsgd');

/** The ASGD optimizer (Polyak and Juditsky 1992, doi 10.1137/0330046). */
export const Asgd: DocumentedClass<typeof AsgdClass, AsgdOptions> = AsgdClass;
export type Asgd = InstanceType<typeof Asgd>;

export type { AsgdOptions };
export { asgdRule };
