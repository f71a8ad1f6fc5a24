import type { ReferenceStep } from '@steepest/optimizer-testing';

/**
 * __Title__ a second time, in plain JavaScript: every check compares the update rule with it. It is of use as long as it
 * is written from the paper and not from the rule.
 */
export const __camelName__Reference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, beta1 } = options;
  state.momentum ??= new Float64Array(parameter.length);
  for (const [index, slope] of gradient.entries()) {
    const momentum = beta1 * state.momentum[index]! + (1 - beta1) * slope;
    state.momentum[index] = momentum;
    parameter[index]! -= (learningRate * momentum) / (1 - beta1 ** step);
  }
};
