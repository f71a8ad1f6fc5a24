import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Lion as algorithm 2 of Chen et al. 2023 states it: interpolate, take the sign, then update the momentum. */
export const lionReference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  const { learningRate, beta1, beta2 } = options;
  state.momentum ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    const m = state.momentum[i]!;
    const g = gradient[i]!;
    parameter[i]! -= learningRate * Math.sign(beta1 * m + (1 - beta1) * g);
    state.momentum[i] = beta2 * m + (1 - beta2) * g;
  }
};
