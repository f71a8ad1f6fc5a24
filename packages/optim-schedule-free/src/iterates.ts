import {
  add,
  div,
  type Expression,
  type GroupState,
  type HyperparameterSpec,
  lerp,
  maximum,
  minimum,
  mul,
  type Operand,
  pow,
  type SettingSpec,
  type SlotSpec,
  sub,
  where,
} from '@steepest/optimizer';

/** The options by which the average weighs its steps. */
export const weightHyperparameters = {
  polynomialPower: {
    default: 0,
    minimum: 0,
    description: 'Weight of a step in the average: its number to this power',
  },
  weightLrPower: {
    default: 2,
    minimum: 0,
    description: 'Weight of a step in the average: the largest learning rate to this power',
  },
} as const satisfies Record<string, HyperparameterSpec>;

/** Steps in which the learning rate grows linearly. */
export const warmupHyperparameter = {
  warmupSteps: { default: 0, minimum: 0, description: 'Steps in which the learning rate grows linearly' },
} as const satisfies Record<string, HyperparameterSpec>;

/** The place of y between z and x: the same for the whole run, since x is recovered from y and z by it. */
export const placeSetting: SettingSpec<number> = {
  default: 0.9,
  description: 'Place of y between z (0) and the average x (1)',
  check: (value) =>
    typeof value === 'number' && value >= 0.01 && value <= 1
      ? undefined
      : 'must be a number from 0.01 to 1, the same for the whole run',
};

/** The iterate that gradients move; x is recovered from it and the parameter. */
export const zSlot: SlotSpec = { shape: 'parameter', initial: 'parameter' };

/** The fraction of the learning rate that a rule allows at a step. */
type RateFraction = (
  scalars: Readonly<Record<string, Expression>>,
  settings: Readonly<Record<string, unknown>>,
) => Expression;

/** That of the linear warm-up. */
export const warmupFraction: RateFraction = ({ iteration, warmupSteps }) => warmup(iteration!, warmupSteps!);

/** The linear warm-up: 1 without one. */
export const warmup = (iteration: Operand, warmupSteps: Operand): Expression =>
  where(warmupSteps, minimum(1, div(iteration, warmupSteps)), 1);

/** The largest learning rate of a group so far, and the sum of its weights `k^polynomialPower * largestRate^weightLrPower`. */
export function weightsOfAverage(fraction: RateFraction): GroupState {
  return {
    initial: { largestRate: 0, weightSum: 0 },
    next(scalars, settings) {
      const { iteration, learningRate, polynomialPower, weightLrPower } = scalars;
      const largestRate = maximum(scalars.largestRate!, mul(learningRate!, fraction(scalars, settings)));
      const weight = mul(pow(iteration!, polynomialPower!), pow(largestRate, weightLrPower!));
      return { largestRate, weightSum: add(scalars.weightSum!, weight) };
    },
  };
}

/** What a step of the iterates reads. */
interface IteratesStep {
  readonly parameter: Expression;
  readonly z: Expression;
  /** What is taken from z: the learning rate times the normalized gradient and the decay. */
  readonly step: Expression;
  readonly place: number;
  readonly scalars: Readonly<Record<string, Expression>>;
}

/**
 * Moves `z` by the step and averages: with `c` the weight of this step by the sum of all so far, 0 while that is 0,
 * `z -= step`, `x = (1 - c) x + c z`, `y = place * x + (1 - place) * z`, where `x = (y - (1 - place) z) / place` makes
 * `y = (1 - c) y + c z - (1 - place (1 - c)) step` with the `z` of before.
 */
export function movedIterates({ parameter, z, step, place, scalars }: IteratesStep): {
  parameter: Expression;
  z: Expression;
} {
  const { iteration, polynomialPower, largestRate, weightLrPower, weightSum } = scalars;
  const weight = mul(pow(iteration!, polynomialPower!), pow(largestRate!, weightLrPower!));
  // As long as every rate was 0, nothing has moved and nothing is averaged.
  const share = where(weightSum!, div(weight, weightSum!), 0);
  const towardsZ = lerp(parameter, z, share);
  return {
    parameter: sub(towardsZ, mul(sub(1, mul(place, sub(1, share))), step)),
    z: sub(z, step),
  };
}

/** The average `x`. */
export const averagedIterate = (parameter: Expression, z: Expression, place: number): Expression =>
  div(sub(parameter, mul(1 - place, z)), place);

/** What is taken from `z`: the rate times the direction, and the decay of `y`, both times a fraction. */
export function stepOfZ(
  scalars: Readonly<Record<string, Expression>>,
  fraction: Expression,
  direction: Expression,
  parameter: Expression,
): Expression {
  const { learningRate, decay } = scalars;
  return add(mul(mul(learningRate!, fraction), direction), mul(mul(decay!, fraction), parameter));
}
