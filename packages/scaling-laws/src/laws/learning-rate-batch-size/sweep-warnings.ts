import { countWarning } from '../../law/fit-warnings.ts';
import type { BySetting, SettingLaw } from './setting-law.ts';
import type { LossSurface } from './surface.ts';
import type { SettingName, SweepCell } from './sweep.ts';

/** Beyond this share of the window noise decides which runs are within it. */
const mostNoise = 0.2;
/** Share of cells without a lowest point beyond which chance is not the cause. */
const mostWithout = 0.25;

/** What a reader of the laws must know of the sweep: noise, and the cells that were left out. */
export function sweepWarnings(
  cells: readonly SweepCell[],
  surfaces: readonly (LossSurface | undefined)[],
  varied: readonly SettingName[],
  window: number,
  laws: BySetting<SettingLaw>,
): string[] {
  const counts = varied.flatMap((name) => {
    const { exponents = {}, cells: count = 0 } = laws[name] ?? {};
    const constants = 1 + Object.keys(exponents).length;
    return countWarning({ constants, fitted: `constants of the law of ${name}` }, count, 'cells');
  });
  return [...noiseWarning(surfaces, window), ...counts, ...cellWarnings(cells, surfaces, varied)];
}

function noiseWarning(surfaces: readonly (LossSurface | undefined)[], window: number): string[] {
  const noises = surfaces.flatMap((surface) => (surface ? [surface.noise] : [])).sort((a, b) => a - b);
  const typical = noises[Math.floor(noises.length / 2)] ?? 0;
  const without = surfaces.length - noises.length;
  if (typical <= mostNoise * window && without <= mostWithout * surfaces.length) return [];
  return [
    `the losses scatter by ${(100 * typical).toPrecision(2)} % around the surfaces of their cells, and ${without} of ` +
      `${surfaces.length} cells have none: too noisy for runs within ${100 * window} % of the best to show where it is; ` +
      'give a loss averaged over more steps or sequences',
  ];
}

function cellWarnings(
  cells: readonly SweepCell[],
  surfaces: readonly (LossSurface | undefined)[],
  varied: readonly SettingName[],
): string[] {
  return cells.flatMap(({ parameters, tokens }, index) => {
    const surface = surfaces[index];
    const cell = `${parameters} parameters on ${tokens} tokens`;
    if (surface === undefined) {
      return [`${cell}: too few runs near the best one for a surface, or it has no lowest point; left out`];
    }
    return varied.flatMap((name) => {
      const edge = surface.edges[name];
      return edge === undefined
        ? []
        : [`${cell}: the best ${name} is at the ${edge} that was tried, or beyond; left out of its law`];
    });
  });
}
