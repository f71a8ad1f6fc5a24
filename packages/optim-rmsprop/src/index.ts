import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { RMSpropOptions } from './options.ts';
import { rmsPropRule } from './rmsprop-rule.ts';

const RMSpropClass = optimizerClass(rmsPropRule, 'SteepestRMSprop');

/**
 * The RMSprop optimizer (Tieleman and Hinton 2012), plain, centered or with momentum. Weight decay, if any, is L2.
 * 4 bytes of state per parameter; 4 more when centered, and 4 more with momentum.
 */
export const RMSprop: DocumentedClass<typeof RMSpropClass, RMSpropOptions> = RMSpropClass;
export type RMSprop = InstanceType<typeof RMSprop>;

export type { RMSpropOptions };
export { rmsPropRule };
