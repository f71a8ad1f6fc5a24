import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Adadelta after algorithm 1 of Zeiler 2012, arXiv 1212.5701, one weight after the other. */
export const adadeltaReference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  state.gradients ??= new Float64Array(parameter.length);
  state.updates ??= new Float64Array(parameter.length);
  const { learningRate, rho, epsilon } = options;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.gradients[i] = rho * state.gradients[i]! + (1 - rho) * g ** 2;
    const move = -Math.sqrt((state.updates[i]! + epsilon) / (state.gradients[i]! + epsilon)) * g;
    state.updates[i] = rho * state.updates[i]! + (1 - rho) * move ** 2;
    parameter[i]! += learningRate * move;
  }
};
