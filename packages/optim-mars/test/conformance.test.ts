import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Mars, MarsM, type MarsMOptions, type MarsOptions, type MarsVariant } from '../src/index.ts';
import { marsMReference, marsReference } from './mars-reference.ts';

/** The learning rate and decay of what is not a matrix, of which the authors' code keeps its own. */
function otherRates({ hyper, learningRates }: Trajectory) {
  const { learningRateAux, weightDecayAux } = hyper as unknown as Record<string, number>;
  return {
    match: { rank: [0, 1, 3] },
    learningRate: (step: number) => (learningRates[step - 1]! * learningRateAux!) / hyper.learningRate,
    weightDecay: weightDecayAux!,
  };
}

function marsOptionsOf(run: Trajectory): MarsOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  const isForAll = run.hyper.optimize1d === true;
  return {
    ...recordedOptions(run),
    beta1: hyper.beta1!,
    beta2: hyper.beta2!,
    epsilon: hyper.epsilon!,
    gamma: hyper.gamma!,
    adamBeta1: hyper.beta1Aux!,
    adamBeta2: hyper.beta2Aux!,
    variant: run.hyper.variant as MarsVariant,
    amsgrad: run.hyper.amsgrad as boolean,
    adamw: isForAll ? 'never' : 'others',
    groups: isForAll ? [] : [otherRates(run)],
  };
}

function marsMOptionsOf(run: Trajectory): MarsMOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  return {
    ...recordedOptions(run),
    momentum: hyper.momentum!,
    gamma: hyper.gamma!,
    epsilon: hyper.newtonSchulzEpsilon!,
    newtonSchulzSteps: hyper.newtonSchulzSteps!,
    adamBeta1: hyper.auxBeta1!,
    adamBeta2: hyper.auxBeta2!,
    adamEpsilon: hyper.auxEpsilon!,
  };
}

/**
 * The authors' code keeps the last gradient of what plain AdamW updates too, without use, and a second moment of zeros where
 * the variant has none; here they are not kept.
 */
function withoutUnusedState(run: Trajectory): Trajectory {
  const { state } = run.expected;
  const isMars = run.params.map(({ shape }) => run.hyper.optimize1d === true || shape.length === 2);
  const used = (slot: string, needs: (index: number) => boolean) =>
    state[slot]!.map((values, index) => (needs(index) ? values : null));
  return {
    ...run,
    expected: {
      ...run.expected,
      state: {
        ...state,
        previousGradient: used('previousGradient', (index) => isMars[index]!),
        secondMoment: used('secondMoment', (index) => !isMars[index] || run.hyper.variant === 'adamw'),
      },
    },
  };
}

const runsOf = (name: string): Trajectory[] =>
  readTrajectories(new URL(`./fixtures/${name}/`, import.meta.url));

const checks = [
  ...conformanceChecks({
    optimizer: Mars,
    reference: marsReference,
    golden: { trajectories: runsOf('mars').map(withoutUnusedState), optionsOf: marsOptionsOf },
    releasedStates: new URL('./states/mars/', import.meta.url),
    variants: [
      { name: 'amsgrad for all', options: { amsgrad: true, adamw: 'never' } },
      { name: 'lion', options: { variant: 'lion' } },
      { name: 'shampoo', options: { variant: 'shampoo' } },
    ],
  }),
  ...conformanceChecks({
    optimizer: MarsM,
    reference: marsMReference,
    // The authors' code counts the steps of AdamW only.
    golden: { trajectories: runsOf('mars-m'), optionsOf: marsMOptionsOf, uncomparedSlots: ['step'] },
    releasedStates: new URL('./states/mars-m/', import.meta.url),
    variants: [{ name: 'matrices only', options: { adamw: 'never', newtonSchulzSteps: 3 } }],
  }),
];

for (const check of checks) it(check.name, check.run);
