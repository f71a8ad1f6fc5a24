import type { ReferenceStep } from '@steepest/optimizer-testing';

/** LARS after algorithm 1 of You, Gitman and Ginsburg 2017, arXiv 1708.03888, with the variants of timm. */
export const larsReference: ReferenceStep = ({ parameter, gradient, state, step, options }) => {
  const { learningRate, momentum, dampening, trustCoefficient, epsilon, weightDecay, l2Decay } = options;
  let scale = 1;
  if (weightDecay !== 0 || options.alwaysAdapt) {
    const [ofWeights, ofGradient] = [Math.hypot(...parameter), Math.hypot(...gradient)];
    if (ofWeights > 0 && ofGradient > 0) {
      scale = (trustCoefficient * ofWeights) / (ofGradient + l2Decay * ofWeights + epsilon);
    }
    if (options.trustClip) scale = Math.min(scale / learningRate, 1);
  }
  state.buffer ??= new Float64Array(parameter.length);
  for (let i = 0; i < parameter.length; i++) {
    const g = scale * (gradient[i]! + l2Decay * parameter[i]!);
    state.buffer[i] = step === 1 ? g : momentum * state.buffer[i]! + (1 - dampening) * g;
    const direction = options.nesterov ? g + momentum * state.buffer[i]! : state.buffer[i]!;
    parameter[i]! -= learningRate * (momentum === 0 ? g : direction);
  }
};
