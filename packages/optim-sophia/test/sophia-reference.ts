import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Sophia in plain JavaScript, after algorithm 3 of Liu et al. 2023: one step of one parameter, in place. */
export const sophiaReference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  const { learningRate, beta1, rho, batchTokens, epsilon } = options;
  state.momentum ??= new Float64Array(parameter.length);
  state.hessian ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    const m = beta1 * state.momentum[i]! + (1 - beta1) * gradient[i]!;
    state.momentum[i] = m;
    const size = Math.abs(m) / (rho * batchTokens * state.hessian[i]! + epsilon);
    parameter[i]! -= learningRate * Math.sign(m) * (size < 1 ? size : 1);
  }
};

/** The estimate of algorithm 2, but for its factor, which stands in the step. */
export const sophiaReferenceRefresh: ReferenceStep = ({ parameter, gradient, state, options }) => {
  state.hessian ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    state.hessian[i] = options.beta2 * state.hessian[i]! + (1 - options.beta2) * gradient[i]! ** 2;
  }
};
