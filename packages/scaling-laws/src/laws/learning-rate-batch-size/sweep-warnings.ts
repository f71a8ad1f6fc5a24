import { rangeOf } from '../../fitting/numbers.ts';
import { countWarning } from '../../law/fit-warnings.ts';
import type { BySetting, SettingLaw, SurfacedCell } from './setting-law.ts';
import { fewestRuns, nearBest } from './surface.ts';
import { type SweepCell, settingNames } from './sweep.ts';

/** Beyond this share of the window noise decides which runs are within it. */
const mostNoise = 0.2;
/** Share of cells without a lowest point beyond which chance is not the cause. */
const mostWithout = 0.25;

/** What a reader of the laws must know of the sweep: noise, and the cells that were left out. */
export function sweepWarnings(
  cells: readonly SurfacedCell[],
  laws: BySetting<SettingLaw>,
  window: number,
): string[] {
  const varied = settingNames.filter((name) => laws[name] !== undefined);
  const counts = varied.flatMap((name) => {
    const constants = 1 + Object.keys(laws[name]!.exponents).length;
    const fitted = `constants of the law of ${name}`;
    return countWarning({ constants, fitted }, laws[name]!.cells, 'cells');
  });
  const left = cells.flatMap(({ parameters, tokens, surface }) => {
    const cell = `${parameters} parameters on ${tokens} tokens`;
    if (surface === undefined) {
      return [`${cell}: too few runs near the best one for a surface, or it has no lowest point; left out`];
    }
    return varied.flatMap((name) => {
      const edge = surface.edges[name];
      if (edge === undefined) return [];
      return [`${cell}: the best ${name} is at the ${edge} that was tried, or beyond; left out of its law`];
    });
  });
  return [...noiseWarning(cells, window), ...counts, ...left];
}

function noiseWarning(cells: readonly SurfacedCell[], window: number): string[] {
  const noises = cells.flatMap(({ surface }) => (surface ? [surface.noise] : [])).sort((a, b) => a - b);
  const typical = noises[Math.floor(noises.length / 2)] ?? 0;
  const without = cells.length - noises.length;
  if (typical <= mostNoise * window && without <= mostWithout * cells.length) return [];
  return [
    `the losses scatter by ${(100 * typical).toPrecision(2)} % around the surfaces of their cells, and ${without} of ` +
      `${cells.length} cells have none: too noisy for runs within ${100 * window} % of the best to show where it is; ` +
      'give a loss averaged over more steps or sequences',
  ];
}

/** Why no cell has a surface: what it would take, and what the cell nearest to it has. */
export function nothingVaried(cells: readonly SweepCell[], window: number): string {
  const near = cells
    .map(({ rows, ...place }) => ({ ...place, ...nearBest(rows, window) }))
    .sort((a, b) => b.within.length - a.within.length || b.values.learningRate - a.values.learningRate);
  const most = rangeOf(cells.map(({ rows }) => rows.length)).high;
  const { parameters, tokens, within, values } = near[0]!;
  return (
    `learning-rate-batch-size: no cell (a model size and a number of tokens) has enough runs within ${100 * window} % of its best ` +
    `loss. Needed there: 3 learning rates or 3 batches with ${fewestRuns(1)} runs, or both with ${fewestRuns(2)}. Found: ` +
    `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} of up to ${most} runs; the best has ${within.length} near its best loss, with ${values.learningRate} learning ` +
    `rates and ${values.batchTokens} batches (${parameters} parameters on ${tokens} tokens). Run settings closer to the best, or widen ` +
    '`window`'
  );
}
