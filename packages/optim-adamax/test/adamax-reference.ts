import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Adamax after algorithm 2 of Kingma and Ba 2015, arXiv 1412.6980, with PyTorch's epsilon, one weight after the other. */
export const adamaxReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  state.m ??= new Float64Array(parameter.length);
  state.u ??= new Float64Array(parameter.length);
  const { learningRate, beta1, beta2, epsilon } = options;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g;
    state.u[i] = Math.max(beta2 * state.u[i]!, Math.abs(g) + epsilon);
    parameter[i]! -= (learningRate * state.m[i]!) / (state.u[i]! * (1 - beta1 ** step));
  }
};
