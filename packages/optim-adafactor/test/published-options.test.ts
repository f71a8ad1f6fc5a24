import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adafactor, AdafactorOriginal, adafactorOriginalRule, adafactorRule } from '../src/index.ts';

describe('Adafactor', () => {
  it('has the defaults of the study', () => {
    // Zhao et al. 2024, section 2 and appendix: betas=(0.9, 0.95), epsilon 1e-15. The learning rate is that of Adam.
    const { hyperparameters, settings } = recordOf(adafactorRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-15,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      vectorSecondMoment: 'shared',
      neuronOnly: false,
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ vectorSecondMoment: 'each' }, 'vectorSecondMoment must be one of shared, perElement'],
    [{ vectorSecondMoment: true }, 'vectorSecondMoment must be one of shared, perElement'],
    [{ neuronOnly: 'yes' }, 'neuronOnly must be true or false'],
    [{ neuronOnly: 1 }, 'neuronOnly must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adafactor(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { vectorSecondMoment: 'shared' },
    { vectorSecondMoment: 'perElement' },
    { neuronOnly: true },
    { neuronOnly: false },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Adafactor(options as object).dispose()).not.toThrow();
  });
});

describe('Adafactor (original)', () => {
  it('has the defaults of PyTorch and of the paper', () => {
    // torch.optim.Adafactor: lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0. Shazeer and Stern 2018, algorithm 6, has epsilon1 1e-30.
    const { hyperparameters, settings } = recordOf(adafactorOriginalRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.01,
      beta1: 0,
      beta2Decay: -0.8,
      epsilon1: 1e-30,
      epsilon2: 0.001,
      clipThreshold: 1,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      relativeStep: true,
      scaleParameter: true,
      warmupInit: false,
      epsilon1Placement: 'added',
      decayScale: 'learningRate',
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2Decay: 0.5 }, 'beta2Decay must be a finite number and at most 0'],
    [{ epsilon1: -1 }, 'epsilon1 must be a finite number and at least 0'],
    [{ epsilon2: -1 }, 'epsilon2 must be a finite number and at least 0'],
    [{ clipThreshold: -0.5 }, 'clipThreshold must be a finite number and at least 0'],
    [{ warmupInit: 1 }, 'warmupInit must be true or false'],
    [{ epsilon1Placement: 'inside' }, 'epsilon1Placement must be one of added, bound'],
    [{ decayScale: 1 }, 'decayScale must be one of learningRate, stepSize'],
    [{ warmupInit: true, relativeStep: false }, 'warmupInit is for the relative step'],
    [{ relativeStep: 'yes' }, 'relativeStep must be true or false'],
    [{ relativeStep: 1 }, 'relativeStep must be true or false'],
    [{ scaleParameter: 'yes' }, 'scaleParameter must be true or false'],
    [{ scaleParameter: 1 }, 'scaleParameter must be true or false'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new AdafactorOriginal(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2Decay: 0 },
    { epsilon1: 0 },
    { epsilon2: 0 },
    { clipThreshold: 0 },
    { decayScale: 'stepSize' },
    { epsilon1Placement: 'bound' },
    { relativeStep: true },
    { relativeStep: false },
    { scaleParameter: true },
    { scaleParameter: false },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new AdafactorOriginal(options as object).dispose()).not.toThrow();
  });
});
