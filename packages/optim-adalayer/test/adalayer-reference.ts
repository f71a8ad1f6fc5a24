import type { ReferenceInput, ReferenceStep } from '@steepest/optimizer-testing';

/** How many equal runs of consecutive elements share a second moment each. */
function blockCount({ shape, options, info }: ReferenceInput): number {
  const { blocks } = options;
  const rows = shape[0] ?? 1;
  if (blocks === 'rows' || (blocks === 'auto' && info.role === 'lastLayer')) return rows;
  const isQkv = info.role === 'qkv' || info.name.split('/').includes('qkv');
  return blocks === 'qkv' || (blocks === 'auto' && isQkv) ? 3 : 1;
}

/** A block's second moment after a step whose mean squared gradient is `square`. */
function followed(before: number, square: number, { step, options }: ReferenceInput): number {
  const { beta2, freezeSteps, afterFreeze } = options;
  if (step <= freezeSteps) return before * (step / (step + 1)) + square / (step + 1);
  if (freezeSteps > 0 && afterFreeze === 'frozen') return before;
  return beta2 * before + (1 - beta2) * square;
}

/**
 * Adalayer (Zhao et al. 2024, section 4): Adam with one second moment a block of the parameter. With `freezeSteps` the
 * second moment is first a running mean, then stays or follows, and is not bias-corrected.
 */
export const adalayerReference: ReferenceStep = (input) => {
  const { parameter, gradient, state, step, options } = input;
  const { learningRate, beta1, beta2, epsilon, freezeSteps } = options;
  const count = blockCount(input);
  const size = parameter.length / count;
  state.m ??= new Float64Array(parameter.length);
  state.v ??= new Float64Array(count);
  const correction = freezeSteps > 0 ? 1 : 1 - beta2 ** step;
  for (let block = 0; block < count; block++) {
    let squares = 0;
    for (let i = block * size; i < (block + 1) * size; i++) squares += gradient[i]! * gradient[i]!;
    state.v[block] = followed(state.v[block]!, squares / size, input);
    const denominator = Math.sqrt(state.v[block]! / correction) + epsilon;
    for (let i = block * size; i < (block + 1) * size; i++) {
      state.m[i] = beta1 * state.m[i]! + (1 - beta1) * gradient[i]!;
      parameter[i]! -= (learningRate * state.m[i]!) / (1 - beta1 ** step) / denominator;
    }
  }
};
