import type { PlanFeatures } from '../rule/plan.ts';
import { checkKeys, show } from './option-checks.ts';

/**
 * Adds the slow part of the gradients to every gradient: `strength` times a moving average of them, or times the mean of the
 * last `window` ones. Lee et al. 2024, Grokfast, arXiv 2405.20233, equations 4 and 9, as in their code.
 */
export type GradientFilter = MovingAverageFilter | WindowFilter;

/** Adds a moving average of the gradients, which starts at the first one. 4 bytes of state per parameter. */
export interface MovingAverageFilter {
  readonly kind: 'average';
  /** Decay of the average, 0.98 by default. */
  readonly decay?: number | undefined;
  /** Factor of what is added, 2 by default. */
  readonly strength?: number | undefined;
}

/** Adds the mean of the last gradients. `4 * size` bytes of state per parameter. */
export interface WindowFilter {
  readonly kind: 'window';
  /** Gradients that the mean is of, 100 by default. */
  readonly size?: number | undefined;
  /** Factor of what is added, 5 by default. */
  readonly strength?: number | undefined;
  /** Whether nothing is added until the window is full; `true` by default. Otherwise the mean is of those there are. */
  readonly waits?: boolean | undefined;
}

/** The defaults of the authors' code. */
const defaults = {
  average: { decay: 0.98, strength: 2 },
  window: { size: 100, strength: 5, waits: true },
} as const;

/** @throws Error if a filter is of an unknown kind, or has an unknown or wrong option. */
export function checkGradientFilter(label: string, filter: GradientFilter): void {
  const where = `${label}: gradientFilter`;
  const kind: unknown = (filter as Partial<GradientFilter> | null)?.kind;
  if (kind !== 'average' && kind !== 'window') {
    throw new Error(
      `${where} must be { kind: 'average', decay, strength } or { kind: 'window', size, strength, waits }, got ${show(filter)}`,
    );
  }
  checkKeys(where, filter, ['kind', ...Object.keys(defaults[kind])]);
  const { decay, strength, size, waits } = { ...defaults[kind], ...given(filter) } as Record<string, unknown>;
  const require = (holds: boolean, name: string, what: string, value: unknown): void => {
    if (!holds) throw new Error(`${where}.${name} must be ${what}, got ${show(value)}`);
  };
  require(Number.isFinite(strength), 'strength', 'a finite number', strength);
  if (kind === 'average') {
    const isDecay = Number.isFinite(decay) && (decay as number) >= 0 && (decay as number) < 1;
    require(isDecay, 'decay', 'a finite number, at least 0 and below 1', decay);
  } else {
    require(Number.isInteger(size) && (size as number) >= 1, 'size', 'a whole number of at least 1', size);
    require(typeof waits === 'boolean', 'waits', 'true or false', waits);
  }
}

/** What is given of a filter's options. */
const given = (filter: GradientFilter): object =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));

/** What a filter folds into every plan. */
export function filterFeatures(
  filter: GradientFilter | undefined,
): Pick<PlanFeatures, 'filterWindow' | 'filterWaits'> {
  if (filter === undefined) return {};
  if (filter.kind === 'average') return { filterWindow: 0 };
  const { size = defaults.window.size, waits = defaults.window.waits } = filter;
  return { filterWindow: size, filterWaits: waits };
}

/** The scalars of a filter that plans read. */
export function filterScalars(filter: GradientFilter | undefined): Record<string, number> {
  if (filter === undefined) return {};
  const { strength = defaults[filter.kind].strength } = filter;
  if (filter.kind === 'window') return { filterStrength: strength };
  return { filterStrength: strength, filterDecay: filter.decay ?? defaults.average.decay };
}
