import { AdamW } from '@steepest/optim-adam';
import {
  conformanceChecks,
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import { byRole, type CombinedMember, combine } from '@steepest/param-groups';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Muon, type MuonOptions } from '../src/index.ts';
import { muonReference } from './muon-reference.ts';

function optionsOf(trajectory: Trajectory): MuonOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    momentum: hyper.momentum as number,
    nesterov: hyper.nesterov as boolean,
  };
}

/** Muon for the matrices and Adam, whose learning rate has the same course, for the rest. */
function membersOf(trajectory: Trajectory): CombinedMember[] {
  const hyper = trajectory.hyper as unknown as Record<string, number>;
  const shared = recordedOptions(trajectory);
  const adam = new AdamW({
    ...shared,
    learningRate: (step) => (shared.learningRate(step) * hyper.learningRateAux!) / hyper.learningRate!,
    beta1: hyper.auxBeta1!,
    beta2: hyper.auxBeta2!,
    epsilon: hyper.auxEpsilon!,
  });
  return [{ match: byRole('matrix'), optimizer: new Muon(optionsOf(trajectory)) }, { optimizer: adam }];
}

const runs = readTrajectories(new URL('./fixtures/', import.meta.url));
const isCombined = (trajectory: Trajectory): boolean => trajectory.case === 'aux-adam';

const checks = [
  ...conformanceChecks({
    optimizer: Muon,
    reference: muonReference,
    golden: { trajectories: runs.filter((run) => !isCombined(run)), optionsOf },
    releasedStates: new URL('./states/', import.meta.url),
    variants: [
      { name: 'without Nesterov', options: { nesterov: false } },
      { name: 'inputs first', options: { updateScale: 'columns' } },
      { name: 'scaled as AdamW', options: { updateScale: 'rms' } },
    ],
  }),
  ...goldenChecks({ trajectories: runs.filter(isCombined), membersOf, combine }),
];

for (const check of checks) it(check.name, check.run);
