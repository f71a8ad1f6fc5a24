import { defineUpdateRule } from '@steepest/optimizer';
import {
  averagedIterate,
  movedIterates,
  placeSetting,
  stepOfZ,
  warmup,
  warmupFraction,
  warmupHyperparameter,
  weightHyperparameters,
  weightsOfAverage,
  zSlot,
} from './iterates.ts';

/**
 * Schedule-free SGD. The parameter is `y`, at which the gradient is taken; `x` is what to evaluate:
 *
 *     z -= lr * (g + weightDecay * y)
 *     x  = (1 - c) * x + c * z        c = w_k / (w_1 + ... + w_k)
 *     y  = momentum * x + (1 - momentum) * z
 *
 * with `lr = learningRate * min(1, k / warmupSteps)`, the weights `w_k = k^polynomialPower * (largest lr so far)^weightLrPower`
 * and `k` counting the steps of the group.
 *
 * Defazio et al. 2024, arXiv 2405.15682, equations 3 to 5.
 */
export const scheduleFreeSgdRule = defineUpdateRule({
  name: 'schedule-free-sgd',
  title: 'Schedule-free SGD',
  paper: {
    authors: 'Defazio et al.',
    year: 2024,
    title: 'The Road Less Scheduled',
    source: 'arXiv 2405.15682',
  },
  ownsDecay: true,
  recommended: [
    {
      scale: 'any network',
      settings: { momentum: 0.9 },
      remark:
        'rates of 10 to 50 times those of SGD under a schedule, and a warm-up; `momentum` 0.95 or 0.98 for very long runs',
      source: 'facebookresearch/schedule_free, README.md',
    },
  ],
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Step size' },
    ...warmupHyperparameter,
    ...weightHyperparameters,
  },
  settings: { momentum: placeSetting },
  groupState: weightsOfAverage(warmupFraction),
  slots: () => ({ z: zSlot }),
  update({ parameter, gradient, z }, scalars, { settings: { momentum } }) {
    const step = stepOfZ(scalars, warmup(scalars.iteration, scalars.warmupSteps), gradient, parameter);
    return movedIterates({ parameter, z: z!, step, place: momentum, scalars });
  },
  average: ({ parameter, z }, _scalars, { settings: { momentum } }) =>
    averagedIterate(parameter, z!, momentum),
});
