import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { RAdamOptions } from './options.ts';
import { radamRule } from './radam-rule.ts';

const RAdamClass = optimizerClass(radamRule, 'SteepestRAdam');

/** The RAdam optimizer (Liu et al. 2020, arXiv 1908.03265). Weight decay, if any, is L2. 8 bytes of state per parameter. */
export const RAdam: DocumentedClass<typeof RAdamClass, RAdamOptions> = RAdamClass;
export type RAdam = InstanceType<typeof RAdam>;

export type { RAdamOptions };
export { radamRule };
