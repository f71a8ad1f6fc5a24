/** The steps at which a rate changes to another above 0. */
export interface Changes {
  readonly steps: Int32Array;
  /** lr_k - lr_(k-1). */
  readonly sizes: Float64Array;
  readonly logRates: Float64Array;
  /** S(k-1). */
  readonly sumsBefore: Float64Array;
}

/** A stretch of neighboring changes of the rate, halved for as long as it holds many. */
export interface Block {
  readonly first: number;
  /** One past the last change. */
  readonly end: number;
  /** Summed rate between the first change and the last. */
  readonly length: number;
  readonly halves: readonly Block[];
  /** Filled when first asked for; `undefined` in it where no few changes can stand for all. */
  found?: { readonly representatives: Representatives | undefined };
}

/** A few changes of a block with the weights that let them stand for all of it. */
export interface Representatives {
  readonly changes: readonly number[];
  readonly weights: readonly number[];
}

/**
 * Polynomials through 10 steps, over a block no longer than its distance, miss a function with its singularity beyond
 * that distance by less than 4 * 5.8^-9 / 4.8 = 1e-7 of its size (Bernstein ellipse of parameter 3 + sqrt 8).
 */
const representativeCount = 6;

/** Largest error of the log of the rate when a polynomial through the representatives replaces it. */
const smoothness = 1e-5;

/** Halves a stretch of changes until no more than `2 * representativeCount` are left in each part. */
export function divide(changes: Changes, first: number, end: number): Block {
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
 * The changes that stand for a block seen from afar, or `undefined` where the rate does not run smoothly enough over it.
 *
 * They are the changes nearest to the Chebyshev points of the block, in summed rate. Their weights are those with which
 * the polynomial through any function's values at them is summed exactly over all changes of the block.
 */
export function representativesOf(block: Block, changes: Changes): Representatives | undefined {
  block.found ??= { representatives: block.halves.length === 0 ? undefined : search(block, changes) };
  return block.found.representatives;
}

function search(block: Block, changes: Changes): Representatives | undefined {
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
  return { changes: chosen, weights };
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
