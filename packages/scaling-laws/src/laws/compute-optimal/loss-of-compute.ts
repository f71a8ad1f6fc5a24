import { type LogPrediction, logHuberObjective } from '../../fitting/log-huber.ts';
import { minimize } from '../../fitting/minimize.ts';
import { gridStarts, minimizeFromMany } from '../../fitting/multi-start.ts';

/** L(C) = E + A / C^alpha, the loss of the best run at a compute. */
export interface LossOfCompute {
  readonly E: number;
  readonly A: number;
  readonly alpha: number;
}

interface Point {
  readonly flops: number;
  readonly loss: number;
}

/** The loss in nats per token. */
export function lossAt({ E, A, alpha }: LossOfCompute, flops: number): number {
  return E + A / flops ** alpha;
}

/** log L = logsumexp(a - alpha x, e), with x the logarithm of the compute less its mean. */
const logLoss: LogPrediction<{ readonly x: number }> = ({ x }, point, gradient) => {
  const [term, floor] = [point[0]! - point[2]! * x, point[1]!];
  const largest = Math.max(term, floor);
  const sum = Math.exp(term - largest) + Math.exp(floor - largest);
  gradient[0] = Math.exp(term - largest) / sum;
  gradient[1] = Math.exp(floor - largest) / sum;
  gradient[2] = -x * gradient[0];
  return largest + Math.log(sum);
};

/**
 * Fits L(C) by the Huber loss on logarithms, in coordinates centred on the data.
 *
 * @param near a fit of almost the same points to start from, in place of a grid
 */
export function fitLossOfCompute(points: readonly Point[], near?: LossOfCompute): LossOfCompute {
  const centre = points.reduce((sum, { flops }) => sum + Math.log(flops), 0) / points.length;
  const objective = logHuberObjective(
    points.map(({ flops, loss }) => ({ x: Math.log(flops) - centre, loss })),
    ({ loss }) => loss,
    logLoss,
  );
  const options = { gradientTolerance: 1e-9, maxIterations: 300 };
  const lowest = Math.log(Math.min(...points.map(({ loss }) => loss)));
  const found = near
    ? minimize(objective, [Math.log(near.A) - near.alpha * centre, Math.log(near.E), near.alpha], options)
    : minimizeFromMany(
        objective,
        gridStarts([
          [0.1, 0.3, 0.6].map((share) => lowest + Math.log(share)),
          [0.3, 0.6, 0.9].map((share) => lowest + Math.log(share)),
          [0.05, 0.1, 0.3],
        ]),
        options,
      );
  const [a, e, alpha] = [found.point[0]!, found.point[1]!, found.point[2]!];
  return { E: Math.exp(e), A: Math.exp(a + alpha * centre), alpha };
}
