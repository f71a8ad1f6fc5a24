import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { GaLoreAdamW, galoreAdamWRule } from '../src/index.ts';

const defaultsOf = (options: readonly { name: string; default: unknown }[]) =>
  Object.fromEntries(options.map((option) => [option.name, option.default]));

describe('GaLoreAdamW', () => {
  it('has the defaults of the authors’ code', () => {
    // jiaweizzhao/GaLore, adamw.py: lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0; README: rank 128, update_proj_gap 200,
    // scale 0.25, proj_type std.
    const { hyperparameters, settings } = recordOf(galoreAdamWRule);
    expect(defaultsOf(hyperparameters)).toEqual({
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-6,
      scale: 0.25,
    });
    expect(defaultsOf(settings)).toEqual({
      rank: 128,
      projectionGap: 200,
      projection: 'std',
      projector: 'svd',
      adamw: 'others',
    });
    expect(galoreAdamWRule.defaults?.weightDecay ?? 0).toBe(0);
  });

  it.each([
    [{ beta1: 1 }, 'beta1 must be a finite number, at least 0 and below 1'],
    [{ beta2: 1 }, 'beta2 must be a finite number, at least 0 and below 1'],
    [{ epsilon: -1 }, 'epsilon must be a finite number and at least 0'],
    [{ scale: -1 }, 'scale must be a finite number and at least 0'],
    [{ rank: 0 }, 'rank must be an integer from 1'],
    [{ projectionGap: 1.5 }, 'projectionGap must be an integer from 1'],
    [{ projection: 'full' }, 'projection must be one of std, reverse_std, right, left'],
    [{ projector: 'random' }, "projector must be 'svd', or a function that returns a projector"],
    [{ update_proj_gap: 200 }, 'did you mean "projectionGap"?'],
    [{ proj_type: 'std' }, 'did you mean "projection"?'],
    [{ galore_scale: 0.25 }, 'did you mean "scale"?'],
    [{ adamw: 'some' }, 'adamw must be one of never, others, always'],
  ])('refuses %o', (options, message) => {
    expect(() => new GaLoreAdamW(options as object)).toThrow(message);
  });

  it.each([{ scale: 0 }, { rank: 1 }, { projectionGap: 1 }, { epsilon: 0 }, { beta1: 0 }, { beta2: 0 }])(
    'accepts %o',
    (options) => {
      expect(() => new GaLoreAdamW(options).dispose()).not.toThrow();
    },
  );
});
