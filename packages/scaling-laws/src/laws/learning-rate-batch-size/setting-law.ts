import { type Interval, quantile } from '../../fitting/bootstrap.ts';
import type { PowerLaw } from '../../fitting/power-law.ts';
import { studentT } from '../../fitting/student-t.ts';
import type { SettingName, Settings } from './sweep.ts';

/** What an optimum may depend on: `compute` is 6 parameters tokens. */
export const factorNames = ['parameters', 'tokens', 'compute'] as const;
export type FactorName = (typeof factorNames)[number];

/** A model size and a number of training tokens. */
export interface SweepPlace {
  readonly parameters: number;
  readonly tokens: number;
}

/** Coefficients of a power law in logarithms. */
export interface Coefficients {
  readonly logCoefficient: number;
  readonly exponents: Readonly<Partial<Record<FactorName, number>>>;
}

/** Power law of one setting's best value; plain data. */
export interface SettingLaw extends Pick<PowerLaw, 'coefficient' | 'covariance' | 'r2' | 'degreesOfFreedom'> {
  readonly exponents: Readonly<Partial<Record<FactorName, number>>>;
  /** Standard deviation of the log of the cells' optima around the law. */
  readonly logScatter: number;
  /** Cells that it was fitted on. */
  readonly cells: number;
  /** Bootstrap intervals of the log of the coefficient and of the exponents; without resamples empty. */
  readonly intervals: Readonly<Partial<Record<'logCoefficient' | FactorName, Interval>>>;
  /** What each resample gave. */
  readonly resamples: readonly Coefficients[];
}

/** The factors of a place. */
export function factorsOf({ parameters, tokens }: SweepPlace): Record<FactorName, number> {
  return { parameters, tokens, compute: 6 * parameters * tokens };
}

/**
 * The best value of a setting at a place, with the interval in which the best of a new run lies: the uncertainty of the law,
 * from its resamples where there are any, and the scatter of single optima around it.
 */
export function predictSetting(
  law: SettingLaw,
  place: SweepPlace,
  confidence = 0.95,
): { readonly value: number; readonly low: number; readonly high: number } {
  const log = logValue({ logCoefficient: Math.log(law.coefficient), exponents: law.exponents }, place);
  const t = law.degreesOfFreedom > 0 ? studentT(confidence, law.degreesOfFreedom) : Number.POSITIVE_INFINITY;
  const { below, above } = lawReach(law, place, log, confidence, t);
  const scatter = t * law.logScatter;
  return {
    value: Math.exp(log),
    low: Math.exp(log - Math.hypot(below, scatter)),
    high: Math.exp(log + Math.hypot(above, scatter)),
  };
}

function lawReach(law: SettingLaw, place: SweepPlace, log: number, confidence: number, t: number) {
  if (law.resamples.length > 0) {
    const logs = law.resamples.map((coefficients) => logValue(coefficients, place)).sort((a, b) => a - b);
    return {
      below: Math.max(0, log - quantile(logs, (1 - confidence) / 2)),
      above: Math.max(0, quantile(logs, (1 + confidence) / 2) - log),
    };
  }
  const factors = factorsOf(place);
  const terms = [1, ...Object.keys(law.exponents).map((name) => Math.log(factors[name as FactorName]))];
  const variance = terms.reduce(
    (sum, a, row) =>
      sum + terms.reduce((inner, b, column) => inner + a * b * law.covariance[row]![column]!, 0),
    0,
  );
  const reach = t * Math.sqrt(Math.max(0, variance));
  return { below: reach, above: reach };
}

function logValue({ logCoefficient, exponents }: Coefficients, place: SweepPlace): number {
  const factors = factorsOf(place);
  return Object.entries(exponents).reduce(
    (sum, [name, exponent]) => sum + exponent * Math.log(factors[name as FactorName]),
    logCoefficient,
  );
}

/** The settings that laws say for a place; those without a law keep the values given. */
export function settingsAt(
  laws: Readonly<Partial<Record<SettingName, SettingLaw>>>,
  place: SweepPlace,
  otherwise: Settings,
): Settings {
  const best = (name: SettingName) => {
    const law = laws[name];
    return law === undefined ? otherwise[name] : predictSetting(law, place).value;
  };
  return { learningRate: best('learningRate'), batchTokens: best('batchTokens') };
}
