import {
  type EngineOptions,
  type HyperparameterValue,
  type OptimizerClass,
  type OptimizerRecord,
  type RuleOptimizer,
  recordOf,
  registeredOptimizers,
  type SharedOptions,
} from '@steepest/optimizer';
import { closest } from 'fastest-levenshtein';
import { claimantsOf } from './claims.ts';
import { listOptimizers } from './list-optimizers.ts';
import { packageTable } from './package-table.ts';

/** The options every optimizer has, and any that the named one adds, which it checks itself. */
export type NamedOptimizerOptions = SharedOptions &
  EngineOptions & { readonly learningRate?: HyperparameterValue | undefined } & Readonly<
    Record<string, unknown>
  >;

/**
 * Makes the optimizer of a name, for instance `createOptimizer('lion', { learningRate: 1e-3 })`.
 *
 * @throws Error if no optimizer or more than one has the name, or if an option is wrong.
 */
export function createOptimizer(name: string, options: NamedOptimizerOptions = {}): RuleOptimizer {
  return new (optimizerByName(name))(options);
}

/**
 * What the optimizer of a name is: title, paper, options with their defaults, bytes of state.
 *
 * @throws Error if no optimizer or more than one has the name.
 */
export function optimizerRecord(name: string): OptimizerRecord {
  return recordOf(optimizerByName(name).rule);
}

/**
 * The class of the optimizer of a name.
 *
 * @throws Error if no optimizer or more than one has the name.
 */
export function optimizerByName(name: string): OptimizerClass<object> {
  const optimizer = registeredOptimizers().get(name);
  if (optimizer === undefined) throw new Error(unknownName(name));
  const claimants = claimantsOf(name);
  if (claimants.length > 1) {
    throw new Error(
      `"${name}" is the name of ${claimants.length} optimizers: of ${claimants.join(' and of ')}; remove all but one, ` +
        'or import the class you mean from its package',
    );
  }
  return optimizer;
}

function unknownName(name: unknown): string {
  if (typeof name !== 'string') {
    return `the name of an optimizer must be a string such as "lion", got ${JSON.stringify(name) ?? String(name)}`;
  }
  const names = listOptimizers();
  const { loaded, failed } = packageTable();
  const failures = [...failed.values()].map(
    (found) => `; ${found.name} could not be loaded: ${found.reason}`,
  );
  if (names.length === 0) {
    return (
      `unknown optimizer "${name}": no optimizer package has been imported; import its package, such as @steepest/optim-lion, ` +
      `or in Node await loadInstalledOptimizers() of @steepest/registry/node${failures.join('')}`
    );
  }
  const packages = loaded.size === 0 ? '' : ` (packages found: ${[...loaded.keys()].sort().join(', ')})`;
  return (
    `no optimizer is called "${name}"; did you mean "${closest(name.toLowerCase(), names)}"? ` +
    `Known optimizers: ${names.join(', ')}${packages}${failures.join('')}`
  );
}
