import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adamaxRule } from './adamax-rule.ts';
import type { AdamaxOptions } from './options.ts';

const AdamaxClass = optimizerClass(adamaxRule, 'SteepestAdamax');

/** The Adamax optimizer (Kingma and Ba 2015, arXiv 1412.6980). */
export const Adamax: DocumentedClass<typeof AdamaxClass, AdamaxOptions> = AdamaxClass;
export type Adamax = InstanceType<typeof Adamax>;

export type { AdamaxOptions };
export { adamaxRule };
