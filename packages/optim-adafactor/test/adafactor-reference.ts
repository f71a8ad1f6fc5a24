import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Position of a flat, row-major element along each axis. */
function positions(element: number, shape: readonly number[]): number[] {
  const position: number[] = [];
  for (let axis = shape.length - 1, rest = element; axis >= 0; axis--) {
    position[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return position;
}

function mean(numbers: Iterable<number>): number {
  const all = [...numbers];
  return all.reduce((sum, x) => sum + x, 0) / all.length;
}

/** The mean of the squared gradient over all axes but one, for each position along that one. */
function axisMeans(gradient: Float64Array, shape: readonly number[], axis: number): Float64Array {
  const sums = new Float64Array(shape[axis]!);
  gradient.forEach((g, element) => {
    sums[positions(element, shape)[axis]!]! += g * g;
  });
  return sums.map((sum) => (sum * shape[axis]!) / gradient.length);
}

/**
 * Adafactor as the study of Zhao et al. 2024 runs it: the second moment of a tensor is the product of one moving average
 * an axis, over a power of the mean of the first; that of a vector is shared by its elements, or kept one an element.
 */
export const adafactorReference: ReferenceStep = ({ parameter, gradient, shape, state, step, options }) => {
  const { learningRate, beta1, beta2, epsilon, vectorSecondMoment, neuronOnly } = options;
  const follow = (slot: string, now: Float64Array): Float64Array => {
    const before = state[slot] ?? new Float64Array(now.length);
    state[slot] = now.map((x, i) => beta2 * before[i]! + (1 - beta2) * x);
    return state[slot];
  };
  const momentum = state.m ?? new Float64Array(parameter.length);
  state.m = momentum.map((m, i) => beta1 * m + (1 - beta1) * gradient[i]!);

  let secondMoment: (element: number) => number;
  if (shape.length < 2) {
    const squares = gradient.map((g) => g * g);
    const kept =
      vectorSecondMoment === 'perElement'
        ? follow('v', squares)
        : follow('v', Float64Array.of(mean(squares)));
    secondMoment = (element) => kept[kept.length === 1 ? 0 : element]!;
  } else {
    const axes = shape.map((_, axis) => follow(`axis${axis}`, axisMeans(gradient, shape, axis)));
    const overall = mean(axes[0]!) ** (shape.length - 1);
    const last = shape.length - 1;
    secondMoment = (element) => {
      const factors = positions(element, shape).map((position, axis) => {
        return neuronOnly && axis === last ? mean(axes[axis]!) : axes[axis]![position]!;
      });
      return factors.reduce((product, x) => product * x, 1) / overall;
    };
  }
  for (let i = 0; i < parameter.length; i++) {
    const denominator = Math.sqrt(secondMoment(i) / (1 - beta2 ** step)) + epsilon;
    parameter[i]! -= (learningRate * state.m[i]!) / (1 - beta1 ** step) / denominator;
  }
};
