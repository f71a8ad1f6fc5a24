import type { ParameterInfo } from './parameter.ts';
import type { PaperReference, UpdateRule } from './rule/update-rule.ts';

/** One line of an optimizer's options table. */
export interface OptionRecord {
  readonly name: string;
  readonly description: string;
  readonly default: unknown;
}

/** What an optimizer is, as data: feeds registries, tables and test suites. */
export interface OptimizerRecord {
  /** Short lower-case name, for instance `lion`. */
  readonly name: string;
  readonly title: string;
  readonly paper: PaperReference;
  /** Numeric options; each may be a schedule and may change in mid-run. */
  readonly hyperparameters: readonly OptionRecord[];
  /** Options that select a variant. */
  readonly settings: readonly OptionRecord[];
  /** Bytes of state per element of a 1024 x 1024 matrix under the default options. */
  readonly stateBytesPerParameter: number;
}

function options(specs: Readonly<Record<string, { default: unknown; description: string }>>): OptionRecord[] {
  return Object.entries(specs).map(([name, spec]) => ({
    name,
    description: spec.description,
    default: spec.default,
  }));
}

/** Builds the record of a rule. */
export function recordOf(rule: UpdateRule): OptimizerRecord {
  const parameter: ParameterInfo = { name: 'weight', shape: [1024, 1024], size: 1024 * 1024 };
  const settings = Object.fromEntries(Object.entries(rule.settings ?? {}).map(([k, s]) => [k, s.default]));
  const slots = rule.slots({
    parameter,
    settings,
    constant: (name) => rule.hyperparameters[name]?.default,
  });
  const elements = Object.values(slots).reduce(
    (total, { shape }) => total + (shape === 'parameter' ? parameter.size : shape.reduce((a, b) => a * b, 1)),
    0,
  );
  return {
    name: rule.name,
    title: rule.title,
    paper: rule.paper,
    hyperparameters: options(rule.hyperparameters),
    settings: options(rule.settings ?? {}),
    stateBytesPerParameter: (4 * elements) / parameter.size,
  };
}
