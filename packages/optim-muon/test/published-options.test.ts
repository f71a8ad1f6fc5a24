import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Muon, muonRule } from '../src/index.ts';

describe('Muon', () => {
  it('has the defaults of the authors’ code', () => {
    // KellerJordan/Muon, muon.py: lr=0.02, momentum=0.95, nesterov, scaled by max(1, rows / columns)^0.5.
    const { hyperparameters, settings } = recordOf(muonRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.02,
      momentum: 0.95,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      nesterov: true,
      updateScale: 'rows',
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ momentum: -0.5 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ nesterov: 'yes' }, 'nesterov must be true or false'],
    [{ nesterov: 1 }, 'nesterov must be true or false'],
    [{ updateScale: 'row' }, 'updateScale must be one of rows, columns, rms'],
    [{ updateScale: 'toString' }, 'updateScale must be one of rows, columns, rms'],
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
    { updateScale: 'rms' },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Muon(options as object).dispose()).not.toThrow();
  });
});
