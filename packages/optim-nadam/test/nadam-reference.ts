import type { ReferenceStep } from '@steepest/optimizer-testing';

/**
 * NAdam after algorithm 2 of Dozat 2016, one weight after the other, with the constant `beta1` in the first moment. Keeps the product
 * of the momenta itself.
 */
export const nadamReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  state.m ??= new Float64Array(parameter.length);
  state.n ??= new Float64Array(parameter.length);
  state.product ??= Float64Array.of(1);
  const { learningRate, beta1, beta2, epsilon, momentumDecay, variant } = options;
  const [now, next] = [step, step + 1].map((t) => beta1 - 0.5 * beta1 * 0.96 ** (momentumDecay * t));
  const product = state.product[0]! * now!;
  state.product[0] = product;
  const nextProduct = product * next! * (variant === 'torch-1.13' ? now! : 1);
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g;
    state.n[i] = beta2 * state.n[i]! + (1 - beta2) * g ** 2;
    const gradientTerm = ((1 - now!) * g) / (1 - product);
    const momentumTerm = (next! * state.m[i]!) / (1 - nextProduct);
    const deviation = Math.sqrt(state.n[i]! / (1 - beta2 ** step));
    parameter[i]! -= (learningRate * (gradientTerm + momentumTerm)) / (deviation + epsilon);
  }
};
