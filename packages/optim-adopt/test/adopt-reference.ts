import type { ReferenceStep } from '@steepest/optimizer-testing';

/** ADOPT after algorithm 2 of Taniguchi et al. 2024, arXiv 2411.02853, one weight after the other. */
export const adoptReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, beta1, beta2, epsilon, clipExponent, clipQuotients, decay } = options;
  if (step === 1) {
    state.m = new Float64Array(parameter.length);
    state.v = gradient.map((g) => g ** 2);
    return;
  }
  const bound = clipQuotients ? (step - 1) ** clipExponent : Number.POSITIVE_INFINITY;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    const quotient = g / Math.max(Math.sqrt(state.v![i]!), epsilon);
    const clipped = Math.abs(quotient) > bound ? bound * Math.sign(quotient) : quotient;
    state.m![i] = beta1 * state.m![i]! + (1 - beta1) * clipped;
    parameter[i] = parameter[i]! - decay * parameter[i]! - learningRate * state.m![i]!;
    state.v![i] = beta2 * state.v![i]! + (1 - beta2) * g ** 2;
  }
};
