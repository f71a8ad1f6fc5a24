import type { ReferenceAverage, ReferenceStep } from '@steepest/optimizer-testing';

/** Averaged gradient descent (Polyak and Juditsky 1992) as PyTorch documents it, one weight after the other. */
export const asgdReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, lambda, alpha, averageStart } = options;
  const eta = state.eta?.[0] ?? learningRate;
  const earlier = step - 1 - averageStart;
  state.mean ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    parameter[i] = parameter[i]! - lambda * eta * parameter[i]! - eta * gradient[i]!;
    state.mean[i] = earlier > 1 ? ((earlier - 1) * state.mean[i]! + parameter[i]!) / earlier : parameter[i]!;
  }
  state.eta = Float64Array.of(learningRate / (1 + lambda * learningRate * step) ** alpha);
};

/** The mean of the iterates. */
export const asgdAverage: ReferenceAverage = ({ state, parameter }) => state.mean ?? parameter;
