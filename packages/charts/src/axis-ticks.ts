import { compactNumber } from '@steepest/run-files';

/** Which share of the data's extent stays free on either side. */
const margin = 0.04;

/** An axis as it is drawn: on a logarithmic scale all numbers are logarithms to the base 10. */
export interface DrawnScale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  /** Where a value is drawn; `undefined` where it cannot be. */
  place(value: number): number | undefined;
  /** What a tick says. */
  label(tick: number): string;
}

/** The scale on which some values are drawn, with ticks at round numbers. */
export function drawnScale(scale: 'linear' | 'log', values: readonly number[]): DrawnScale {
  const log = scale === 'log';
  const place = (value: number) => {
    const at = log ? Math.log10(value) : value;
    return Number.isFinite(at) ? at : undefined;
  };
  const places = values.map(place).filter((at) => at !== undefined);
  const low = places.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const high = places.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY);
  const [from, to] = low > high ? [0, 1] : low === high ? [low - 0.5, low + 0.5] : [low, high];
  const room = margin * (to - from);
  const [min, max] = [from - room, to + room];
  const ticks = log ? logTicks(min, max) : linearTicks(min, max);
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : 1;
  return { min, max, place, ticks, label: (tick) => (log ? compactNumber(10 ** tick) : decimal(tick, step)) };
}

/** Multiples of 1, 2 or 5 times a power of ten, about six of them. */
function linearTicks(min: number, max: number): number[] {
  const rough = (max - min) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const far = (factor: number) => Math.abs(Math.log((factor * power) / rough));
  const step =
    power * [1, 2, 5, 10].reduce((nearest, factor) => (far(factor) < far(nearest) ? factor : nearest));
  const count = Math.floor(max / step) - Math.ceil(min / step) + 1;
  return Array.from({ length: count }, (_, index) => (Math.ceil(min / step) + index) * step);
}

/** Powers of ten; between them more the fewer these are, and round steps within less than a decade. */
function logTicks(min: number, max: number): number[] {
  if (max - min < 0.7) return linearTicks(10 ** min, 10 ** max).map(Math.log10);
  const factors = max - min <= 1.2 ? [1, 1.5, 2, 3, 5, 7] : max - min <= 3 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((max - min) / 8));
  const ticks: number[] = [];
  for (let power = Math.floor(min); power <= max; power += 1) {
    if (power % every !== 0) continue;
    ticks.push(...factors.map((factor) => power + Math.log10(factor)));
  }
  return ticks.filter((tick) => tick >= min && tick <= max);
}

function decimal(value: number, step: number): string {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (digits > 4 || Math.abs(value) >= 1e5) return compactNumber(value);
  return (Math.abs(value) < step / 2 ? 0 : value).toFixed(digits);
}
