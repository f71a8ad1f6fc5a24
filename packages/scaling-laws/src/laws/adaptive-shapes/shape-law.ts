import { leastBy } from '../../fitting/numbers.ts';

/** Constants of the law of one shape: f(C) = a (C + d)^-b + c, with C in FLOPs and the loss in nats per token. */
export interface ShapeConstants {
  readonly a: number;
  readonly b: number;
  /** Loss that no compute removes in this shape. */
  readonly c: number;
  /** Compute that the untrained model is ahead by, in FLOPs. */
  readonly d: number;
}

/** The law of one shape: a context length, a patch size, a width. */
export interface ShapeLaw extends ShapeConstants {
  readonly shape: number;
}

/** f(C), the loss after some FLOPs in one shape. */
export function shapeLoss({ a, b, c, d }: ShapeConstants, flops: number): number {
  return a * (flops + d) ** -b + c;
}

/** f^-1(E), the FLOPs from an untrained model to a loss; negative above f(0), infinite at the floor and below. */
export function flopsToLoss({ a, b, c, d }: ShapeConstants, loss: number): number {
  return loss > c ? ((loss - c) / a) ** (-1 / b) - d : Number.POSITIVE_INFINITY;
}

/**
 * Logarithm of -d f^-1 / dE, the FLOPs that the next nat costs: the less, the steeper the law.
 *
 * @param excess loss above the floor, E - c; infinite at 0 and below
 */
function logMarginalFlops({ a, b }: ShapeConstants, excess: number): number {
  if (!(excess > 0)) return Number.POSITIVE_INFINITY;
  return -Math.log(a * b) - (1 / b + 1) * Math.log(excess / a);
}

/** The law along which a loss falls fastest per FLOP, which is where d f^-1 / dE is largest (Anagnostidis et al. 2023, arXiv 2311.03233). */
export function steepest<L extends ShapeConstants>(laws: readonly L[], loss: number): L {
  return leastBy(laws, (law) => logMarginalFlops(law, loss - law.c));
}

/** Distances above a floor that a search for a crossing covers, as a share of the whole: e^-60 is beyond float64. */
const nearestLog = -60;

/**
 * Losses between `low` and `high`, both excluded, at which two laws are equally steep. The log of the ratio of the two
 * slopes has at most one stationary point, so there are at most two.
 */
export function equallySteepLosses(
  first: ShapeConstants,
  second: ShapeConstants,
  low: number,
  high: number,
): number[] {
  const base = Math.max(low, first.c, second.c);
  if (!(base < high)) return [];
  // In distances above the higher floor, which keep their digits near it.
  const logRatio = (distance: number) =>
    logMarginalFlops(first, base - first.c + distance) - logMarginalFlops(second, base - second.c + distance);
  const [p, q] = [1 / first.b + 1, 1 / second.b + 1];
  const stationary = Math.log((p * second.c - q * first.c) / (p - q) - base);
  const ends = [Math.log(high - base) + nearestLog, Math.log(high - base)];
  if (stationary > ends[0]! && stationary < ends[1]!) ends.splice(1, 0, stationary);
  return ends.slice(1).flatMap((to, index) => {
    const root = rootBetween((log) => logRatio(Math.exp(log)), ends[index]!, to);
    return root === undefined ? [] : [base + Math.exp(root)];
  });
}

/** The root of a monotone function, by halving to the last bit; `undefined` where its sign does not change. */
function rootBetween(f: (x: number) => number, from: number, to: number): number | undefined {
  let [low, high] = [from, to];
  const rising = f(high) > 0;
  if (f(low) > 0 === rising) return undefined;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (f(middle) > 0 === rising) high = middle;
    else low = middle;
  }
}
