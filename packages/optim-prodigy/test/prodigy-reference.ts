import type { JointReference } from '@steepest/optimizer-testing';

/**
 * Prodigy after algorithm 4 of Mishchenko and Defazio 2023, arXiv 2306.06101, and the options of the authors' code, one weight after
 * the other. The paper has (1 - beta3) in both sums, which their quotient does not see.
 */
export const prodigyReference: JointReference = {
  together(parameters, shared) {
    const [first] = parameters;
    if (first === undefined) return;
    const { learningRate, beta1, beta2, epsilon, dCoefficient, decay, weightDecayMode } = first.options;
    const { beta3, initialD, growthRate, safeguardWarmup, biasCorrection, sliceStride } = first.options;
    shared.d ??= initialD;
    shared.largest ??= initialD;
    shared.numerator ??= 0;
    shared.finished ??= 0;
    const d = shared.d!;
    const time = shared.finished! + 1;
    const correction = biasCorrection ? (1 - beta2 ** time) ** 0.5 / (1 - beta1 ** time) : 1;
    const gamma = d * learningRate * correction;
    const forgetting = beta3 ?? beta2 ** 0.5;
    let numerator = forgetting * shared.numerator!;
    let denominator = 0;
    for (const { parameter, gradient, state } of parameters) {
      const size = parameter.length;
      state.start ??= parameter.slice();
      state.m ??= new Float64Array(size);
      state.v ??= new Float64Array(size);
      state.s ??= new Float64Array(size);
      for (let i = 0; i < size; i++) {
        const g = gradient[i]!;
        state.m[i] = beta1 * state.m[i]! + (1 - beta1) * d * g;
        state.v[i] = beta2 * state.v[i]! + (1 - beta2) * (d * g) ** 2;
        if (i % sliceStride !== 0) continue;
        numerator += (d / initialD) * gamma * g * (state.start[i]! - parameter[i]!);
        state.s[i] = forgetting * state.s[i]! + (d / initialD) * (safeguardWarmup ? d : gamma) * g;
        denominator += Math.abs(state.s[i]!);
      }
    }
    if (denominator === 0) return;
    const estimate = (dCoefficient * numerator) / denominator;
    const base = d === initialD ? Math.max(d, estimate) : d;
    shared.largest = Math.max(shared.largest!, estimate);
    shared.d = Math.min(shared.largest, base * (growthRate ?? Infinity));
    shared.numerator = numerator;
    shared.finished = time;
    const share = weightDecayMode === 'decoupled' ? decay * d * correction : decay;
    for (const { parameter, state } of parameters) {
      for (let i = 0; i < parameter.length; i++) {
        const move = (gamma * state.m![i]!) / (Math.sqrt(state.v![i]!) + shared.d * epsilon);
        parameter[i] = parameter[i]! - share * parameter[i]! - move;
      }
    }
  },
};
