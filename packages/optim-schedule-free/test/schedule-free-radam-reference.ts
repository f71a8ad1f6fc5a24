import type { ReferenceStep } from '@steepest/optimizer-testing';

/**
 * Schedule-free RAdam in plain JavaScript, after algorithm 1 of Defazio et al. 2024 and algorithm 2 of Liu et al. 2020,
 * with all three iterates kept; `state.x` is the average. Its weights are counted per parameter, which must have a
 * gradient in every step.
 */
export const scheduleFreeRAdamReference: ReferenceStep = ({
  parameter: y,
  gradient,
  state,
  iteration: k,
  options,
}) => {
  const { beta1, beta2, epsilon, silentSgdPhase } = options;
  state.x ??= y.slice();
  state.z ??= y.slice();
  state.v ??= new Float64Array(y.length);
  state.weights ??= new Float64Array(2);
  const { x, z, v, weights } = state as Record<'x' | 'z' | 'v' | 'weights', Float64Array>;

  const rhoMax = 2 / (1 - beta2) - 1;
  const rho = rhoMax - (2 * k * beta2 ** k) / (1 - beta2 ** k);
  const isRectified = rho > 4;
  const ratio = ((rho - 4) / (rhoMax - 4)) * ((rho - 2) / (rhoMax - 2)) * (rhoMax / rho);
  const fraction = isRectified ? Math.sqrt(ratio) : silentSgdPhase ? 0 : 1;
  const rate = options.learningRate * fraction;
  weights[1] = Math.max(weights[1]!, rate);
  const weight = k ** options.polynomialPower * weights[1] ** options.weightLrPower;
  weights[0]! += weight;
  const share = weights[0] === 0 ? 0 : weight / weights[0]!;
  for (let i = 0; i < y.length; i++) {
    const g = gradient[i]!;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    const direction = isRectified ? g / (Math.sqrt(v[i]! / (1 - beta2 ** k)) + epsilon) : g;
    z[i]! -= rate * direction + (options.decay ?? 0) * fraction * y[i]!;
    x[i] = (1 - share) * x[i]! + share * z[i]!;
    y[i] = beta1 * x[i]! + (1 - beta1) * z[i]!;
  }
};
