import {
  conformanceChecks,
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
  pytorchAdafactor,
  transformersAdafactor,
} from '../src/index.ts';
import { adafactorOriginalReference } from './adafactor-original-reference.ts';
import { adafactorReference } from './adafactor-reference.ts';

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
  const checks = conformanceChecks({
    optimizer: Adafactor,
    reference: adafactorReference,
    golden: {
      trajectories: readTrajectories(new URL('./fixtures/adafactor/', import.meta.url)),
      optionsOf: studyOptions,
    },
    releasedStates: new URL('./states/adafactor/', import.meta.url),
    variants: [
      { name: 'per element', options: { vectorSecondMoment: 'perElement' } },
      { name: 'neuron only', options: { neuronOnly: true } },
    ],
  });
  for (const check of checks) it(check.name, check.run);
});

describe('AdafactorOriginal', () => {
  const checks = conformanceChecks({
    optimizer: AdafactorOriginal,
    reference: adafactorOriginalReference,
    golden: {
      trajectories: readTrajectories(new URL('./fixtures/adafactor-original/', import.meta.url)),
      optionsOf: originalOptions,
    },
    releasedStates: new URL('./states/adafactor-original/', import.meta.url),
    variants: [
      { name: 'with momentum', options: { beta1: 0.9 } },
      { name: 'absolute step', options: { relativeStep: false, scaleParameter: false } },
      { name: 'PyTorch', options: pytorchAdafactor },
      { name: 'transformers', options: transformersAdafactor },
    ],
  });
  for (const check of checks) it(check.name, check.run);
});
