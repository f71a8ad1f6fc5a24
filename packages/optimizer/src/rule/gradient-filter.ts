import {
  add,
  div,
  type Expression,
  equal,
  floor,
  greater,
  lerp,
  minimum,
  mul,
  type Shape,
  scalarSymbol,
  sub,
  tensorSymbol,
  where,
} from './expression.ts';

/** A filter as it is traced; its decay and its strength are scalars. */
export interface TracedFilter {
  /** Gradients whose mean is added; 0 for a moving average of all. */
  readonly filterWindow: number;
  /** Whether a window adds nothing until it is full. */
  readonly filterWaits: boolean;
}

/** A gradient with what a filter has added to it, and what the filter keeps. */
export interface FilteredGradient {
  readonly gradient: Expression;
  /** New values of the filter's slots, each of the gradient's shape and 0 at first. */
  readonly outputs: Readonly<Record<string, Expression>>;
}

const averageSlot = 'filteredGradient';
const windowSlot = 'recentGradient';

/** Whether a slot is one of a gradient filter. */
export const isFilterSlot = (name: string): boolean =>
  name === averageSlot || (name.startsWith(windowSlot) && /^\d+of\d+$/.test(name.slice(windowSlot.length)));

/**
 * Adds `filterStrength` times the slow part of the gradients to a gradient (Lee et al. 2024, Grokfast, arXiv 2405.20233): their moving
 * average, which starts at the first gradient itself, or the mean of the last ones.
 */
export function filtered(
  gradient: Expression,
  shape: Shape,
  { filterWindow: window, filterWaits: waits }: TracedFilter,
): FilteredGradient {
  const [step, strength] = [scalarSymbol('step'), scalarSymbol('filterStrength')];
  if (window === 0) {
    const before = tensorSymbol(averageSlot, shape);
    const average = where(equal(step, 1), gradient, lerp(gradient, before, scalarSymbol('filterDecay')));
    return { gradient: add(gradient, mul(strength, average)), outputs: { [averageSlot]: average } };
  }
  // A ring: each gradient takes the place of the oldest.
  const turn = sub(step, 1);
  const place = sub(turn, mul(window, floor(div(turn, window))));
  // A run that is resumed with another window starts an empty one, since the places in the old one are others.
  const names = Array.from({ length: window }, (_, index) => `${windowSlot}${index}of${window}`);
  const recent = names.map((name, index) => where(equal(place, index), gradient, tensorSymbol(name, shape)));
  const total = recent.reduce((sum, next) => add(sum, next));
  const share = div(strength, minimum(step, window));
  const weight = waits ? where(greater(window, step), 0, share) : share;
  return {
    gradient: add(gradient, mul(weight, total)),
    outputs: Object.fromEntries(names.map((name, index) => [name, recent[index]!])),
  };
}
