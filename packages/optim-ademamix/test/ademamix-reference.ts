import type { ReferenceStep } from '@steepest/optimizer-testing';

/** AdEMAMix after algorithm 1 of Pagliardini, Ablin and Grangier 2024, arXiv 2409.03137, one weight after the other. */
export const ademamixReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  state.m1 ??= new Float64Array(parameter.length);
  state.m2 ??= new Float64Array(parameter.length);
  state.nu ??= new Float64Array(parameter.length);
  const { learningRate, beta1, beta2, epsilon, alpha, alphaWarmupSteps, beta3WarmupSteps } = options;
  const mix = step < alphaWarmupSteps ? (step / alphaWarmupSteps) * alpha : alpha;
  let { beta3 } = options;
  if (step < beta3WarmupSteps) {
    // The paper's equation for beta3(t), with the authors' 1e-8: powers of one half whose exponents are linear in t.
    const share = step / beta3WarmupSteps;
    const [from, to] = [beta1, beta3].map((beta) => Math.LN2 / -Math.log(beta + 1e-8));
    beta3 = Math.exp(-Math.LN2 / ((1 - share) * from! + share * to!));
  }
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    state.m1[i] = beta1 * state.m1[i]! + (1 - beta1) * g;
    state.m2[i] = beta3 * state.m2[i]! + (1 - beta3) * g;
    state.nu[i] = beta2 * state.nu[i]! + (1 - beta2) * g ** 2;
    const deviation = Math.sqrt(state.nu[i]! / (1 - beta2 ** step));
    const mean = state.m1[i]! / (1 - beta1 ** step) + mix * state.m2[i]!;
    parameter[i]! -= (learningRate * mean) / (deviation + epsilon);
  }
};
