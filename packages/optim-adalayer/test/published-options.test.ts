import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Adalayer, adalayerRule } from '../src/index.ts';

describe('Adalayer', () => {
  it('has the defaults of the paper', () => {
    // Zhao et al. 2024, section 2 and appendix: betas=(0.9, 0.95), epsilon 1e-15. The learning rate is that of Adam.
    const { hyperparameters, settings } = recordOf(adalayerRule);
    expect(Object.fromEntries(hyperparameters.map((option) => [option.name, option.default]))).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-15,
    });
    expect(Object.fromEntries(settings.map((option) => [option.name, option.default]))).toEqual({
      blocks: 'auto',
      freezeSteps: 0,
      afterFreeze: 'frozen',
    });
  });

  it.each([
    [{ learningRate: -1 }, 'learningRate must be a finite number and at least 0'],
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta1: -0.5 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ beta2: -0.5 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ blocks: 'row' }, 'blocks must be one of auto, tensor, rows, qkv'],
    [{ blocks: 'columns' }, 'blocks must be one of auto, tensor, rows, qkv'],
    [{ freezeSteps: -1 }, 'freezeSteps must be a whole number of at least 0'],
    [{ freezeSteps: 1.5 }, 'freezeSteps must be a whole number of at least 0'],
    [{ freezeSteps: '1' }, 'freezeSteps must be a whole number of at least 0'],
    [{ afterFreeze: 'freeze' }, 'afterFreeze must be one of frozen, updating'],
    [{ afterFreeze: true }, 'afterFreeze must be one of frozen, updating'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => new Adalayer(options as object)).toThrow(message);
  });

  it.each([
    { learningRate: 0 },
    { beta1: 0 },
    { beta2: 0 },
    { epsilon: 0 },
    { blocks: 'auto' },
    { blocks: 'tensor' },
    { blocks: 'rows' },
    { blocks: 'qkv' },
    { freezeSteps: 0 },
    { freezeSteps: 1 },
    { afterFreeze: 'frozen' },
    { afterFreeze: 'updating' },
  ] as const)('accepts %o, at the edge of its range', (options) => {
    expect(() => new Adalayer(options as object).dispose()).not.toThrow();
  });
});
