import { quantile, studentT } from '@steepest/statistics';
import { logStandardError, logValue, type PowerLaw } from '../../fitting/power-law.ts';
import { flopsPerParameterToken } from '../../table/run-columns.ts';
import type { LossSurface } from './surface.ts';
import type { NearestRun, SettingName, Settings } from './sweep.ts';

/** What an optimum may depend on: `compute` is 6 parameters tokens. */
export const factorNames = ['parameters', 'tokens', 'compute'] as const;
export type FactorName = (typeof factorNames)[number];

/** A model size and a number of training tokens. */
export interface SweepPlace {
  readonly parameters: number;
  readonly tokens: number;
}

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

/** How the uncertainty of a prediction is found. */
export interface SettingUncertainty {
  /** Laws of resamples; without any the covariance stands in. */
  readonly resamples?: readonly Coefficients[] | undefined;
  /** By default 0.95. */
  readonly confidence?: number | undefined;
}

/**
 * The best value of a setting at a place, with the interval in which the best of a new run lies: the uncertainty of the law,
 * from its resamples where there are any, and the scatter of single optima around it.
 */
export function predictSetting(
  law: SettingLaw,
  place: SweepPlace,
  { resamples = [], confidence = 0.95 }: SettingUncertainty = {},
): { readonly value: number; readonly low: number; readonly high: number } {
  const factors = factorsOf(place);
  const log = logValue(law, factors);
  const t = law.degreesOfFreedom > 0 ? studentT(confidence, law.degreesOfFreedom) : Number.POSITIVE_INFINITY;
  const half = t * logStandardError(law, factors);
  const [below, above] =
    resamples.length > 0 ? resampledReach(resamples, factors, log, confidence) : [half, half];
  const scatter = t * law.logScatter;
  return {
    value: Math.exp(log),
    low: Math.exp(log - Math.hypot(below, scatter)),
    high: Math.exp(log + Math.hypot(above, scatter)),
  };
}

function resampledReach(
  resamples: readonly Coefficients[],
  factors: Record<FactorName, number>,
  log: number,
  confidence: number,
): readonly [below: number, above: number] {
  const logs = resamples.map((law) => logValue(law, factors)).sort((a, b) => a - b);
  return [
    Math.max(0, log - quantile(logs, (1 - confidence) / 2)),
    Math.max(0, quantile(logs, (1 + confidence) / 2) - log),
  ];
}

/** The settings that laws say for a place; those without a law keep the values given. */
export function settingsAt(laws: BySetting<Coefficients>, place: SweepPlace, otherwise: Settings): Settings {
  const best = (name: SettingName) => {
    const law = laws[name];
    return law === undefined ? otherwise[name] : Math.exp(logValue(law, factorsOf(place)));
  };
  return { learningRate: best('learningRate'), batchTokens: best('batchTokens') };
}
