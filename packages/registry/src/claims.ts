import type { OptimizerClass } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { packageTable } from './package-table.ts';

/** Whether a value is a class as `optimizerClass` makes it, by whichever copy of the engine. */
export function isOptimizerClass(value: unknown): value is OptimizerClass<object> {
  if (typeof value !== 'function') return false;
  const { className, rule } = value as Partial<OptimizerClass<object>>;
  return typeof className === 'string' && typeof rule?.name === 'string' && typeof rule.update === 'function';
}

/**
 * Everyone in this process who has an optimizer of a name: packages where the loader knows them, classes where it does
 * not. More than one is a conflict.
 */
export function claimantsOf(name: string): string[] {
  const classes = new Set<OptimizerClass<object>>();
  const classNames = new Set<string>();
  const claimants: string[] = [];
  for (const { name: packageName, optimizers } of packageTable().loaded.values()) {
    const optimizer = optimizers.get(name);
    // A package may export again what another one made.
    if (optimizer === undefined || classes.has(optimizer)) continue;
    classes.add(optimizer);
    classNames.add(optimizer.className);
    claimants.push(packageName);
  }
  for (const [registered] of Object.values(tf.serialization.SerializationMap.getMap().classNameMap)) {
    if (!isOptimizerClass(registered) || registered.rule.name !== name) continue;
    // The ESM and the CommonJS build of one package make two classes of one class name.
    if (!classNames.has(registered.className)) claimants.push(`the class ${registered.className}`);
  }
  return claimants;
}
