import { type Block, type Changes, divide, representativesOf } from './change-block.ts';

/**
 * The changes of a learning rate as the multi-power law sums over them, for each of several steps of a run.
 *
 * The law's sum over all steps k up to t, at every t of interest, has too many terms to fit with: 72,000 steps seen from
 * 500 of them are 18 million. Steps at which the rate does not change contribute nothing and are left out exactly. Of the
 * others, a block of neighbors that is no longer than its distance from t (both measured in summed rate) acts like a few
 * of its own steps with other weights. Near blocks, and blocks over which the rate does not run smoothly, keep every step.
 */
export interface RateChanges {
  /** Terms of the evaluation step with index i are `offsets[i]` up to, but not including, `offsets[i + 1]`. */
  readonly offsets: Int32Array;
  /** Change of the rate that a term stands for: lr_k - lr_(k-1), or the weight of a block's representative. */
  readonly weights: Float64Array;
  /** Natural log of the rate after the change, lr_k. */
  readonly logRates: Float64Array;
  /** Natural log of the summed rate from the change on, S(t) - S(k-1). */
  readonly logDistances: Float64Array;
  /** At each evaluation step, the sum of the changes to a rate of 0 after which it rose again: their effect is complete. */
  readonly completed: Float64Array;
  /** At each evaluation step, the summed rate S(t) from the first step on, the warm-up included. */
  readonly rateSums: Float64Array;
}

/**
 * Collects the changes of a learning rate, as seen from several steps.
 *
 * @param rates Rate of every step, the first step's first, warm-up included; before the first step the rate is 0
 * @param steps Steps from which to look, each from 1 to the number of rates
 * @param options `exact` keeps every change, however far
 */
export function rateChanges(
  rates: ArrayLike<number>,
  steps: ArrayLike<number>,
  { exact = false }: { readonly exact?: boolean } = {},
): RateChanges {
  const { changes, sums, completed } = collect(rates);
  const root = divide(changes, 0, changes.steps.length);
  const terms: Terms = { weights: [], logRates: [], logDistances: [] };
  const offsets = new Int32Array(steps.length + 1);
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!;
    addTerms(root, { changes, terms, step, sum: sums[step]!, exact });
    offsets[index + 1] = terms.weights.length;
  }
  return {
    offsets,
    weights: Float64Array.from(terms.weights),
    logRates: Float64Array.from(terms.logRates),
    logDistances: Float64Array.from(terms.logDistances),
    completed: Float64Array.from(steps, (step) => completed[step]!),
    rateSums: Float64Array.from(steps, (step) => sums[step]!),
  };
}

interface Terms {
  readonly weights: number[];
  readonly logRates: number[];
  readonly logDistances: number[];
}

interface View {
  readonly changes: Changes;
  readonly terms: Terms;
  readonly step: number;
  readonly sum: number;
  readonly exact: boolean;
}

function collect(rates: ArrayLike<number>): {
  readonly changes: Changes;
  readonly sums: Float64Array;
  readonly completed: Float64Array;
} {
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
    sizes: Float64Array.from(found, (step) => rates[step - 1]! - (step === 1 ? 0 : rates[step - 2]!)),
    logRates: Float64Array.from(found, (step) => Math.log(rates[step - 1]!)),
    sumsBefore: Float64Array.from(found, (step) => sums[step - 1]!),
  };
  return { changes, sums, completed };
}

function addTerms(block: Block, view: View): void {
  const { changes, step, sum, exact } = view;
  if (block.first === block.end || changes.steps[block.first]! > step) return;
  const isPast = changes.steps[block.end - 1]! <= step;
  const isFar = isPast && !exact && block.length <= sum - changes.sumsBefore[block.end - 1]!;
  const chosen = isFar ? representativesOf(block, changes) : undefined;
  if (chosen !== undefined) {
    chosen.changes.forEach((change, index) => {
      addTerm(view, change, chosen.weights[index]!);
    });
  } else if (block.halves.length > 0) {
    for (const half of block.halves) addTerms(half, view);
  } else {
    for (let change = block.first; change < block.end && changes.steps[change]! <= step; change++) {
      addTerm(view, change, changes.sizes[change]!);
    }
  }
}

function addTerm({ changes, terms, sum }: View, change: number, weight: number): void {
  terms.weights.push(weight);
  terms.logRates.push(changes.logRates[change]!);
  terms.logDistances.push(Math.log(sum - changes.sumsBefore[change]!));
}
