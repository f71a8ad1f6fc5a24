import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { ProdigyOptions } from './options.ts';
import { prodigyRule } from './prodigy-rule.ts';

const ProdigyClass = optimizerClass(prodigyRule, 'SteepestProdigy');

/** The Prodigy optimizer (Mishchenko and Defazio 2023, arXiv 2306.06101). */
export const Prodigy: DocumentedClass<typeof ProdigyClass, ProdigyOptions> = ProdigyClass;
export type Prodigy = InstanceType<typeof Prodigy>;

export type { ProdigyOptions };
export { prodigyRule };
