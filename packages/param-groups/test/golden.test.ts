import { Adafactor } from '@steepest/optim-adafactor';
import { Adalayer } from '@steepest/optim-adalayer';
import { Sgd } from '@steepest/optim-sgd';
import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { byRole, type CombinedMember, combine } from '../src/index.ts';

/** The roles that the switches of a run give to the adaptive rule. */
function adaptiveRoles({ optimizer, hyper }: Trajectory): string[] {
  const adaptsLast = optimizer === 'sgd-adalayer' ? hyper.lastLayerCorrection : hyper.updateLast;
  return [...(adaptsLast ? ['lastLayer'] : []), ...(hyper.updateNorm ? ['norm'] : [])];
}

/** The hybrid of Zhao et al. (2024): SGD with averaged momentum, and an adaptive rule for some roles. */
function membersOf(trajectory: Trajectory): CombinedMember[] {
  const { optimizer, hyper } = trajectory;
  const shared = {
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
  };
  const recorded = { ...recordedOptions(trajectory), weightDecayMode: 'independent' as const };
  const sgd = new Sgd({ ...recorded, momentum: shared.beta1, momentumForm: 'average' });
  const roles = adaptiveRoles(trajectory);
  if (roles.length === 0) return [{ optimizer: sgd }];
  const options = { ...recorded, ...shared };
  const adaptive = optimizer === 'sgd-adalayer' ? new Adalayer(options) : new Adafactor(options);
  return [{ match: byRole(...roles), optimizer: adaptive }, { optimizer: sgd }];
}

/** Without the second moments of 1 that the authors' code keeps where it divides by nothing. */
function withoutOnes(trajectory: Trajectory): Trajectory {
  const { params, expected } = trajectory;
  const roles = adaptiveRoles(trajectory);
  const secondMoment = expected.state.secondMoment!.map((numbers, index) => {
    if (roles.includes(params[index]!.role)) return numbers;
    if (!numbers!.every((x) => x === 1)) throw new Error(`${params[index]!.name} has a second moment`);
    return null;
  });
  return { ...trajectory, expected: { ...expected, state: { ...expected.state, secondMoment } } };
}

const trajectories = readTrajectories(new URL('./fixtures/', import.meta.url)).map(withoutOnes);

for (const check of goldenChecks({ trajectories, membersOf, combine })) it(check.name, check.run);
