import { equallySteepLosses, flopsToLoss, type ShapeLaw, shapeLoss, steepest } from './shape-law.ts';

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

/** Where a traversal ends: at a loss, or when so many FLOPs are spent. */
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
