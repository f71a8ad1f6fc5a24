import type {
  EngineOptions,
  Optimizer,
  OptimizerClass,
  ParameterSelector,
  RuleOptimizer,
} from '@steepest/optimizer';
import { assertBackend } from '../backends.ts';
import type { Check } from '../check.ts';
import type { Deviation } from '../deviation.ts';
import { engineOptionsIn, recordedEngineOptions, replayInFloat64, replayOnTensors } from '../replay.ts';
import { checkTrajectory, type Trajectory, titleOf } from '../trajectory.ts';

/** One optimizer of a combination and the parameters it takes; all that no earlier one took when `match` is left out. */
export interface RecordedMember {
  readonly match?: ParameterSelector | undefined;
  readonly optimizer: RuleOptimizer;
}

/** Recorded runs, and how they are compared. */
export interface RecordedRuns {
  readonly trajectories: readonly Trajectory[];
  /** Float32 tolerance of parameters, averages and state, relative to the largest element of a tensor; 1e-5 by default. */
  readonly float32Tolerance?: number;
  /** Slots that only one of the two codes keeps, so that they cannot be compared. */
  readonly uncomparedSlots?: readonly string[];
}

/** Recorded runs of one optimizer. */
export interface GoldenCheckOptions<Options extends object> extends RecordedRuns {
  readonly optimizer: OptimizerClass<Options>;
  /** The options under which the optimizer should reproduce a recorded run. */
  readonly optionsOf: (trajectory: Trajectory) => Options;
}

/** Recorded runs of several optimizers over one model. */
export interface CombinedGoldenCheckOptions extends RecordedRuns {
  /** New optimizers that should together reproduce a recorded run. */
  readonly membersOf: (trajectory: Trajectory) => readonly RecordedMember[];
  /** Makes one optimizer of them: `combine` of `@steepest/param-groups`. */
  readonly combine: (members: readonly RecordedMember[], options: EngineOptions) => Optimizer;
}

/** Order of operations is all that may differ from the recorder's float64 code. */
const float64Tolerance = 1e-12;

function assertReproduced({ largest, worst, compared, unmatched }: Deviation, tolerance: number): void {
  if (compared.parameters === 0) throw new Error('nothing was compared');
  if (!(largest < tolerance)) {
    throw new Error(`deviates by ${largest.toExponential(2)}, more than ${tolerance}; worst: ${worst}`);
  }
  if (unmatched.length > 0) {
    throw new Error(
      `state that was not compared: ${unmatched.join('; ')}. Record it under the name of the slot, ` +
        'or name it in uncomparedSlots',
    );
  }
}

/** @throws Error if an optimizer does something that a run of it should show and this one does not. */
function assertShown(trajectory: Trajectory, members: readonly RecordedMember[]): void {
  const all = members.map(({ optimizer }) => optimizer.describe());
  const refreshing = all.find(({ capabilities }) => capabilities.refresh);
  if (refreshing !== undefined && !trajectory.refreshGrads?.some((given) => given !== null)) {
    throw new Error(
      `${refreshing.name} refreshes an estimate, and the run has no refresh: record refreshGrads`,
    );
  }
  const averaging = all.find(({ capabilities }) => capabilities.average);
  if (averaging !== undefined && trajectory.expected.averages === undefined) {
    throw new Error(
      `${averaging.name} evaluates with an average, and the run has none: record expected.averages`,
    );
  }
}

function checksOf(
  trajectory: Trajectory,
  golden: RecordedRuns,
  membersOf: () => readonly RecordedMember[],
  engine: EngineOptions,
  make: () => Optimizer,
): Check[] {
  const title = `the authors’ run ${titleOf(trajectory)}`;
  const { float32Tolerance: tolerance = 1e-5, uncomparedSlots = [] } = golden;
  return [
    {
      name: `reproduces ${title} in float64 to ${float64Tolerance}`,
      kind: 'golden',
      run: async () => {
        checkTrajectory(trajectory);
        const members = membersOf();
        assertShown(trajectory, members);
        const inFloat64 = members.map(({ match, optimizer }) => ({
          ...optimizer.member(),
          ...(match === undefined ? {} : { match }),
        }));
        assertReproduced(replayInFloat64(trajectory, inFloat64, engine, uncomparedSlots), float64Tolerance);
      },
    },
    {
      name: `reproduces ${title} on float32 tensors to ${tolerance}`,
      kind: 'golden',
      run: async () => {
        checkTrajectory(trajectory);
        assertReproduced(await replayOnTensors(trajectory, make(), uncomparedSlots), tolerance);
      },
    },
  ];
}

/**
 * Checks that an optimizer, or several combined, reproduce recorded runs of the authors' code, in float64 and on float32
 * tensors: parameters, averages and every slot of the state. A slot that only one side has fails unless it is named in
 * `uncomparedSlots`. `hyper.maxGradNorm` of a run becomes `clipGlobalNorm`, unless `optionsOf` gives another.
 *
 * @throws Error if no backend of tfjs is there to train on
 */
export function goldenChecks<Options extends object>(
  golden: GoldenCheckOptions<Options> | CombinedGoldenCheckOptions,
): Check[] {
  assertBackend();
  return golden.trajectories.flatMap((trajectory): Check[] => {
    const recorded = recordedEngineOptions(trajectory);
    if ('membersOf' in golden) {
      const membersOf = () => golden.membersOf(trajectory);
      return checksOf(trajectory, golden, membersOf, recorded, () => golden.combine(membersOf(), recorded));
    }
    const { optimizer: OptimizerClass, optionsOf } = golden;
    const options = () => ({ ...recorded, ...optionsOf(trajectory) });
    const make = () => new OptimizerClass(options());
    const engine = engineOptionsIn(options());
    return checksOf(trajectory, golden, () => [{ optimizer: make() }], engine, make);
  });
}
