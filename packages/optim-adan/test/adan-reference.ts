import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Adan after algorithm 1 of Xie et al. 2022, arXiv 2208.06677, with 1 - beta for its betas, one weight after the other. */
export const adanReference: ReferenceStep = ({ parameter, gradient, state, iteration, options }) => {
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(parameter.length);
  state.n ??= new Float64Array(parameter.length);
  state.before ??= gradient.slice();
  const { learningRate, beta1, beta2, beta3, epsilon, decay, proximalDecay } = options;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    const d = g - state.before[i]!;
    state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g;
    state.v[i] = beta2 * state.v[i]! + (1 - beta2) * d;
    state.n[i] = beta3 * state.n[i]! + (1 - beta3) * (g + beta2 * d) ** 2;
    const mean = state.m[i]! / (1 - beta1 ** iteration);
    const slope = state.v[i]! / (1 - beta2 ** iteration);
    const rate = learningRate / (Math.sqrt(state.n[i]! / (1 - beta3 ** iteration)) + epsilon);
    const p = parameter[i]!;
    const move = rate * (mean + beta2 * slope);
    parameter[i] = proximalDecay ? (p - move) / (1 + decay) : p - decay * p - move;
    state.before[i] = g;
  }
};
