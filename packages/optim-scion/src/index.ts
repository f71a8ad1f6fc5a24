import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import type { ScionOptions } from './options.ts';
import { scionRule } from './scion-rule.ts';

const ScionClass = optimizerClass(scionRule, 'SteepestScion');

/** The Scion optimizer (Pethick et al. 2025, arXiv 2502.07529). 4 bytes of state per parameter, none with `alpha` 1. */
export const Scion: DocumentedClass<typeof ScionClass, ScionOptions> = ScionClass;
export type Scion = InstanceType<typeof Scion>;

export { scionLanguageModel } from './language-model.ts';
export type { ScionNorm } from './norms.ts';
export type { ScionOptions };
export { scionRule };
