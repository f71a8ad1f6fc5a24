import type { ReferenceAverage, ReferenceInput } from '@steepest/optimizer-testing';

type StepInput = Pick<ReferenceInput, 'parameter' | 'gradient' | 'state' | 'iteration' | 'options'>;

/**
 * Schedule-free AdamW in plain JavaScript, after algorithm 1 of Defazio et al. 2024, with all three iterates kept: one
 * step of one parameter, in place. `state.x` is the average.
 *
 * The weights of the average belong to the whole group. Here they are counted per parameter, so it must have a gradient
 * in every step.
 */
export function scheduleFreeReference({
  parameter: y,
  gradient,
  state,
  iteration,
  options,
}: StepInput): void {
  const { learningRate, beta1, beta2, epsilon, warmupSteps, polynomialPower, weightLrPower, innerMomentum } =
    options;
  state.x ??= y.slice();
  state.z ??= y.slice();
  state.v ??= new Float64Array(y.length);
  state.m ??= new Float64Array(y.length);
  state.weights ??= new Float64Array(2);
  const { x, z, v, m, weights } = state as Record<'x' | 'z' | 'v' | 'm' | 'weights', Float64Array>;

  const warm = iteration < warmupSteps ? iteration / warmupSteps : 1;
  const rate = learningRate * warm;
  weights[1] = Math.max(weights[1]!, rate);
  const weight = iteration ** polynomialPower * weights[1] ** weightLrPower;
  weights[0]! += weight;
  const share = weights[0] === 0 ? 0 : weight / weights[0]!;

  for (let i = 0; i < y.length; i++) {
    const g = gradient[i]!;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    m[i] = innerMomentum * m[i]! + (1 - innerMomentum) * g;
    const numerator = innerMomentum === 0 ? g : m[i]! / (1 - innerMomentum ** iteration);
    const normalized = numerator / (Math.sqrt(v[i]! / (1 - beta2 ** iteration)) + epsilon);
    z[i]! -= rate * normalized + (options.decay ?? 0) * warm * y[i]!;
    x[i] = (1 - share) * x[i]! + share * z[i]!;
    y[i] = beta1 * x[i]! + (1 - beta1) * z[i]!;
  }
}

/** The average that the reference keeps; before the first step the parameter itself. */
export const scheduleFreeReferenceAverage: ReferenceAverage = ({ parameter, state }) => state.x ?? parameter;
