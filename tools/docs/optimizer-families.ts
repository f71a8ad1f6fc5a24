import { recordOf } from '@steepest/optimizer';
import type { ExportedOptimizer } from './optimizer-packages.ts';
import { type OptionRow, shownDefault } from './shared-options.ts';

/** Optimizers with the same options, whose defaults may differ. */
export type OptimizerFamily = readonly [ExportedOptimizer, ...ExportedOptimizer[]];

/** Optimizers put together by their options, in their order. */
export function optimizerFamilies(optimizers: readonly ExportedOptimizer[]): OptimizerFamily[] {
  const families = new Map<string, [ExportedOptimizer, ...ExportedOptimizer[]]>();
  for (const optimizer of optimizers) {
    const key = JSON.stringify(ownOptions(optimizer).map(({ name, meaning }) => [name, meaning]));
    const family = families.get(key);
    if (family === undefined) families.set(key, [optimizer]);
    else family.push(optimizer);
  }
  return [...families.values()];
}

/** The options that an optimizer has besides the shared ones. */
export function ownOptions({ optimizer }: ExportedOptimizer): OptionRow[] {
  const { hyperparameters, settings } = recordOf(optimizer.rule);
  return [...hyperparameters, ...settings].map(({ name, default: usual, description }) => ({
    name,
    default: shownDefault(usual),
    meaning: description,
  }));
}
