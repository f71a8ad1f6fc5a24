import { type DocumentedClass, optimizerClass } from '@steepest/optimizer';
import { galoreAdamWRule } from './galore-rule.ts';
import type { GaLoreAdamWOptions } from './options.ts';
import type { Projection, ProjectorRequest, ProjectorSource } from './projector.ts';

const GaLoreAdamWClass = optimizerClass(galoreAdamWRule, 'SteepestGaLoreAdamW');

/**
 * The GaLore optimizer with AdamW (Zhao et al. 2024, arXiv 2403.03507). An r x c matrix with r >= c has `4 * rank * (2 r + c)` bytes of
 * state; other parameters have 8 per element.
 */
export const GaLoreAdamW: DocumentedClass<typeof GaLoreAdamWClass, GaLoreAdamWOptions> = GaLoreAdamWClass;
export type GaLoreAdamW = InstanceType<typeof GaLoreAdamW>;

export type { GaLoreAdamWOptions, Projection, ProjectorRequest, ProjectorSource };
export { galoreAdamWRule };
