import { leastBy } from '../../fitting/numbers.ts';

/** A part of a traversal, in one shape. */
export interface TraversalSegment {
  readonly shape: number;
  /** Loss at which it begins; that of the whole traversal for the first. */
  readonly fromLoss: number;
  readonly toLoss: number;
  /** FLOPs spent in it; of the first, from the untrained model on. */
  readonly flops: number;
}

/** A way down through several shapes. */
export interface Traversal {
  readonly segments: readonly TraversalSegment[];
  /** Loss at the end. */
  readonly loss: number;
  /** FLOPs of all segments. */
  readonly flops: number;
}

/** Where a traversal ends: at a loss, or when a budget of FLOPs is spent. */
export type TraversalEnd = { readonly loss: number } | { readonly flops: number };

/**
 * The traversal of least compute: at every loss it follows the steepest law, the one with the largest d f^-1 / dE, and it
 * switches shape where another law becomes steeper (Anagnostidis et al. 2023, arXiv 2311.03233). This assumes what
 * they found: after a switch, training continues along the law of the new shape from the loss it had.
 *
 * Above `from` it stays in the shape that is steepest there: laws say little of the first steps.
 *
 * @param laws one a shape
 * @param from loss from which shapes may change, such as the highest that the laws were fitted on
 * @throws Error when no shape reaches the loss asked for
 */
export function optimalTraversal(laws: readonly ShapeLaw[], from: number, end: TraversalEnd): Traversal {
  const floor = Math.min(...laws.map(({ c }) => c));
  const target = 'loss' in end ? end.loss : floor;
  if ('loss' in end && target <= floor) {
    throw new Error(
      `no shape reaches a loss of ${target}: the lowest floor of their laws is ${floor.toPrecision(5)}`,
    );
  }
  const budget = 'flops' in end ? end.flops : Number.POSITIVE_INFINITY;
  const segments: TraversalSegment[] = [];
  let spent = 0;
  for (const { law, fromLoss, toLoss } of stretches(laws, Math.max(from, target), target)) {
    // The first stretch is trained from the beginning, not from `from`.
    const start = segments.length === 0 ? 0 : flopsToLoss(law, fromLoss);
    const flops = Math.max(0, flopsToLoss(law, toLoss) - start);
    if (flops < budget - spent) {
      segments.push({ shape: law.shape, fromLoss, toLoss, flops });
      spent += flops;
      continue;
    }
    const rest = budget - spent;
    segments.push({ shape: law.shape, fromLoss, toLoss: shapeLoss(law, start + rest), flops: rest });
    spent = budget;
    break;
  }
  return { segments, loss: segments.at(-1)!.toLoss, flops: spent };
}

/** What a traversal saves against training in one shape throughout, by the laws. */
export interface ShapeSaving {
  readonly shape: number;
  /** FLOPs to the same loss in this shape; infinite where it never gets there. */
  readonly flops: number;
  /** Share of them that the traversal does without. */
  readonly saved: number;
}

/** Compares a traversal with training in the shape of a law from the beginning to the same loss. */
export function savingAgainst(law: ShapeLaw, { loss, flops: spent }: Traversal): ShapeSaving {
  const flops = Math.max(0, flopsToLoss(law, loss));
  return { shape: law.shape, flops, saved: 1 - spent / flops };
}

interface Stretch {
  readonly law: ShapeLaw;
  readonly fromLoss: number;
  readonly toLoss: number;
}

/** The losses from `from` down to `to`, cut where the steepest law changes. */
function stretches(laws: readonly ShapeLaw[], from: number, to: number): Stretch[] {
  const crossings = laws.flatMap((law, index) =>
    laws.slice(index + 1).flatMap((other) => equallySteepLosses(law, other, to, from)),
  );
  const cuts = [...crossings.sort((a, b) => b - a), to];
  const found: Stretch[] = [];
  let fromLoss = from;
  for (const toLoss of cuts) {
    const law = steepest(laws, (fromLoss + toLoss) / 2);
    const last = found.at(-1);
    if (last?.law === law) found[found.length - 1] = { ...last, toLoss };
    else found.push({ law, fromLoss, toLoss });
    fromLoss = toLoss;
  }
  return found;
}

/** The law of one shape, such as a context length: f(C) = a (C + d)^-b + c, with C in FLOPs and the loss in nats per token. */
export interface ShapeLaw {
  readonly shape: number;
  readonly a: number;
  readonly b: number;
  /** Loss that no compute removes in this shape. */
  readonly c: number;
  /** Compute that the untrained model is ahead by, in FLOPs. */
  readonly d: number;
}

/** f(C), the loss after some FLOPs in one shape. */
export function shapeLoss({ a, b, c, d }: ShapeLaw, flops: number): number {
  return a * (flops + d) ** -b + c;
}

/** f^-1(E), the FLOPs from an untrained model to a loss; negative above f(0), infinite at the floor and below. */
export function flopsToLoss({ a, b, c, d }: ShapeLaw, loss: number): number {
  return loss > c ? ((loss - c) / a) ** (-1 / b) - d : Number.POSITIVE_INFINITY;
}

/**
 * Logarithm of -d f^-1 / dE, the FLOPs that the next nat costs: the less, the steeper the law.
 *
 * @param excess loss above the floor, E - c; infinite at 0 and below
 */
function logMarginalFlops({ a, b }: ShapeLaw, excess: number): number {
  if (!(excess > 0)) return Number.POSITIVE_INFINITY;
  return -Math.log(a * b) - (1 / b + 1) * Math.log(excess / a);
}

/** The law along which a loss falls fastest per FLOP, which is where d f^-1 / dE is largest (Anagnostidis et al. 2023, arXiv 2311.03233). */
function steepest(laws: readonly ShapeLaw[], loss: number): ShapeLaw {
  return leastBy(laws, (law) => logMarginalFlops(law, loss - law.c));
}

/** Distances above a floor that a search for a crossing covers, as a share of the whole: e^-60 is beyond float64. */
const nearestLog = -60;

/**
 * Losses between `low` and `high`, both excluded, at which two laws are equally steep. The log of the ratio of the two
 * slopes has at most one stationary point, so there are at most two.
 */
function equallySteepLosses(first: ShapeLaw, second: ShapeLaw, low: number, high: number): number[] {
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

/** A training step in one shape. */
export interface ShapeStep {
  readonly contextLength: number;
  /** Sequences a step. */
  readonly batchSize: number;
  /** FLOPs of the step, forward and backward. */
  readonly flops: number;
}

/** A traversal as a training plan; `phases` and `steps` are options of `train` of `@steepest/trainer`. */
export interface TrainingPlan {
  readonly steps: number;
  readonly phases: readonly {
    readonly fromStep: number;
    readonly contextLength: number;
    readonly batchSize: number;
  }[];
  /** FLOPs of all steps: those of the traversal, to half a step. */
  readonly flops: number;
}

/**
 * Turns a traversal into whole training steps. What rounding takes from a phase the next one gets, so that every switch is
 * within half a step of its place; a phase that rounds to no step is left out.
 *
 * @param stepOf the training step in a shape
 */
export function trainingPlan(traversal: Traversal, stepOf: (shape: number) => ShapeStep): TrainingPlan {
  const phases: TrainingPlan['phases'][number][] = [];
  let [steps, flops, due] = [0, 0, 0];
  for (const segment of traversal.segments) {
    due += segment.flops;
    const { contextLength, batchSize, flops: perStep } = stepOf(segment.shape);
    const count = Math.round((due - flops) / perStep);
    if (count < 1) continue;
    const last = phases.at(-1);
    if (last?.contextLength !== contextLength || last.batchSize !== batchSize) {
      phases.push({ fromStep: steps, contextLength, batchSize });
    }
    steps += count;
    flops += count * perStep;
  }
  return { steps, phases, flops };
}
