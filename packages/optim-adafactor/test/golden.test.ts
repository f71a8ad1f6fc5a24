import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import {
  Adafactor,
  type AdafactorOptions,
  AdafactorOriginal,
  type AdafactorOriginalOptions,
} from '../src/index.ts';

function studyOptions(trajectory: Trajectory): AdafactorOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
    neuronOnly: hyper.neuronOnly as boolean,
  };
}

function originalOptions(trajectory: Trajectory): AdafactorOriginalOptions {
  const { hyper } = trajectory;
  return {
    ...recordedOptions(trajectory),
    beta1: hyper.beta1 as number,
    beta2Decay: hyper.beta2Decay as number,
    epsilon1: hyper.epsilon1 as number,
    epsilon2: hyper.epsilon2 as number,
    clipThreshold: hyper.clipThreshold as number,
    relativeStep: hyper.relativeStep as boolean,
    scaleParameter: hyper.scaleParameter as boolean,
  };
}

describe('Adafactor', () => {
  const checks = goldenChecks({
    optimizer: Adafactor,
    trajectories: readTrajectories(new URL('./fixtures/adafactor/', import.meta.url)),
    optionsOf: studyOptions,
  });
  for (const check of checks) it(check.name, check.run);
});

describe('AdafactorOriginal', () => {
  const checks = goldenChecks({
    optimizer: AdafactorOriginal,
    trajectories: readTrajectories(new URL('./fixtures/adafactor-original/', import.meta.url)),
    optionsOf: originalOptions,
  });
  for (const check of checks) it(check.name, check.run);
});
