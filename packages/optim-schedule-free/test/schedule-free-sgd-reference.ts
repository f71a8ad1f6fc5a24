import type { ReferenceAverage, ReferenceStep } from '@steepest/optimizer-testing';

/**
 * Schedule-free SGD in plain JavaScript, after equations 3 to 5 of Defazio et al. 2024, with all three iterates kept;
 * `state.x` is the average. Its weights are counted per parameter, which must have a gradient in every step.
 */
export const scheduleFreeSgdReference: ReferenceStep = ({
  parameter: y,
  gradient,
  state,
  iteration,
  options,
}) => {
  state.x ??= y.slice();
  state.z ??= y.slice();
  state.weights ??= new Float64Array(2);
  const { x, z, weights } = state as Record<'x' | 'z' | 'weights', Float64Array>;
  const warm = iteration < options.warmupSteps ? iteration / options.warmupSteps : 1;
  const rate = options.learningRate * warm;
  weights[1] = Math.max(weights[1]!, rate);
  const weight = iteration ** options.polynomialPower * weights[1] ** options.weightLrPower;
  weights[0]! += weight;
  const share = weights[0] === 0 ? 0 : weight / weights[0]!;
  for (let i = 0; i < y.length; i++) {
    z[i]! -= rate * gradient[i]! + (options.decay ?? 0) * warm * y[i]!;
    x[i] = (1 - share) * x[i]! + share * z[i]!;
    y[i] = options.momentum * x[i]! + (1 - options.momentum) * z[i]!;
  }
};

/** The average that the reference keeps; before the first step the parameter itself. */
export const keptAverage: ReferenceAverage = ({ parameter, state }) => state.x ?? parameter;
