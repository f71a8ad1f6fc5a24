import { recordOf } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Scion, scionLanguageModel, scionRule } from '../src/index.ts';

const defaultsOf = (options: readonly { name: string; default: unknown }[]) =>
  Object.fromEntries(options.map((option) => [option.name, option.default]));

describe('Scion', () => {
  it('has the defaults of the authors’ code, with the momentum of its examples', () => {
    // LIONS-EPFL/scion, Scion: lr=1e-3, norm='Auto', scale=1.0, unconstrained=False; momentum=0.1 in every example.
    const { hyperparameters, settings } = recordOf(scionRule);
    expect(defaultsOf(hyperparameters)).toEqual({ learningRate: 1e-3, alpha: 0.1, scale: 1 });
    expect(defaultsOf(settings)).toEqual({
      norm: 'auto',
      normalized: 'auto',
      floorAtOne: false,
      transpose: false,
      newtonSchulzSteps: 5,
    });
    expect(scionRule.defaults).toEqual({ weightDecay: 1 });
  });

  it('has the radii of the authors’ GPT-2: 50 for matrices, 60 times that for the last layer', () => {
    expect(scionLanguageModel.scale).toBe(50);
    expect(scionLanguageModel.groups.map(({ scale }) => scale)).toEqual([1, 50 * 60, 1]);
    expect(() => new Scion(scionLanguageModel).dispose()).not.toThrow();
  });

  it.each([
    [{ alpha: 1.5 }, 'alpha must be a finite number, at least 0 and at most 1'],
    [{ alpha: -0.1 }, 'alpha must be a finite number, at least 0 and at most 1'],
    [{ scale: -1 }, 'scale must be a finite number and at least 0'],
    [
      { norm: 'Spectral' },
      'norm must be one of auto, spectral, spectralConv, sign, biasRms, colNorm, rowNorm',
    ],
    [{ normalized: 'yes' }, "normalized must be true, false or 'auto'"],
    [{ floorAtOne: 1 }, 'floorAtOne must be true or false'],
    [{ transpose: 'no' }, 'transpose must be true or false'],
    [{ newtonSchulzSteps: 0.5 }, 'newtonSchulzSteps must be an integer from 1'],
  ])('refuses %o', (options, message) => {
    expect(() => new Scion(options as object)).toThrow(message);
  });

  it.each([{ alpha: 0 }, { alpha: 1 }, { scale: 0 }, { normalized: true }, { normalized: 'auto' }] as const)(
    'accepts %o, at the edge of its range',
    (options) => {
      expect(() => new Scion(options).dispose()).not.toThrow();
    },
  );
});
