import {
  constant,
  cosine,
  join,
  linearWarmup,
  piecewiseLinear,
  polynomial,
  type Schedule,
  type ScheduleDescription,
} from '@steepest/lr-schedules';
import { compassSearch, type Range } from '../fitting/compass-search.ts';
import { leastBy, rangeOf } from '../fitting/numbers.ts';
import { checkKeys, checkPositive, checkWhole, describeValue } from '../options.ts';
import { freeForm } from './free-form.ts';
import type { ScheduleLaw } from './schedule-law.ts';

/** What {@link suggestSchedule} may choose, and what it must keep to. */
export interface SuggestScheduleOptions {
  /** The law whose predicted final loss is minimized: fitted, or with published constants. */
  readonly law: ScheduleLaw;
  /** Steps of the run, the warm-up included. */
  readonly steps: number;
  /** Largest rate: fixed, or a range to choose from. By default the range of the curves that the law was fitted on. */
  readonly peak?: number | { readonly from: number; readonly to: number } | undefined;
  /** Steps of the linear warm-up; by default a tenth of the steps. Laws of schedules say little about its best length. */
  readonly warmupSteps?: number | undefined;
  /** Rates after the warm-up stay above this share of the largest peak in the step-by-step search; by default 0.01. */
  readonly smallestShare?: number | undefined;
}

/** A schedule with the loss that the law expects of it. */
export interface ExpectedSchedule {
  /** For `scheduleFromDescription` of `@steepest/lr-schedules`. */
  readonly description: ScheduleDescription;
  /** Rate of every step. */
  readonly rates: Float64Array;
  /** In the unit of the law's losses. */
  readonly expectedLoss: number;
}

/** What {@link suggestSchedule} found. */
export interface SuggestedSchedule extends ExpectedSchedule {
  /** Where the lower loss was found: in the family of power decays, or step by step. */
  readonly form: 'powerDecay' | 'freeForm';
  /** The best of the family: warm-up, constant, then a power of the share of the steps that is left. */
  readonly powerDecay: ExpectedSchedule;
  /** The best of all non-increasing rates, to straight lines within a thousandth of the peak. */
  readonly freeForm: ExpectedSchedule;
  /** A cosine of the same steps and warm-up, at the peak and the end that the law thinks best for it. */
  readonly cosine: ExpectedSchedule;
  readonly warnings: readonly string[];
}

/**
 * Finds the schedule with the lowest final loss that a law predicts, for a number of steps.
 *
 * First among schedules of a warm-up, a constant stretch and a decay `peak (f + (1 - f) (1 - progress)^power)`; then, from
 * there, over the rate of every step, none above the one before (as in Luo et al. 2025, arXiv 2503.12811, section 5). The
 * prediction is worth as much as the law: it should be fitted on runs of this model, of peaks like those asked for.
 *
 * @throws Error when an option is unknown or wrong
 */
export function suggestSchedule(options: SuggestScheduleOptions): SuggestedSchedule {
  const { law, steps, peak, warmupSteps, smallestShare } = readOptions(options);
  const expect = (schedule: Schedule): ExpectedSchedule => {
    const rates = Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
    return { description: schedule.description, rates, expectedLoss: law.finalLoss(rates) };
  };
  const logPeak = { from: Math.log(peak.from), to: Math.log(peak.to) };
  // Within the range to the last bit, which the exponential of a logarithm may leave.
  const within = (rate: number) => Math.min(peak.to, Math.max(peak.from, rate));
  const middle = (logPeak.from + logPeak.to) / 2;
  const best = (make: (point: readonly number[]) => Schedule, ranges: readonly Range[], starts: number[][]) =>
    leastBy(
      starts.map((start) => compassSearch((point) => expect(make(point)).expectedLoss, start, ranges)),
      ({ value }) => value,
    ).point;
  const makePower = ([log, hold, logPower, end]: readonly number[]) =>
    powerDecay(within(Math.exp(log!)), steps, warmupSteps, hold!, Math.exp(logPower!), end!);
  const share = { from: 0, to: 1 };
  const logPower = { from: Math.log(0.5), to: Math.log(4) };
  const powerStarts = [
    [middle, 0.2, 0, 0],
    [middle, 0.7, Math.log(1.5), 0.1],
  ];
  const family = expect(makePower(best(makePower, [logPeak, share, logPower, share], powerStarts)));
  const makeCosine = ([log, end]: readonly number[]) =>
    cosine({ peak: within(Math.exp(log!)), totalSteps: steps, warmupSteps, endFactor: end! });
  const cosineAtBest = expect(makeCosine(best(makeCosine, [logPeak, share], [[middle, 0.1]])));
  const free = freeForm(law, family.rates, { warmupSteps, peak, smallestRate: smallestShare * peak.to });
  const capped = free.map((rate) => Math.min(rate, peak.to));
  const lines = expect(piecewiseLinear({ points: cornersOf(capped, 1e-3 * peak.to) }));
  const form = lines.expectedLoss < family.expectedLoss ? 'freeForm' : 'powerDecay';
  return {
    ...(form === 'freeForm' ? lines : family),
    ...{ form, powerDecay: family, freeForm: lines, cosine: cosineAtBest },
    warnings: warningsOf(law, rangeOf(family.rates).high, peak),
  };
}

/** Warm-up, then the peak for the share `hold` of the rest, then the decay to the share `end` of the peak. */
function powerDecay(
  peak: number,
  steps: number,
  warmupSteps: number,
  hold: number,
  power: number,
  end: number,
): Schedule {
  const rest = steps - warmupSteps;
  // The decay begins with a step of its own at the peak.
  const decaySteps = Math.max(2, rest - Math.round(hold * (rest - 2)));
  const decay = polynomial({ peak, totalSteps: decaySteps, power, endFactor: end });
  const until = steps - decaySteps;
  if (until === 0) return decay;
  const before = warmupSteps === 0 ? constant(peak) : linearWarmup({ peak, warmupSteps });
  return join([{ until, schedule: before }, { schedule: decay }]);
}

function readOptions(options: SuggestScheduleOptions) {
  const owner = 'suggestSchedule';
  checkKeys(owner, options, ['law', 'steps', 'peak', 'warmupSteps', 'smallestShare']);
  const { law, steps, smallestShare = 0.01 } = options;
  checkWhole(owner, 'steps', steps, 4);
  const { warmupSteps = Math.round(steps / 10) } = options;
  checkWhole(owner, 'warmupSteps', warmupSteps, 0);
  if (warmupSteps > steps - 2) {
    throw new Error(`${owner}: warmupSteps must leave 2 of the ${steps} steps or more, got ${warmupSteps}`);
  }
  const { peak = law.peaks } = options;
  if (peak === undefined) {
    throw new Error(
      `${owner}: peak is missing; a law that was not fitted here needs a number, or { from, to }`,
    );
  }
  const range = typeof peak === 'number' ? { from: peak, to: peak } : peak;
  if (typeof range !== 'object' || range === null) {
    throw new Error(`${owner}: peak must be a number, or { from, to }, got ${describeValue(peak)}`);
  }
  checkKeys(`${owner}: peak`, range, ['from', 'to']);
  checkPositive(owner, 'peak.from', range.from);
  checkPositive(owner, 'peak.to', range.to);
  if (range.from > range.to) {
    throw new Error(`${owner}: peak.from must be at most peak.to, got ${range.from} and ${range.to}`);
  }
  checkPositive(owner, 'smallestShare', smallestShare);
  if (smallestShare * range.to >= range.from) {
    throw new Error(
      `${owner}: smallestShare of the largest peak must be less than the smallest peak ${range.from}, ` +
        `got ${smallestShare} of ${range.to}`,
    );
  }
  return { law, steps, peak: range, warmupSteps, smallestShare };
}

function warningsOf({ peaks }: ScheduleLaw, chosen: number, allowed: Range): string[] {
  const warnings: string[] = [];
  const isAt = (bound: number) => Math.abs(Math.log(chosen / bound)) < 0.01;
  if (allowed.from < allowed.to && (isAt(allowed.from) || isAt(allowed.to))) {
    warnings.push(`the best peak, ${chosen.toPrecision(3)}, is at the edge of the range that was given`);
  }
  if (peaks !== undefined && (chosen > peaks.to * 1.01 || chosen < peaks.from / 1.01)) {
    warnings.push(
      `the peak ${chosen.toPrecision(3)} is outside those of the curves that the law was fitted on, ` +
        `${peaks.from.toPrecision(3)} to ${peaks.to.toPrecision(3)}`,
    );
  }
  return warnings;
}

/**
 * The corners of straight lines that follow a list of rates to within a tolerance (Ramer 1972; Douglas and Peucker 1973,
 * with distance measured in the rate).
 *
 * @returns `[step, rate]` of each corner; the first step is 1
 */
function cornersOf(rates: ArrayLike<number>, tolerance: number): [number, number][] {
  const kept = new Set([0, rates.length - 1]);
  const open: [number, number][] = [[0, rates.length - 1]];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const [from, to] = range;
    let farthest = from;
    let largest = tolerance;
    for (let index = from + 1; index < to; index++) {
      const line = rates[from]! + ((rates[to]! - rates[from]!) * (index - from)) / (to - from);
      const distance = Math.abs(rates[index]! - line);
      if (distance > largest) [farthest, largest] = [index, distance];
    }
    if (farthest === from) continue;
    kept.add(farthest);
    open.push([from, farthest], [farthest, to]);
  }
  return [...kept].sort((a, b) => a - b).map((index) => [index + 1, rates[index]!]);
}
