import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Mars, MarsM, marsMRule, marsRule } from '../src/index.ts';

const defaultsOf = (options: readonly { name: string; default: unknown }[]) =>
  Object.fromEntries(options.map((option) => [option.name, option.default]));

describe('MARS', () => {
  it('has the defaults of the authors’ code', () => {
    // AGI-Arena/MARS, MARS: lr=3e-3, betas=(0.95, 0.99), eps=1e-8, weight_decay=0, amsgrad=False, gamma=0.025,
    // optimize_1d=False, betas_1d=(0.9, 0.95), mars_type="mars-adamw".
    const { hyperparameters, settings } = recordOf(marsRule);
    expect(defaultsOf(hyperparameters)).toEqual({
      learningRate: 3e-3,
      beta1: 0.95,
      beta2: 0.99,
      epsilon: 1e-8,
      gamma: 0.025,
      adamBeta1: 0.9,
      adamBeta2: 0.95,
    });
    expect(defaultsOf(settings)).toEqual({ variant: 'adamw', amsgrad: false, adamw: 'others' });
  });

  it.each([
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ gamma: -1 }, 'gamma must be a finite number and at least 0'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ variant: 'adam' }, 'variant must be one of adamw, lion, shampoo'],
    [{ amsgrad: 1 }, 'amsgrad must be true or false'],
    [{ adamw: true }, 'adamw must be one of never, others, always'],
    [{ variant: 'lion', amsgrad: true }, 'amsgrad needs a second moment, which the variant lion has not'],
    [
      { variant: 'shampoo', amsgrad: true },
      'amsgrad needs a second moment, which the variant shampoo has not',
    ],
  ])('refuses %o', (options, message) => {
    expect(() => new Mars(options as object)).toThrow(message);
  });

  it.each([{ beta1: 0, beta2: 0, gamma: 0, epsilon: 0 }, { amsgrad: true }, { variant: 'lion' }])(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Mars(options as object).dispose()).not.toThrow();
    },
  );
});

describe('MARS-M', () => {
  it('has the defaults of the authors’ code', () => {
    // AGI-Arena/MARS, MARS_M: lr=1e-3, wd=0.1, momentum=0.95, ns_steps=5, adamw_betas=(0.9, 0.95), adamw_eps=1e-8, gamma=0.025.
    const { hyperparameters, settings } = recordOf(marsMRule);
    expect(defaultsOf(hyperparameters)).toEqual({
      learningRate: 1e-3,
      momentum: 0.95,
      gamma: 0.025,
      epsilon: 1e-7,
      adamBeta1: 0.9,
      adamBeta2: 0.95,
      adamEpsilon: 1e-8,
    });
    expect(defaultsOf(settings)).toEqual({ newtonSchulzSteps: 5, adamw: 'others' });
    expect(marsMRule.defaults).toEqual({ weightDecay: 0.1 });
  });

  it.each([
    [{ momentum: 1 }, 'momentum must be a finite number, at least 0 and below 1'],
    [{ gamma: -1 }, 'gamma must be a finite number and at least 0'],
    [{ newtonSchulzSteps: 0 }, 'newtonSchulzSteps must be an integer from 1'],
    [{ adamw: 'all' }, 'adamw must be one of never, others, always'],
  ])('refuses %o', (options, message) => {
    expect(() => new MarsM(options as object)).toThrow(message);
  });
});
