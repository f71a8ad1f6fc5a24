import type { OptimizerClass, UpdateRule } from '@steepest/optimizer';
import type { Check } from '../check.ts';
import {
  replayInFloat64,
  replayOnTensors,
  type Trajectory,
  type TrajectoryDeviation,
} from '../trajectory.ts';

export interface GoldenCheckOptions<Options extends object> {
  readonly optimizer: OptimizerClass<Options> & { readonly rule: UpdateRule };
  readonly trajectories: readonly Trajectory[];
  /** The options under which the optimizer should reproduce a recorded run. */
  readonly optionsOf: (trajectory: Trajectory) => Options;
  /** Float32 tolerance of parameters and state, relative to the largest element of a tensor; 1e-5 by default. */
  readonly float32Tolerance?: number;
}

/** Order of operations is all that may differ from the recorder's float64 code. */
const float64Tolerance = 1e-10;

function assertReproduced(deviation: TrajectoryDeviation, tolerance: number): void {
  const { parameters, state, worst, compared } = deviation;
  if (compared === 0) throw new Error('nothing was compared');
  if (!(parameters < tolerance) || !(state < tolerance)) {
    throw new Error(
      `deviates by ${parameters.toExponential(2)} (parameters) and ${state.toExponential(2)} (state), ` +
        `more than ${tolerance}; worst: ${worst}`,
    );
  }
}

/**
 * Checks that an optimizer reproduces recorded runs of the authors' code, in float64 and on float32 tensors.
 *
 * `hyper.maxGradNorm` of a run becomes `clipGlobalNorm`.
 */
export function goldenChecks<Options extends object>(golden: GoldenCheckOptions<Options>): Check[] {
  return golden.trajectories.flatMap((trajectory): Check[] => {
    const { optimizer: OptimizerClass } = golden;
    const clip = trajectory.hyper.maxGradNorm as number | undefined;
    const engineOptions = clip === undefined ? {} : { clipGlobalNorm: clip };
    const options = golden.optionsOf(trajectory);
    const tolerance = golden.float32Tolerance ?? 1e-5;
    const title = `the authors’ run ${trajectory.optimizer}/${trajectory.case}`;
    return [
      {
        name: `reproduces ${title} in float64 to ${float64Tolerance}`,
        kind: 'golden',
        run: async () => {
          const members = [{ rule: OptimizerClass.rule, options }];
          assertReproduced(replayInFloat64(trajectory, members, engineOptions), float64Tolerance);
        },
      },
      {
        name: `reproduces ${title} on float32 tensors to ${tolerance}`,
        kind: 'golden',
        run: async () => {
          const optimizer = new OptimizerClass({ ...options, ...engineOptions });
          assertReproduced(await replayOnTensors(trajectory, optimizer), tolerance);
        },
      },
    ];
  });
}
