import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { ScheduleFreeAdamW, type ScheduleFreeAdamWOptions } from '../src/index.ts';
import { scheduleFreeReference, scheduleFreeReferenceAverage } from './schedule-free-reference.ts';

/** The case of a run whose warm-up is left to the optimizer. */
const warmed = 'warmup-decay, with warmupSteps';

/** The options of a run. Its learning rates were recorded after the warm-up, so they come without one. */
function optionsOf(trajectory: Trajectory): ScheduleFreeAdamWOptions {
  const { hyper } = trajectory;
  const warmsUp = trajectory.case === warmed;
  return {
    ...recordedOptions(trajectory),
    ...(warmsUp ? { learningRate: hyper.learningRate, warmupSteps: hyper.warmupSteps as number } : {}),
    weightDecayMode: 'decoupled', // recorded as decoupled-at-y
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    polynomialPower: hyper.polynomialPower as number,
    weightLrPower: hyper.weightLrPower as number,
    innerMomentum: hyper.innerMomentum as number,
  };
}

const runs = readTrajectories(new URL('./fixtures/', import.meta.url));
const withWarmup = { ...runs.find(({ hyper }) => hyper.warmupSteps !== 0)!, case: warmed };

const checks = conformanceChecks({
  optimizer: ScheduleFreeAdamW,
  reference: scheduleFreeReference,
  averageReference: scheduleFreeReferenceAverage,
  golden: { trajectories: [...runs, withWarmup], optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    {
      name: 'innerMomentum',
      options: { innerMomentum: 0.9, warmupSteps: 5, polynomialPower: 1, weightLrPower: 1 },
    },
  ],
});

for (const check of checks) it(check.name, check.run);
