import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Adagrad with diagonal matrices, after figure 1 of Duchi, Hazan and Singer 2011, one weight after the other. */
export const adagradReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  state.sums ??= new Float64Array(parameter.length).fill(options.initialAccumulator);
  const rate = options.learningRate / (1 + options.learningRateDecay * (step - 1));
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.sums[i] = state.sums[i]! + g ** 2;
    parameter[i] = parameter[i]! - (rate * g) / (options.epsilon + Math.sqrt(state.sums[i]!));
  }
};
