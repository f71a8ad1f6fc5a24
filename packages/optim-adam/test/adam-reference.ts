import type { ReferenceStep } from '@steepest/optimizer-testing';

/**
 * Adam (Kingma and Ba 2015, algorithm 1); with `amsgrad` it divides by the largest second moment so far (Reddi, Kale
 * and Kumar 2018), bias-corrected afterwards as in PyTorch. An uncorrected epsilon is that of the paper's section 2, `epsilon` hat.
 */
export const adamReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, beta1, beta2, epsilon, amsgrad, epsilonPlacement } = options;
  const { length } = parameter;
  state.m ??= new Float64Array(length);
  state.v ??= new Float64Array(length);
  state.largest ??= new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const g = gradient[i]!;
    state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g;
    state.v[i] = beta2 * state.v[i]! + (1 - beta2) * g * g;
    state.largest[i] = Math.max(state.largest[i]!, state.v[i]!);
    if (epsilonPlacement === 'uncorrected') {
      const stepSize = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
      const root = Math.sqrt(amsgrad ? state.largest[i]! : state.v[i]!);
      parameter[i]! -= (stepSize * state.m[i]!) / (root + epsilon);
      continue;
    }
    const mean = state.m[i]! / (1 - beta1 ** step);
    const square = (amsgrad ? state.largest[i]! : state.v[i]!) / (1 - beta2 ** step);
    parameter[i]! -= (learningRate * mean) / (Math.sqrt(square) + epsilon);
  }
};
