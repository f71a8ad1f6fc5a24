/**
 * The changes of a learning rate as the multi-power law sums over them, seen from a step t of a run.
 *
 * The law's sum over all steps k up to t, at every t of interest, has too many terms to fit with: 72,000 steps seen from
 * 500 of them are 18 million. Steps at which the rate does not change contribute nothing and are left out exactly. Of the
 * others, a block of neighbors that is no longer than its distance from t (both measured in summed rate) acts like a few
 * of its own steps with other weights. Near blocks, and blocks over which the rate does not run smoothly, keep every step.
 */
export interface RateChanges {
  /** Change of the rate that a term stands for: lr_k - lr_(k-1), or the weight of a block's representative. */
  readonly weights: Float64Array;
  /** Natural log of the rate after the change, lr_k. */
  readonly logRates: Float64Array;
  /** Natural log of the summed rate from the change on, S(t) - S(k-1). */
  readonly logDistances: Float64Array;
  /** The sum of the changes to a rate of 0 after which it rose again: their effect is complete. */
  readonly completed: number;
  /** The summed rate S(t) from the first step on, the warm-up included. */
  readonly rateSum: number;
}

/**
 * Collects the changes of a learning rate, as seen from each of several steps.
 *
 * @param rates Rate of every step, the first step's first, warm-up included; before the first step the rate is 0
 * @param steps Steps from which to look, each from 1 to the number of rates
 */
export function rateChanges(rates: ArrayLike<number>, steps: ArrayLike<number>): RateChanges[] {
  const { changes, sums, completed } = collect(rates);
  const root = divide(changes, 0, changes.steps.length);
  return Array.from(steps, (step) => {
    const sum = sums[step]!;
    const terms = termsOf(root, changes, { step, sum });
    return {
      weights: Float64Array.from(terms, ({ weight }) => weight),
      logRates: Float64Array.from(terms, ({ change }) => changes.logRates[change]!),
      logDistances: Float64Array.from(terms, ({ change }) => Math.log(sum - changes.sumsBefore[change]!)),
      ...{ completed: completed[step]!, rateSum: sum },
    };
  });
}

interface Term {
  readonly change: number;
  readonly weight: number;
}

function collect(rates: ArrayLike<number>) {
  const sums = new Float64Array(rates.length + 1);
  const completed = new Float64Array(rates.length + 1);
  const found: number[] = [];
  let before = 0;
  let toZero = 0;
  for (let step = 1; step <= rates.length; step++) {
    const rate = rates[step - 1]!;
    sums[step] = sums[step - 1]! + rate;
    if (rate === 0) toZero -= before;
    // While the rate stays 0 nothing moves, so that a change to 0 has no effect before it rises again, and then all of it.
    completed[step] = rate === 0 ? completed[step - 1]! : toZero;
    if (rate !== before && rate > 0) found.push(step);
    before = rate;
  }
  const changes = {
    steps: Int32Array.from(found),
    /** lr_k - lr_(k-1). */
    sizes: Float64Array.from(found, (step) => rates[step - 1]! - (step === 1 ? 0 : rates[step - 2]!)),
    logRates: Float64Array.from(found, (step) => Math.log(rates[step - 1]!)),
    /** S(k-1). */
    sumsBefore: Float64Array.from(found, (step) => sums[step - 1]!),
  };
  return { changes, sums, completed };
}

/** What a block adds to the sum at a step, up to which the rates sum to `sum`. */
function termsOf(
  block: Block,
  changes: Changes,
  from: { readonly step: number; readonly sum: number },
): readonly Term[] {
  const { first, end, halves, length } = block;
  if (first === end || changes.steps[first]! > from.step) return [];
  const isPast = changes.steps[end - 1]! <= from.step;
  const isFar = isPast && length <= from.sum - changes.sumsBefore[end - 1]!;
  const representatives = isFar ? representativesOf(block, changes) : undefined;
  if (representatives !== undefined) return representatives;
  if (halves.length > 0) return halves.flatMap((half) => termsOf(half, changes, from));
  const all = Array.from({ length: end - first }, (_, index) => first + index);
  return all
    .filter((change) => changes.steps[change]! <= from.step)
    .map((change) => ({ change, weight: changes.sizes[change]! }));
}

/** The steps at which a rate changes to another above 0. */
type Changes = ReturnType<typeof collect>['changes'];

/** A stretch of neighboring changes of the rate, halved for as long as it holds many. */
interface Block {
  readonly first: number;
  /** One past the last change. */
  readonly end: number;
  /** Summed rate between the first change and the last. */
  readonly length: number;
  readonly halves: readonly Block[];
  /** Filled when first asked for; `undefined` in it where no few changes can stand for all. */
  found?: { readonly representatives: readonly Term[] | undefined };
}

/**
 * Polynomials through n steps, over a block no longer than its distance, miss a function with its singularity beyond that
 * distance by less than 4 * 5.8^(1 - n) / 4.8 of its size (Bernstein ellipse of parameter 3 + sqrt 8): a ten-thousandth for 6,
 * and far less for most blocks, which are further away. The losses of the tests come out within 1e-8.
 */
const representativeCount = 6;

/** Largest error of the log of the rate when a polynomial through the representatives replaces it. */
const smoothness = 1e-5;

/** Halves a stretch of changes until no more than `2 * representativeCount` are left in each part. */
function divide(changes: Changes, first: number, end: number): Block {
  const middle = (first + end) >> 1;
  return {
    first,
    end,
    length: end > first ? changes.sumsBefore[end - 1]! - changes.sumsBefore[first]! : 0,
    halves:
      end - first > 2 * representativeCount
        ? [divide(changes, first, middle), divide(changes, middle, end)]
        : [],
  };
}

/**
 * The few changes, with weights, that stand for a block seen from afar, or `undefined` where the rate does not run smoothly
 * enough over it.
 *
 * They are the changes nearest to the Chebyshev points of the block, in summed rate. Their weights are those with which
 * the polynomial through any function's values at them is summed exactly over all changes of the block.
 */
function representativesOf(block: Block, changes: Changes): readonly Term[] | undefined {
  block.found ??= { representatives: block.halves.length === 0 ? undefined : search(block, changes) };
  return block.found.representatives;
}

function search(block: Block, changes: Changes): readonly Term[] | undefined {
  const { first, end, length } = block;
  const start = changes.sumsBefore[first]!;
  const position = (change: number) => ((changes.sumsBefore[change]! - start) / length) * 2 - 1;
  const chosen: number[] = [];
  for (let index = 0; index < representativeCount; index++) {
    const point = -Math.cos(((index + 0.5) * Math.PI) / representativeCount);
    let change = (chosen.at(-1) ?? first - 1) + 1;
    while (change + 1 < end && Math.abs(position(change + 1) - point) < Math.abs(position(change) - point))
      change++;
    if (change >= end) return undefined;
    chosen.push(change);
  }
  const nodes = chosen.map(position);
  const barycentric = nodes.map((node, index) =>
    nodes.reduce((product, other, place) => (place === index ? product : product / (node - other)), 1),
  );
  const weights = chosen.map(() => 0);
  const shares = new Float64Array(representativeCount);
  for (let change = first; change < end; change++) {
    lagrange(position(change), nodes, barycentric, shares);
    let logRate = 0;
    chosen.forEach((node, index) => {
      logRate += shares[index]! * changes.logRates[node]!;
      weights[index]! += shares[index]! * changes.sizes[change]!;
    });
    if (!(Math.abs(logRate - changes.logRates[change]!) <= smoothness)) return undefined;
  }
  return chosen.map((change, index) => ({ change, weight: weights[index]! }));
}

/** Values at x of the polynomials that are 1 at one node and 0 at the others. */
function lagrange(
  x: number,
  nodes: readonly number[],
  barycentric: readonly number[],
  shares: Float64Array,
): void {
  const exact = nodes.indexOf(x);
  if (exact >= 0) {
    shares.fill(0);
    shares[exact] = 1;
    return;
  }
  let sum = 0;
  nodes.forEach((node, index) => {
    shares[index] = barycentric[index]! / (x - node);
    sum += shares[index]!;
  });
  for (let index = 0; index < shares.length; index++) shares[index]! /= sum;
}
