import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Muon, muonRule, muonVariants } from '../src/index.ts';

describe('Muon', () => {
  it('has the defaults of the authors’ code', () => {
    // KellerJordan/Muon, muon.py: lr=0.02, momentum=0.95, nesterov, scaled by max(1, rows / columns)^0.5.
    const { hyperparameters, settings } = recordOf(muonRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.02,
      momentum: 0.95,
      beta2: 0.95,
      epsilon: 1e-7,
      adamBeta1: 0.9,
      adamBeta2: 0.95,
      adamEpsilon: 1e-8,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      nesterov: true,
      momentumForm: 'average',
      updateScale: 'rows',
      normalize: 'none',
      coefficients: 'quintic',
      newtonSchulzSteps: 5,
      epsilonMode: 'added',
      adamw: 'never',
      adamEpsilonPlacement: 'corrected',
    });
  });

  it('has the defaults of the variants’ codes', () => {
    // Moonlight, examples/toy_train.py: lr=1e-3, wd=0.1, momentum=0.95, nesterov, adamw_betas=(0.9, 0.95), adamw_eps=1e-8.
    // torch.optim.Muon: lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov, eps=1e-7. NorMuon: lr=0.02, beta2=0.95.
    const changed = Object.fromEntries(
      Object.entries(muonVariants).map(([name, { ...options }]) => [name, options]),
    );
    expect(changed).toEqual({
      moonlight: {
        learningRate: 1e-3,
        weightDecay: 0.1,
        momentumForm: 'sum',
        updateScale: 'rms',
        adamw: 'others',
        adamEpsilonPlacement: 'uncorrected',
      },
      pytorch: { learningRate: 1e-3, weightDecay: 0.1, epsilonMode: 'floor' },
      polarExpress: { learningRate: 1e-3, weightDecay: 0.1, coefficients: 'polarExpress', epsilon: 1e-6 },
      normuon: { learningRate: 0.02, normalize: 'rows' },
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ momentum: -0.5 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ nesterov: 'yes' }, 'nesterov must be true or false'],
    [{ nesterov: 1 }, 'nesterov must be true or false'],
    [{ updateScale: 'row' }, 'updateScale must be one of rows, columns, spectral, rms'],
    [{ updateScale: 'toString' }, 'updateScale must be one of rows, columns, spectral, rms'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ adamBeta1: 1 }, 'adamBeta1 must be a finite number, at least 0 and below 1'],
    [{ adamBeta2: 1 }, 'adamBeta2 must be a finite number, at least 0 and below 1'],
    [{ adamEpsilon: -1 }, 'adamEpsilon must be a finite number and at least 0'],
    [{ momentumForm: 'ema' }, 'momentumForm must be one of average, sum'],
    [{ normalize: true }, 'normalize must be one of none, rows, columns'],
    [
      { coefficients: 'cubic' },
      "coefficients must be 'quintic', 'polarExpress', three finite numbers [a, b, c]",
    ],
    [{ coefficients: [] }, 'coefficients must be'],
    [{ coefficients: [1, 2] }, 'coefficients must be'],
    [{ coefficients: [1, 2, Number.NaN] }, 'coefficients must be'],
    [{ coefficients: [[1, 2, 3], [4]] }, 'coefficients must be'],
    [{ newtonSchulzSteps: 0 }, 'newtonSchulzSteps must be an integer from 1'],
    [{ epsilonMode: 'max' }, 'epsilonMode must be one of added, floor'],
    [{ adamw: 'yes' }, 'adamw must be one of never, others, always'],
    [{ adamEpsilonPlacement: 'in' }, 'adamEpsilonPlacement must be one of corrected, uncorrected'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Muon(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { momentum: 0 },
    { nesterov: true },
    { nesterov: false },
    { updateScale: 'rows' },
    { updateScale: 'columns' },
    { updateScale: 'spectral' },
    { updateScale: 'rms' },
    { beta2: 0 },
    { epsilon: 0 },
    { adamBeta1: 0, adamBeta2: 0, adamEpsilon: 0 },
    { coefficients: [2, -1.5, 0.5] },
    {
      coefficients: [
        [2, -1.5, 0.5],
        [1.5, -0.5, 0],
      ],
    },
    { newtonSchulzSteps: 1 },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Muon(options as object).dispose()).not.toThrow();
  });
});
