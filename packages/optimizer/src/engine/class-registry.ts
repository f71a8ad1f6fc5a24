import type { OptimizerClass } from './rule-optimizer.ts';

// One map a process, whichever build or copy of this package fills it.
const key = Symbol.for('@steepest/optimizer/registry');
const holder = globalThis as { [key]?: Map<string, OptimizerClass<object>> };

/** Keeps a class under its rule's name, in the place of an earlier one. */
export function registerOptimizer(optimizer: OptimizerClass<object>): void {
  holder[key] ??= new Map();
  holder[key].set(optimizer.rule.name, optimizer);
}

/** The optimizer classes made so far in this process, by the name of their rule. */
export function registeredOptimizers(): ReadonlyMap<string, OptimizerClass<object>> {
  return holder[key] ?? new Map();
}
