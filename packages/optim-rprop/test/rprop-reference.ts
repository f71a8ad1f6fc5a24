import type { ReferenceStep } from '@steepest/optimizer-testing';

/** Rprop after Riedmiller and Braun 1993, without backtracking as in iRprop- (Igel and Hüsken 2000), one weight after the other. */
export const rpropReference: ReferenceStep = ({ parameter, gradient, state, options }) => {
  const { learningRate, decreaseFactor, increaseFactor, minimumStep, maximumStep } = options;
  state.before ??= new Float64Array(parameter.length);
  state.size ??= new Float64Array(parameter.length).fill(learningRate);
  for (let i = 0; i < parameter.length; i++) {
    let direction = Math.sign(gradient[i]!);
    const before = Math.sign(state.before[i]!);
    let size = state.size[i]!;
    if (direction !== 0 && direction === before) size *= increaseFactor;
    if (direction !== 0 && direction === -before) {
      size *= decreaseFactor;
      direction = 0;
    }
    state.size[i] = Math.min(Math.max(size, minimumStep), maximumStep);
    state.before[i] = direction;
    parameter[i]! -= state.size[i]! * direction;
  }
};
