import type { ParameterInfo } from './parameter.ts';
import type { Expression } from './rule/expression.ts';
import { planUpdate } from './rule/plan.ts';
import type { PaperReference, RecommendedSettings, UpdateRule } from './rule/update-rule.ts';

/** One line of an optimizer's options table. */
export interface OptionRecord {
  readonly name: string;
  readonly description: string;
  readonly default: unknown;
}

/** Traits of an optimizer, each false for a plain element-wise rule. */
export interface OptimizerCapabilities {
  /** Its update depends on signs: near-ties are counted, not compared. */
  readonly signBased: boolean;
  /** It applies weight decay itself. */
  readonly ownsDecay: boolean;
  /** It takes gradients of its own in `applyRefresh`. */
  readonly refresh: boolean;
  /** It evaluates with another iterate than it trains, which `swapInAverage` gives. */
  readonly average: boolean;
  /** Its update holds transforms that are not element-wise. */
  readonly transforms: boolean;
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
  /** Settings to start from, as published; empty where none are known. */
  readonly recommended: readonly RecommendedSettings[];
  /** What suites and tools have to know of it besides its options. */
  readonly capabilities: OptimizerCapabilities;
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

/** Whether an expression holds a transform anywhere in its graph. */
function holdsTransform(root: Expression): boolean {
  const seen = new Set<unknown>();
  const visit = (node: unknown): boolean => {
    if (node === null || typeof node !== 'object' || seen.has(node)) return false;
    seen.add(node);
    return (node as { kind?: unknown }).kind === 'transform' || Object.values(node).some(visit);
  };
  return visit(root);
}

/** The weight decay that a rule has by default, where it is a plain number. */
function defaultDecay({ defaults }: UpdateRule): number | undefined {
  const decay = defaults?.weightDecay ?? 0;
  return typeof decay === 'number' ? decay : undefined;
}

/** Builds the record of a rule. */
export function recordOf(rule: UpdateRule): OptimizerRecord {
  const parameter: ParameterInfo = { name: 'weight', shape: [1024, 1024], size: 1024 * 1024 };
  const settings = Object.fromEntries(Object.entries(rule.settings ?? {}).map(([k, s]) => [k, s.default]));
  const context = {
    parameter,
    settings,
    constant: (name: string) =>
      name === 'weightDecay' ? defaultDecay(rule) : rule.hyperparameters[name]?.default,
  };
  const { slots, outputs } = planUpdate(rule, context);
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
    recommended: rule.recommended ?? [],
    capabilities: {
      signBased: rule.signBased ?? false,
      ownsDecay: rule.ownsDecay ?? false,
      refresh: rule.refresh !== undefined,
      average: rule.average !== undefined,
      transforms: Object.values(outputs).some(holdsTransform),
    },
    stateBytesPerParameter: (4 * elements) / parameter.size,
  };
}
