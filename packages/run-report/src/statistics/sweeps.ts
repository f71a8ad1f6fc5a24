import { standardDeviation } from '@steepest/statistics';
import type { Sweep, SweepCurve, SweepPoint, SweptValue, TrialResult } from '../results/results.ts';
import { bestSetting, settingsOf } from './selection.ts';

/**
 * Every hyperparameter that some optimizer was tried at more than one value of, the learning rate first; where there is
 * none, the learning rate alone.
 */
export function sweepsOf(trials: readonly TrialResult[], optimizers: readonly string[]): Sweep[] {
  const keys = [
    ...new Set(trials.flatMap((trial) => Object.keys({ ...trial.settings, ...trial.variation }))),
  ];
  const inOrder = [...keys].sort((a, b) => Number(b === 'learningRate') - Number(a === 'learningRate'));
  const sweeps = inOrder.flatMap((key) => {
    const swept = optimizers.filter((name) => distinct(ofOptimizer(trials, name), key).length > 1);
    if (swept.length === 0) return [];
    return [sweep(trials, key === 'learningRate' ? optimizers : swept, key)];
  });
  return sweeps.length > 0 || trials.length === 0 ? sweeps : [sweep(trials, optimizers, 'learningRate')];
}

/** Text of a swept value, as axes and tables write it. */
export function valueText(value: SweptValue): string {
  if (value === null) return 'default';
  if (typeof value !== 'number') return String(value);
  return value !== 0 && (Math.abs(value) < 1e-2 || Math.abs(value) >= 1e5)
    ? Number(value.toPrecision(3)).toExponential().replace('+', '')
    : String(Number(value.toPrecision(4)));
}

function sweep(trials: readonly TrialResult[], optimizers: readonly string[], key: string): Sweep {
  const curves = optimizers.map((name) => curve(name, ofOptimizer(trials, name), key));
  const values = sorted(curves.flatMap(({ points }) => points.map(({ value }) => value)));
  return { key, scale: scaleOf(values), values, curves };
}

function curve(optimizer: string, trials: readonly TrialResult[], key: string): SweepCurve {
  const best = bestSetting(settingsOf(trials))?.trials[0];
  return {
    optimizer,
    optimum: best ? sweptValue(best, key) : null,
    points: distinct(trials, key).map((value) =>
      point(
        value,
        trials.filter((trial) => sweptValue(trial, key) === value),
      ),
    ),
  };
}

function point(value: SweptValue, trials: readonly TrialResult[]): SweepPoint {
  const settings = settingsOf(trials);
  const best = bestSetting(settings);
  const finished = settings.flatMap((setting) => setting.finished);
  const count = (status: TrialResult['status']) => trials.filter((trial) => trial.status === status).length;
  return {
    value,
    loss: best?.meanLoss ?? null,
    deviation: best ? standardDeviation(best.finished.map((trial) => trial.finalValidationLoss!)) : null,
    losses: Object.fromEntries(finished.map((trial) => [trial.id, trial.finalValidationLoss!])),
    trials: trials.length,
    diverged: count('diverged'),
    stopped: count('stopped'),
  };
}

function ofOptimizer(trials: readonly TrialResult[], name: string): TrialResult[] {
  // All values are to be over the same seeds, so those that only confirm the best one have no part.
  return trials.filter((trial) => trial.optimizer === name && trial.confirmation !== true);
}

function sweptValue(trial: TrialResult, key: string): SweptValue {
  const value = trial.settings[key] ?? trial.variation[key];
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? JSON.stringify(value) : (value as SweptValue);
}

function distinct(trials: readonly TrialResult[], key: string): SweptValue[] {
  return sorted(trials.map((trial) => sweptValue(trial, key)));
}

/** Unset first, then numbers ascending, then everything else in its order. */
function sorted(values: readonly SweptValue[]): SweptValue[] {
  const place = (value: SweptValue) => (value === null ? 0 : typeof value === 'number' ? 1 : 2);
  return [...new Set(values)].sort(
    (a, b) =>
      place(a) - place(b) ||
      (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1),
  );
}

function scaleOf(values: readonly SweptValue[]): Sweep['scale'] {
  const positive = values.every((value) => typeof value === 'number' && value > 0);
  return positive && Number(values.at(-1)) / Number(values[0]) >= 3 ? 'log' : 'ordinal';
}
