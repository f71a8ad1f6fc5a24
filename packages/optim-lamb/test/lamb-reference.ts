import type { ReferenceStep } from '@steepest/optimizer-testing';

/** LAMB after algorithm 2 of You et al. 2020, arXiv 1904.00962, with the variants of timm. */
export const lambReference: ReferenceStep = ({ parameter, gradient, state, iteration, options }) => {
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(parameter.length);
  const { learningRate, beta1, beta2, epsilon, weightDecay, l2Decay, ...settings } = options;
  const [unbias1, unbias2] = [beta1, beta2].map((beta) =>
    settings.biasCorrection ? 1 - beta ** iteration : 1,
  );
  const update = parameter.map((p, i) => {
    const g = gradient[i]!;
    state.m![i] = beta1 * state.m![i]! + (settings.gradientAveraging ? 1 - beta1 : 1) * g;
    state.v![i] = beta2 * state.v![i]! + (1 - beta2) * g ** 2;
    return state.m![i]! / unbias1! / (Math.sqrt(state.v![i]! / unbias2!) + epsilon) + l2Decay * p;
  });
  let ratio = 1;
  if (weightDecay !== 0 || settings.alwaysAdapt) {
    const [of, to] = [Math.hypot(...update), Math.hypot(...parameter)];
    if (of > 0 && to > 0) ratio = to / of;
    if (settings.trustClip) ratio = Math.min(ratio, 1);
  }
  for (const [i, u] of update.entries()) parameter[i]! -= learningRate * ratio * u;
};
