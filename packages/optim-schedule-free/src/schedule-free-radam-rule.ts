import {
  add,
  defineUpdateRule,
  div,
  type Expression,
  flag,
  greater,
  lerp,
  likeParameter,
  mul,
  pow,
  sqrt,
  square,
  sub,
  where,
} from '@steepest/optimizer';
import {
  averagedIterate,
  movedIterates,
  placeSetting,
  stepOfZ,
  weightHyperparameters,
  weightsOfAverage,
  zSlot,
} from './iterates.ts';

/** The length of the simple moving average above which the second moment is used (the paper's threshold). */
const shortestRectified = 4;

/** RAdam's rectification at a step, counted from 1; 0 where the second moment is not used yet. */
function rectificationAt(iteration: Expression, beta2: Expression): Expression {
  const longest = sub(div(2, sub(1, beta2)), 1);
  const power = pow(beta2, iteration);
  const length = sub(longest, div(mul(mul(2, iteration), power), sub(1, power)));
  const above = (x: Expression): Expression => mul(sub(x, 4), sub(x, 2));
  const rectification = sqrt(div(mul(above(length), longest), mul(above(longest), length)));
  return where(greater(length, shortestRectified), rectification, 0);
}

/** The fraction of the learning rate at a step whose rectification is given. */
const fractionOf = (rectification: Expression, isSilent: boolean): Expression =>
  where(greater(rectification, 0), rectification, isSilent ? 0 : 1);

/** The weights at that rate. */
const weights = weightsOfAverage(({ iteration, beta2 }, { silentSgdPhase }) =>
  fractionOf(rectificationAt(iteration!, beta2!), silentSgdPhase === true),
);

/**
 * Schedule-free RAdam: schedule-free AdamW whose learning rate follows RAdam's rectification, so that it needs no warm-up:
 *
 *     u  = g / (sqrt(v / (1 - beta2^k)) + epsilon) where rho > 4, else g
 *     z -= lr * (u + weightDecay * y)
 *     x  = (1 - c) * x + c * z        c = w_k / (w_1 + ... + w_k), 0 while the sum is
 *     y  = beta1 * x + (1 - beta1) * z
 *
 * with `rhoMax = 2 / (1 - beta2) - 1`, `rho = rhoMax - 2 k beta2^k / (1 - beta2^k)`, `lr = learningRate * r`,
 * `r = sqrt((rho - 4) (rho - 2) rhoMax / ((rhoMax - 4) (rhoMax - 2) rho))` where `rho > 4`, and before 0 with
 * `silentSgdPhase`, 1 without.
 *
 * Defazio et al. 2024, arXiv 2405.15682, with Liu et al. 2020, arXiv 1908.03265, as in the authors' code.
 */
export const scheduleFreeRAdamRule = defineUpdateRule({
  name: 'schedule-free-radam',
  title: 'Schedule-free RAdam',
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
      settings: { learningRate: 2.5e-3, beta1: 0.9, silentSgdPhase: true },
      remark: 'neither a schedule nor a warm-up',
      source: 'facebookresearch/schedule_free, schedulefree/radam_schedulefree.py',
    },
  ],
  hyperparameters: {
    learningRate: { default: 2.5e-3, minimum: 0, description: 'Step size' },
    beta2: { default: 0.999, minimum: 0, below: 1, description: 'Decay of the second moment' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Added to the square root, which it keeps from zero' },
    ...weightHyperparameters,
  },
  settings: {
    beta1: placeSetting,
    silentSgdPhase: flag(true, 'Stands still before the rectified phase; false takes steps of SGD'),
  },
  check({ settings, constant }) {
    const beta2 = constant('beta2');
    // 2 / (1 - beta2) - 1 is the longest average there can be.
    if (!settings.silentSgdPhase || beta2 === undefined || 2 / (1 - beta2) - 1 > shortestRectified) {
      return undefined;
    }
    return `with silentSgdPhase nothing would ever move at a beta2 of 0.6 or less, got ${beta2}; set silentSgdPhase to false`;
  },
  groupState: {
    initial: { ...weights.initial, rectification: 0 },
    next: (scalars, settings) => ({
      ...weights.next(scalars, { ...settings }),
      rectification: rectificationAt(scalars.iteration, scalars.beta2),
    }),
  },
  slots: () => ({ z: zSlot, secondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, scalars, { settings }) {
    const { beta2, epsilon, iteration } = scalars;
    const isRectified = greater(scalars.rectification!, 0);
    const fraction = fractionOf(scalars.rectification!, settings.silentSgdPhase);
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const denominator = add(div(sqrt(secondMoment), sqrt(sub(1, pow(beta2, iteration)))), epsilon);
    const direction = where(isRectified, div(gradient, denominator), gradient);
    const step = stepOfZ(scalars, fraction, direction, parameter);
    return {
      ...movedIterates({ parameter, z: slots.z!, step, place: settings.beta1, scalars }),
      secondMoment,
    };
  },
  average: ({ parameter, z }, _scalars, { settings: { beta1 } }) => averagedIterate(parameter, z!, beta1),
});
