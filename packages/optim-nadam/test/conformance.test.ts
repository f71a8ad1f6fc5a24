import {
  conformanceChecks,
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { NAdam, type NAdamOptions } from '../src/index.ts';
import { nadamReference } from './nadam-reference.ts';

function optionsOf(trajectory: Trajectory): NAdamOptions {
  const { hyper } = trajectory;
  // These runs were recorded with no options at all.
  if (trajectory.case === 'torch-defaults') return {};
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    momentumDecay: hyper.momentumDecay as number,
    variant: hyper.variant === 'torch-1.13' ? 'torch-1.13' : 'corrected',
  };
}

/** The state as this package keeps it: 1 - muProduct. */
function withComplement(trajectory: Trajectory): Trajectory {
  const { muProduct, ...state } = trajectory.expected.state;
  const complement = muProduct!.map((product) => product && [1 - product[0]!]);
  return {
    ...trajectory,
    expected: { ...trajectory.expected, state: { ...state, muProductComplement: complement } },
  };
}

/** The momentum of one of its tensors nearly cancels in the last step: 2e-4 of it is one rounding of what it was. */
const cancels = (trajectory: Trajectory): boolean => trajectory.case === 'constant';

const runs = readTrajectories(new URL('./fixtures/', import.meta.url)).map(withComplement);
const checks = [
  ...conformanceChecks({
    optimizer: NAdam,
    reference: nadamReference,
    golden: { trajectories: runs.filter((run) => !cancels(run)), optionsOf },
    variants: [{ name: 'torch-1.13', options: { variant: 'torch-1.13' } }],
    releasedStates: new URL('./states/', import.meta.url),
  }),
  ...goldenChecks({
    optimizer: NAdam,
    trajectories: runs.filter(cancels),
    optionsOf,
    float32Tolerance: 2e-4,
  }),
];

for (const check of checks) it(check.name, check.run);
