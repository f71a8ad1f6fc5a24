import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { type NAdamVariant, nadamRule } from './nadam-rule.ts';
import type { NAdamOptions } from './options.ts';

const NAdamClass = optimizerClass(nadamRule, 'SteepestNAdam');

/** The NAdam optimizer (Dozat 2016). Weight decay, if any, is L2. 8 bytes of state per parameter, and 4 per tensor. */
export const NAdam: DocumentedClass<typeof NAdamClass, NAdamOptions> = NAdamClass;
export type NAdam = InstanceType<typeof NAdam>;

export type { NAdamOptions };
export { type NAdamVariant, nadamRule };
