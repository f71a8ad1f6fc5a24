import type { Expression } from './expression.ts';
import type { HyperparameterSpec, SlotSpec } from './update-rule.ts';

/** The least and the largest number that an expression can be. */
interface Interval {
  readonly low: number;
  readonly high: number;
}

const anything: Interval = { low: -Infinity, high: Infinity };
const atLeastZero: Interval = { low: 0, high: Infinity };

/** Ranges of the engine's scalars. */
const engineScalars: Readonly<Record<string, Interval>> = {
  step: { low: 1, high: Infinity },
  iteration: { low: 1, high: Infinity },
  weightDecay: atLeastZero,
};

/**
 * The slots of a rule that are never negative: they start so, and whenever all of them are so and every hyperparameter is in its range,
 * their new values are so as well.
 *
 * @param outputs New values of slots by each function of the rule that gives some.
 */
export function nonNegativeSlots(
  slots: Readonly<Record<string, SlotSpec>>,
  outputs: readonly Readonly<Record<string, Expression>>[],
  hyperparameters: Readonly<Record<string, HyperparameterSpec>>,
): ReadonlySet<string> {
  const starts = Object.entries(slots).filter(
    ([, { initial = 0 }]) => initial !== 'parameter' && initial >= 0,
  );
  let assumed = new Set(starts.map(([name]) => name));
  for (;;) {
    const range = ranges(assumed, hyperparameters);
    const proven = [...assumed].filter((name) =>
      outputs.every((values) => values[name] === undefined || range(values[name]).low >= 0),
    );
    if (proven.length === assumed.size) return assumed;
    assumed = new Set(proven);
  }
}

function ranges(
  nonNegative: ReadonlySet<string>,
  hyperparameters: Readonly<Record<string, HyperparameterSpec>>,
): (expression: Expression) => Interval {
  const known = new Map<Expression, Interval>();
  const compute = (node: Expression): Interval => {
    switch (node.kind) {
      case 'constant':
        return { low: node.value, high: node.value };
      case 'scalar': {
        const spec = hyperparameters[node.name];
        if (spec === undefined) return engineScalars[node.name] ?? anything;
        return { low: spec.minimum ?? -Infinity, high: spec.maximum ?? spec.below ?? Infinity };
      }
      case 'tensor':
        return nonNegative.has(node.name) ? atLeastZero : anything;
      case 'unary':
        return unaryRange(node.operation, range(node.input));
      case 'binary':
        // The product of an expression and itself is a square.
        if (node.operation === 'mul' && node.left === node.right)
          return unaryRange('square', range(node.left));
        return binaryRange(node.operation, range(node.left), range(node.right));
      case 'where': {
        const [a, b] = [range(node.whenTrue), range(node.whenFalse)];
        return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
      }
      case 'reduce': {
        const { low, high } = range(node.input);
        // A mean over no elements is 0, and so is a sum.
        const mean = { low: Math.min(low, 0), high: Math.max(high, 0) };
        if (node.operation === 'mean') return mean;
        return { low: mean.low === 0 ? 0 : -Infinity, high: mean.high === 0 ? 0 : Infinity };
      }
      case 'transform':
        return anything;
    }
  };
  const range = (node: Expression): Interval => {
    let found = known.get(node);
    if (found === undefined) {
      found = compute(node);
      known.set(node, found);
    }
    return found;
  };
  return range;
}

function unaryRange(
  operation: Extract<Expression, { kind: 'unary' }>['operation'],
  { low, high }: Interval,
): Interval {
  const farthest = Math.max(Math.abs(low), Math.abs(high));
  const nearest = low > 0 ? low : high < 0 ? -high : 0;
  switch (operation) {
    case 'neg':
      return { low: -high, high: -low };
    case 'abs':
      return { low: nearest, high: farthest };
    case 'sign':
      return { low: Math.sign(low), high: Math.sign(high) };
    case 'sqrt':
      return { low: Math.sqrt(Math.max(low, 0)), high: Math.sqrt(Math.max(high, 0)) };
    case 'square':
      return { low: nearest ** 2, high: farthest ** 2 };
    case 'exp':
      return { low: Math.exp(low), high: Math.exp(high) };
    case 'floor':
      return { low: Math.floor(low), high: Math.floor(high) };
    case 'log':
      return anything;
  }
}

function binaryRange(
  operation: Extract<Expression, { kind: 'binary' }>['operation'],
  a: Interval,
  b: Interval,
): Interval {
  switch (operation) {
    case 'add':
      return { low: a.low + b.low, high: a.high + b.high };
    case 'sub':
      return { low: a.low - b.high, high: a.high - b.low };
    case 'mul':
      return hull(
        [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => (x === 0 || y === 0 ? 0 : x * y))),
      );
    case 'div':
      // Division by 0 keeps the sign or gives NaN.
      return a.low >= 0 && b.low >= 0 ? atLeastZero : anything;
    case 'pow':
      if (a.low < 0) return anything;
      return a.high <= 1 && b.low >= 0 ? { low: 0, high: 1 } : atLeastZero;
    case 'minimum':
      return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
    case 'maximum':
      return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
    case 'greater':
    case 'equal':
      return { low: 0, high: 1 };
  }
}

function hull(numbers: readonly number[]): Interval {
  return { low: Math.min(...numbers), high: Math.max(...numbers) };
}
