import type { JointReference } from '@steepest/optimizer-testing';

/**
 * Adam with D-Adaptation after algorithm 5 of Defazio and Mishchenko 2023, arXiv 2301.07733, and the options of the authors' code,
 * one weight after the other.
 */
export const dAdaptationReference: JointReference = {
  together(parameters, shared) {
    const [first] = parameters;
    if (first === undefined) return;
    const { learningRate, beta1, beta2, epsilon, decay, weightDecayMode } = first.options;
    const { initialD, growthRate, biasCorrection } = first.options;
    shared.d ??= initialD;
    shared.r ??= 0;
    shared.finished ??= 0;
    const time = shared.finished! + 1;
    const correction = biasCorrection ? (1 - beta2 ** time) ** 0.5 / (1 - beta1 ** time) : 1;
    const lambda = shared.d! * learningRate * correction;
    const root = beta2 ** 0.5;
    let product = 0;
    let norm = 0;
    for (const { parameter, gradient, state } of parameters) {
      state.m ??= new Float64Array(parameter.length);
      state.v ??= new Float64Array(parameter.length);
      state.s ??= new Float64Array(parameter.length);
      for (const [i, g] of gradient.entries()) {
        if (state.s[i] !== 0) product += (lambda * g * state.s[i]!) / (Math.sqrt(state.v[i]!) + epsilon);
        state.m[i] = beta1 * state.m[i]! + (1 - beta1) * lambda * g;
        state.v[i] = beta2 * state.v[i]! + (1 - beta2) * g ** 2;
        state.s[i] = root * state.s[i]! + (1 - root) * lambda * g;
        norm += Math.abs(state.s[i]!);
      }
    }
    if (norm === 0) return;
    shared.r = root * shared.r! + (1 - root) * product;
    const before = shared.d!;
    const bound = shared.r / ((1 - root) * norm);
    shared.d = Math.max(before, Math.min(bound, before * (growthRate ?? Infinity)));
    shared.finished = time;
    const share = weightDecayMode === 'decoupled' ? decay * before * correction : decay;
    for (const { parameter, state } of parameters) {
      for (let i = 0; i < parameter.length; i++) {
        const move = state.m![i]! / (Math.sqrt(state.v![i]!) + epsilon);
        parameter[i] = parameter[i]! - share * parameter[i]! - move;
      }
    }
  },
};
