import {
  absent,
  formatDifference,
  formatLearningRate,
  formatP,
  formatShort,
  formatSpread,
} from '../number-format.ts';
import { learningRateOf } from '../statistics/selection.ts';
import type { OptimizerPair, Side } from './compare-results.ts';

export const sameSettings =
  'None: model, data, schedule, budget, evaluation, versions, machine, and the options, grids and seeds of every optimizer are the same.';

export function heads(first: string, second: string): string[] {
  return [
    'optimizer',
    `loss: ${first}`,
    second,
    'difference',
    'p',
    `rate: ${first}`,
    second,
    `ms/step: ${first}`,
    second,
  ];
}

export function cells({ first, second, difference, correctedP }: OptimizerPair): string[] {
  const loss = (side: Side | null) => (side ? formatSpread(side.optimizer) : absent);
  const rate = (side: Side | null) => (side?.best ? formatLearningRate(learningRateOf(side.best)) : absent);
  const time = (side: Side | null) => formatShort(side?.best?.millisecondsPerStep ?? null);
  return [
    loss(first),
    loss(second),
    formatDifference(difference),
    correctedP === null ? absent : formatP(correctedP),
    rate(first),
    rate(second),
    time(first),
    time(second),
  ];
}
