import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { adadeltaRule } from './adadelta-rule.ts';
import type { AdadeltaOptions } from './options.ts';

const AdadeltaClass = optimizerClass(adadeltaRule, 'SteepestAdadelta');

/** The Adadelta optimizer (Zeiler 2012, arXiv 1212.5701). */
export const Adadelta: DocumentedClass<typeof AdadeltaClass, AdadeltaOptions> = AdadeltaClass;
export type Adadelta = InstanceType<typeof Adadelta>;

export type { AdadeltaOptions };
export { adadeltaRule };
