import {
  conformanceChecks,
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { type Grafting, type InverseExponents, Shampoo, type ShampooOptions } from '../src/index.ts';
import { shampooReference } from './shampoo-reference.ts';

interface RecordedGrafting {
  readonly kind: Grafting;
  readonly beta2: number;
  readonly epsilon: number;
}

function optionsOf(trajectory: Trajectory): ShampooOptions {
  const { hyper } = trajectory;
  const grafting = hyper.grafting as RecordedGrafting | null;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    beta3: hyper.beta3 as number | null,
    epsilon: hyper.epsilon as number,
    preconditionFrequency: hyper.preconditionFrequency as number,
    startPreconditioningStep: hyper.startPreconditioningStep as number | null,
    biasCorrection: hyper.biasCorrection as boolean,
    grafting: grafting?.kind ?? 'none',
    // An Adagrad has no decay.
    ...(grafting === null ? {} : { graftEpsilon: grafting.epsilon }),
    ...(grafting === null || grafting.beta2 === 1 ? {} : { graftBeta2: grafting.beta2 }),
    inverseExponents:
      Object.keys(hyper.inverseExponents as object).length === 0
        ? null
        : (hyper.inverseExponents as InverseExponents),
    maxPreconditionerDim: hyper.maxPreconditionerDim as number | null,
    targetRank: hyper.targetRank as number | null,
  };
}

const runs = readTrajectories(new URL('./fixtures/', import.meta.url));
/** No state of this run was recorded. */
const isStateless = ({ expected }: Trajectory): boolean => Object.keys(expected.state).length === 0;
const blocks = [0, 1].flatMap((block) => [0, 1].map((axis) => `block${block}Factor${axis}`));
const slots = ['momentum', 'graftSecondMoment', 'factor0', 'factor1', ...blocks];
/** They follow from the factors, and were not recorded. */
const roots = [
  'inverseRoot0',
  'inverseRoot1',
  'inverseRoot2',
  ...blocks.map((name) => name.replace('Factor', 'InverseRoot')),
];

const checks = [
  ...goldenChecks({
    optimizer: Shampoo,
    trajectories: runs.filter(isStateless),
    optionsOf,
    uncomparedSlots: [...slots, ...roots],
  }),
  ...conformanceChecks({
    optimizer: Shampoo,
    reference: shampooReference,
    golden: { trajectories: runs.filter((run) => !isStateless(run)), optionsOf, uncomparedSlots: roots },
    releasedStates: new URL('./states/', import.meta.url),
    shapes: [
      { shape: [37] },
      { shape: [9, 8], role: 'matrix' },
      { shape: [3, 3, 5, 2] },
      { shape: [2, 1, 3, 2, 5] },
    ],
    variants: [
      {
        name: 'from the first step on',
        options: { preconditionFrequency: 2, startPreconditioningStep: 1, grafting: 'none', epsilon: 1e-2 },
      },
      {
        name: 'with a sum of factors',
        options: { preconditionFrequency: 3, beta2: 1, grafting: 'adagrad', epsilon: 1e-3, beta3: 0.5 },
      },
    ],
  }),
];

for (const check of checks) it(check.name, check.run);
