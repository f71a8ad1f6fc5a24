import { quantile, studentT } from '@steepest/statistics';
import { dot, type Extent } from '../../fitting/numbers.ts';
import { fitPowerLaw, logStandardError, logValue, type PowerLaw } from '../../fitting/power-law.ts';
import { flopsPerParameterToken } from '../../table/run-columns.ts';
import type { LossSurface } from './surface.ts';
import type { NearestRun, SettingName, Settings, SweepCell, SweepPlace } from './sweep.ts';

/** What an optimum may depend on: `compute` is 6 parameters tokens. */
export const factorNames = ['parameters', 'tokens', 'compute'] as const;
export type FactorName = (typeof factorNames)[number];

/** A power law: coefficient times the product of factor^exponent. */
export interface Coefficients {
  readonly coefficient: number;
  readonly exponents: Readonly<Partial<Record<FactorName, number>>>;
}

/** Power law of one setting's best value, and what is known of its uncertainty; plain data. */
export interface SettingLaw extends Coefficients, Pick<PowerLaw, 'covariance' | 'r2' | 'degreesOfFreedom'> {
  /** Standard deviation of the log of the cells' optima around the law. */
  readonly logScatter: number;
  /** Cells that it was fitted on. */
  readonly cells: number;
}

/** Something for each setting that a sweep varies. */
export type BySetting<T> = Readonly<Partial<Record<SettingName, T>>>;

/** What one cell of the sweep says. */
export interface CellEstimate extends SweepPlace {
  readonly runs: number;
  /** The run of lowest loss. */
  readonly best: Settings & { readonly loss: number };
  /** Left out where too few runs are near the best for a surface, or it has no lowest point. */
  readonly surface?: LossSurface | undefined;
  /** The run nearest to what the law says for the cell, and its excess over the best. */
  readonly atLaw: NearestRun;
}

/** The factors of a place. */
export function factorsOf({ parameters, tokens }: SweepPlace): Record<FactorName, number> {
  return { parameters, tokens, compute: flopsPerParameterToken * parameters * tokens };
}

/**
 * The best value of a setting at a place, with the interval in which the best of a new run lies: the uncertainty of the law,
 * from its resamples where there are any, else from its covariance, and the scatter of single optima around it.
 */
export function predictSetting(
  law: SettingLaw,
  place: SweepPlace,
  resamples: readonly Coefficients[] = [],
  confidence = 0.95,
): Extent & { readonly value: number } {
  const factors = factorsOf(place);
  const log = logValue(law, factors);
  const t = law.degreesOfFreedom > 0 ? studentT(confidence, law.degreesOfFreedom) : Number.POSITIVE_INFINITY;
  const logs = resamples.map((own) => logValue(own, factors)).sort((a, b) => a - b);
  const reach = (side: 1 | -1) =>
    logs.length === 0
      ? t * logStandardError(law, factors)
      : Math.max(0, side * (quantile(logs, (1 + side * confidence) / 2) - log));
  const scatter = t * law.logScatter;
  return {
    value: Math.exp(log),
    low: Math.exp(log - Math.hypot(reach(-1), scatter)),
    high: Math.exp(log + Math.hypot(reach(1), scatter)),
  };
}

/** The settings that laws say for a place; those without a law keep the values given. */
export function settingsAt(laws: BySetting<Coefficients>, place: SweepPlace, otherwise: Settings): Settings {
  const best = (name: SettingName) => {
    const law = laws[name];
    return law === undefined ? otherwise[name] : Math.exp(logValue(law, factorsOf(place)));
  };
  return { learningRate: best('learningRate'), batchTokens: best('batchTokens') };
}

/** A cell with the surface through its runs, where they are enough for one. */
export interface SurfacedCell extends SweepCell {
  readonly surface?: LossSurface | undefined;
}

/**
 * Fits the law of a setting on the cells whose best lies inside of what was tried.
 *
 * @throws Error when these are too few
 */
export function fitSettingLaw(
  name: SettingName,
  cells: readonly SurfacedCell[],
  factors: readonly FactorName[],
): SettingLaw {
  const optima = cells.flatMap(({ surface, ...place }) => {
    const error = surface?.logStandardErrors[name];
    if (surface === undefined || error === undefined || surface.edges[name] !== undefined) return [];
    return [{ factors: factorsOf(place), value: surface.optimum[name], error }];
  });
  if (optima.length < factors.length + 2) {
    const edges = cells.filter(({ surface }) => surface?.edges[name] !== undefined).length;
    throw new Error(
      `learning-rate-batch-size: a power law of ${name} in ${factors.join(' and ')} needs at least ` +
        `${factors.length + 2} cells whose best ${name} lies inside of what was tried, got ${optima.length} of ` +
        `${cells.length} (${cells.filter(({ surface }) => surface === undefined).length} have too few runs near the best ` +
        `for a surface, or no lowest point, and in ${edges} the best lies at an edge)`,
    );
  }
  const fit = (weights: readonly number[]) => {
    const columns = factors.map((factor) => [factor, optima.map((own) => own.factors[factor])]);
    const response = optima.map(({ value }) => value);
    const law = fitPowerLaw<FactorName>({ factors: Object.fromEntries(columns), response, weights });
    const misses = optima.map((own) => Math.log(own.value) - logValue(law, own.factors));
    return { ...law, variance: dot(misses, misses) / law.degreesOfFreedom };
  };
  // How far cells scatter beyond their own errors is only known once a law is.
  const errors = optima.map(({ error }) => error);
  const between = Math.max(0, fit(errors.map(() => 1)).variance - dot(errors, errors) / optima.length);
  const { coefficient, exponents, covariance, r2, degreesOfFreedom, variance } = fit(
    errors.map((error) => 1 / (error ** 2 + between + 1e-6)),
  );
  const logScatter = Math.sqrt(variance);
  return { coefficient, exponents, covariance, r2, degreesOfFreedom, logScatter, cells: optima.length };
}
