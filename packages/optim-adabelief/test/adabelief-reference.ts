import type { ReferenceStep } from '@steepest/optimizer-testing';

/** AdaBelief after algorithm 2 of arXiv 2010.07468, rectified after algorithm 2 of arXiv 1908.03265, one weight after the other. */
export const adabeliefReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  state.m ??= new Float64Array(parameter.length);
  state.s ??= new Float64Array(parameter.length);
  state.largest ??= new Float64Array(parameter.length);
  const { learningRate, beta1, beta2, epsilon, rectify, degenerateToSgd, amsgrad } = options;
  const unbias = 1 - beta2 ** step;
  const longest = (1 + beta2) / (1 - beta2);
  const length = longest - (2 * step * beta2 ** step) / unbias;
  const variance = (rho: number): number => rho / ((rho - 2) * (rho - 4));
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g;
    state.s[i] = beta2 * state.s[i]! + (1 - beta2) * (g - state.m[i]!) ** 2 + epsilon;
    state.largest[i] = Math.max(state.largest[i]!, state.s[i]!);
    const mean = state.m[i]! / (1 - beta1 ** step);
    let move: number;
    if (!rectify) move = mean / (Math.sqrt((amsgrad ? state.largest[i]! : state.s[i]!) / unbias) + epsilon);
    else if (length >= 5) {
      const factor = Math.sqrt((variance(longest) / variance(length)) * unbias);
      move = (mean * factor) / (Math.sqrt(state.s[i]!) + epsilon);
    } else move = degenerateToSgd ? mean : 0;
    parameter[i]! -= learningRate * move;
  }
};
