import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { dAdaptAdamRule } from './d-adaptation-rule.ts';
import type { DAdaptAdamOptions } from './options.ts';

const DAdaptAdamClass = optimizerClass(dAdaptAdamRule, 'SteepestDAdaptAdam');

/** The D-Adaptation Adam optimizer (Defazio and Mishchenko 2023, arXiv 2301.07733). */
export const DAdaptAdam: DocumentedClass<typeof DAdaptAdamClass, DAdaptAdamOptions> = DAdaptAdamClass;
export type DAdaptAdam = InstanceType<typeof DAdaptAdam>;

export type { DAdaptAdamOptions };
export { dAdaptAdamRule };
