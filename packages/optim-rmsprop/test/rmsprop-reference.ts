import type { ReferenceStep } from '@steepest/optimizer-testing';

/**
 * RMSprop after lecture 6.5 of Tieleman and Hinton 2012, one weight after the other; centered as in equations 38 to 41
 * of Graves 2013, arXiv 1308.0850, which subtract the square of the mean from the mean of the squares.
 */
export const rmsPropReference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  state.meanSquare ??= new Float64Array(parameter.length);
  state.mean ??= new Float64Array(parameter.length);
  state.velocity ??= new Float64Array(parameter.length);
  const { learningRate, beta2, epsilon, momentum, centered } = options;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.meanSquare[i]! += (1 - beta2) * (g ** 2 - state.meanSquare[i]!);
    state.mean[i]! += (1 - beta2) * (g - state.mean[i]!);
    const square = state.meanSquare[i]! - (centered ? state.mean[i]! ** 2 : 0);
    const scaled = g / (Math.sqrt(Math.max(square, 0)) + epsilon);
    state.velocity[i] = momentum * state.velocity[i]! + scaled;
    parameter[i]! -= learningRate * state.velocity[i]!;
  }
};
