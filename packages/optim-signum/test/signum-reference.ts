import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Signum: a step along the sign of the moving average of the gradients, the present one included. */
export const signumReference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  const { learningRate, beta1 } = options;
  state.momentum ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    const average = beta1 * state.momentum[i]! + (1 - beta1) * gradient[i]!;
    state.momentum[i] = average;
    parameter[i]! -= learningRate * Math.sign(average);
  }
};
