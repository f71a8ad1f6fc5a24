import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import {
  ScheduleFreeAdamW,
  type ScheduleFreeAdamWOptions,
  ScheduleFreeRAdam,
  type ScheduleFreeRAdamOptions,
  ScheduleFreeSgd,
  type ScheduleFreeSgdOptions,
} from '../src/index.ts';
import { scheduleFreeReference, scheduleFreeReferenceAverage } from './schedule-free-adamw-reference.ts';
import { scheduleFreeRAdamReference } from './schedule-free-radam-reference.ts';
import { keptAverage, scheduleFreeSgdReference } from './schedule-free-sgd-reference.ts';

const runsOf = (name: string): Trajectory[] =>
  readTrajectories(new URL(`./fixtures/${name}/`, import.meta.url));

/** What follows the title of a run whose warm-up is left to the optimizer. */
const warmed = ', with warmupSteps';

/** Runs, and once more those with a warm-up, to be left to the optimizer. */
function alsoWarmed(runs: readonly Trajectory[]): Trajectory[] {
  const withWarmup = runs.filter(({ hyper }) => hyper.warmupSteps !== 0);
  return [...runs, ...withWarmup.map((run) => ({ ...run, case: run.case + warmed }))];
}

/** The options of all variants. Learning rates were recorded after the warm-up, so they come without one. */
function sharedOptions(run: Trajectory) {
  const hyper = run.hyper as unknown as Record<string, number>;
  const warmsUp = run.case.endsWith(warmed);
  return {
    ...recordedOptions(run),
    ...(warmsUp ? { learningRate: hyper.learningRate! } : {}),
    weightDecayMode: 'decoupled', // recorded as decoupled-at-y
    polynomialPower: hyper.polynomialPower!,
    weightLrPower: hyper.weightLrPower!,
  } as const;
}

const warmupOf = ({ case: name, hyper }: Trajectory) =>
  name.endsWith(warmed) ? { warmupSteps: hyper.warmupSteps as number } : {};

function adamWOptionsOf(run: Trajectory): ScheduleFreeAdamWOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  return {
    ...sharedOptions(run),
    ...warmupOf(run),
    beta1: hyper.beta1!,
    beta2: hyper.beta2!,
    epsilon: hyper.epsilon!,
    innerMomentum: hyper.innerMomentum!,
  };
}

const sgdOptionsOf = (run: Trajectory): ScheduleFreeSgdOptions => ({
  ...sharedOptions(run),
  ...warmupOf(run),
  momentum: run.hyper.momentum as number,
});

function radamOptionsOf(run: Trajectory): ScheduleFreeRAdamOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  return {
    ...sharedOptions(run),
    beta1: hyper.beta1!,
    beta2: hyper.beta2!,
    epsilon: hyper.epsilon!,
    silentSgdPhase: run.hyper.silentSgdPhase as boolean,
  };
}

const checks = [
  ...conformanceChecks({
    optimizer: ScheduleFreeAdamW,
    reference: scheduleFreeReference,
    averageReference: scheduleFreeReferenceAverage,
    golden: { trajectories: alsoWarmed(runsOf('adamw')), optionsOf: adamWOptionsOf },
    releasedStates: new URL('./states/adamw/', import.meta.url),
    variants: [
      {
        name: 'innerMomentum',
        options: { innerMomentum: 0.9, warmupSteps: 5, polynomialPower: 1, weightLrPower: 1 },
      },
    ],
  }),
  ...conformanceChecks({
    optimizer: ScheduleFreeSgd,
    reference: scheduleFreeSgdReference,
    averageReference: keptAverage,
    golden: { trajectories: alsoWarmed(runsOf('sgd')), optionsOf: sgdOptionsOf },
    releasedStates: new URL('./states/sgd/', import.meta.url),
    variants: [{ name: 'warmed up', options: { warmupSteps: 5, polynomialPower: 1, momentum: 0.7 } }],
  }),
  ...conformanceChecks({
    optimizer: ScheduleFreeRAdam,
    reference: scheduleFreeRAdamReference,
    averageReference: keptAverage,
    golden: { trajectories: runsOf('radam'), optionsOf: radamOptionsOf },
    releasedStates: new URL('./states/radam/', import.meta.url),
    variants: [{ name: 'with the SGD phase', options: { silentSgdPhase: false, beta2: 0.97 } }],
  }),
];

for (const check of checks) it(check.name, check.run);
