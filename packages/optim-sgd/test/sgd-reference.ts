import type { ReferenceStep } from '@steepest/optimizer-testing';

/**
 * SGD plain, with a heavy ball (Polyak 1964), with Nesterov's momentum as PyTorch writes it, or with a bias-corrected
 * moving average (the body of the hybrids of Zhao et al. 2024).
 */
export const sgdReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, momentum, dampening, momentumForm } = options;
  const isFirst = state.buffer === undefined;
  state.buffer ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    let direction = g;
    if (momentum !== 0 && momentumForm === 'average') {
      state.buffer[i] = momentum * state.buffer[i]! + (1 - momentum) * g;
      direction = state.buffer[i]! / (1 - momentum ** step);
    } else if (momentum !== 0) {
      // The first gradient enters whole, without dampening.
      state.buffer[i] = isFirst ? g : momentum * state.buffer[i]! + (1 - dampening) * g;
      direction = momentumForm === 'nesterov' ? g + momentum * state.buffer[i]! : state.buffer[i]!;
    }
    parameter[i]! -= learningRate * direction;
  }
};
