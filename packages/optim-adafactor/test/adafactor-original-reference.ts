import type { ReferenceStep } from '@steepest/optimizer-testing';

const rootMeanSquare = (values: Float64Array): number =>
  Math.sqrt(values.reduce((total, value) => total + value * value, 0) / values.length);

/**
 * What `1 - t^beta2Decay` leaves of `slot[index]`, and the rest from the observation. The paper keeps sums of rows and
 * columns; their means differ by a factor that cancels in the update.
 */
function follow(slot: Float64Array, index: number, observed: number, beta2: number): void {
  slot[index] = beta2 * slot[index]! + (1 - beta2) * observed;
}

/** What is added to every square, and the bound of the rows' mean and of the root of the second moment. */
interface Epsilons {
  readonly added: number;
  readonly least: number;
}

/** Algorithm 5 of Shazeer and Stern, for scalars and vectors: the update before it is clipped. */
function vectorUpdate(
  gradient: Float64Array,
  secondMoment: Float64Array,
  beta2: number,
  { added, least }: Epsilons,
): Float64Array {
  return gradient.map((g, index) => {
    follow(secondMoment, index, g * g + added, beta2);
    return g / Math.sqrt(Math.max(secondMoment[index]!, least ** 2));
  });
}

/** Algorithm 4, for each matrix of the last two axes. */
function matrixUpdate(
  gradient: Float64Array,
  shape: readonly number[],
  { secondMomentRows: R, secondMomentColumns: C }: Record<string, Float64Array>,
  beta2: number,
  { added, least }: Epsilons,
): Float64Array {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const update = new Float64Array(gradient.length);
  for (let matrix = 0; matrix * rows * columns < gradient.length; matrix++) {
    const at = (row: number, column: number): number => (matrix * rows + row) * columns + column;
    const squareAt = (row: number, column: number): number => gradient[at(row, column)]! ** 2 + added;
    for (let row = 0; row < rows; row++) {
      let total = 0;
      for (let column = 0; column < columns; column++) total += squareAt(row, column);
      follow(R!, matrix * rows + row, total / columns, beta2);
    }
    for (let column = 0; column < columns; column++) {
      let total = 0;
      for (let row = 0; row < rows; row++) total += squareAt(row, column);
      follow(C!, matrix * columns + column, total / rows, beta2);
    }
    let meanOfRows = 0;
    for (let row = 0; row < rows; row++) meanOfRows += R![matrix * rows + row]! / rows;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const secondMoment =
          (R![matrix * rows + row]! * C![matrix * columns + column]!) / Math.max(meanOfRows, least);
        update[at(row, column)] = gradient[at(row, column)]! / Math.sqrt(Math.max(secondMoment, least ** 2));
      }
    }
  }
  return update;
}

function emptyState(shape: readonly number[], size: number, beta1: number): Record<string, Float64Array> {
  const momentum = beta1 === 0 ? {} : { momentum: new Float64Array(size) };
  if (shape.length < 2) return { ...momentum, secondMoment: new Float64Array(size) };
  return {
    ...momentum,
    secondMomentRows: new Float64Array(size / shape.at(-1)!),
    secondMomentColumns: new Float64Array(size / shape.at(-2)!),
  };
}

/** Shazeer and Stern 2018, arXiv 1804.04235, algorithms 4 to 6, with a first moment of the step and weight decay. */
export const adafactorOriginalReference: ReferenceStep = ({
  parameter,
  gradient,
  shape,
  state,
  step,
  options,
}) => {
  const { learningRate, beta1, beta2Decay, epsilon1, epsilon2, clipThreshold } = options;
  if (Object.keys(state).length === 0) Object.assign(state, emptyState(shape, parameter.length, beta1));
  const beta2 = 1 - step ** beta2Decay;
  const epsilons =
    options.epsilon1Placement === 'bound' ? { added: 0, least: epsilon1 } : { added: epsilon1, least: 0 };
  const update =
    shape.length < 2
      ? vectorUpdate(gradient, state.secondMoment!, beta2, epsilons)
      : matrixUpdate(gradient, shape, state, beta2, epsilons);
  const relativeStep = options.relativeStep ? Math.min(learningRate, 1 / Math.sqrt(step)) : learningRate;
  const scale = options.scaleParameter ? Math.max(epsilon2, rootMeanSquare(parameter)) : 1;
  const decay =
    options.decayScale === 'stepSize' ? (options.decay * scale * relativeStep) / learningRate : options.decay;
  const clipping = Math.max(1, rootMeanSquare(update) / clipThreshold);
  for (let index = 0; index < parameter.length; index++) {
    let move = (scale * relativeStep * update[index]!) / clipping;
    if (state.momentum !== undefined) {
      move = beta1 * state.momentum[index]! + (1 - beta1) * move;
      state.momentum[index] = move;
    }
    parameter[index] = parameter[index]! - decay * parameter[index]! - move;
  }
};
