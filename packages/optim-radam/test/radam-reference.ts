import type { ReferenceStep } from '@steepest/optimizer-testing';

/** RAdam after algorithm 2 of Liu et al. 2020, arXiv 1908.03265, one weight after the other; rectified above 5. */
export const radamReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(parameter.length);
  const { learningRate, beta1, beta2, epsilon } = options;
  const longest = (1 + beta2) / (1 - beta2);
  const unbias = 1 - beta2 ** step;
  const length = longest - (2 * step * beta2 ** step) / unbias;
  const variance = (rho: number): number => rho / ((rho - 2) * (rho - 4));
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g;
    state.v[i] = beta2 * state.v[i]! + (1 - beta2) * g ** 2;
    let move = state.m[i]! / (1 - beta1 ** step);
    if (length > 5) {
      const rectification = Math.sqrt(variance(longest) / variance(length));
      move *= (rectification * Math.sqrt(unbias)) / (Math.sqrt(state.v[i]!) + epsilon);
    }
    parameter[i]! -= learningRate * move;
  }
};
