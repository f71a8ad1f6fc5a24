import type { Results } from '@steepest/run-report';
import { describe, expect, it } from 'vitest';
import { effectiveRates, roleRates } from '../src/effective-rates.ts';

type Trial = Results['trials'][number];

/** A trial of 40 steps whose roles move at these rates in its second half, and at 1 before. */
function trial(
  optimizer: string,
  rates: Readonly<Record<string, number>>,
  { spread = 1, seed = 1 } = {},
): Trial {
  const layers = Object.fromEntries(
    Object.entries(rates).map(([role, rate]) => [
      role,
      [10, 20, 30, 40].map((step) => ({
        step,
        gradientNorm: 0.5 * step,
        updateNorm: 0.5 * step * (step > 20 ? rate : 1),
        effectiveRateSpread: step > 20 ? spread : 100,
      })),
    ]),
  );
  return { optimizer, seed, status: 'finished', steps: 40, layers } as unknown as Trial;
}

const resultsOf = (trials: readonly Trial[]) =>
  ({
    optimizers: [
      { name: 'adam', title: 'Adam' },
      { name: 'sgd', title: 'SGD' },
    ],
    trials,
  }) as unknown as Results;

const results = resultsOf([
  // The matrices' geometric mean is 2.
  trial('adam', { norm: 0.2, attention: 1, mlp: 4, lastLayer: 2 }, { spread: 8 }),
  trial('adam', { norm: 0.05, attention: 1, mlp: 4, lastLayer: 2 }, { spread: 2, seed: 2 }),
  trial('sgd', { norm: 1, attention: 2, mlp: 2, lastLayer: 3 }),
  trial('sgd', { norm: 1, attention: 2, mlp: 2, lastLayer: 3 }, { seed: 2 }),
]);

describe('effective rates by role', () => {
  it('are relative to the matrices of the blocks, over the second half of training and over seeds', () => {
    const adam = roleRates(results, 'adam');
    const rateOf = (wanted: string) => adam.find(({ role }) => role === wanted)!;
    // 0.1 and 0.025: the mean of their logarithms is log 0.05, with a standard error of log 2, and t is 12.706 with one degree of freedom.
    expect(rateOf('norm').relative.mean).toBeCloseTo(0.05, 12);
    expect(rateOf('norm').relative.interval![1]).toBeCloseTo(0.05 * 2 ** 12.7062047, 4);
    expect(rateOf('lastLayer').relative).toMatchObject({ mean: expect.closeTo(1, 12) });
    expect(rateOf('attention').relative.mean).toBeCloseTo(0.5, 12);
    expect(rateOf('mlp').spread.mean).toBeCloseTo(4, 12);
  });

  it('have no interval over one seed, and none without layers or without matrices', () => {
    const one = resultsOf([trial('adam', { norm: 1, attention: 1, mlp: 1 })]);
    expect(roleRates(one, 'adam')[0]!.relative).toEqual({ mean: 1, interval: null });
    expect(roleRates(resultsOf([trial('adam', { norm: 1 })]), 'adam')).toEqual([]);
    const { layers: _, ...without } = trial('adam', {});
    expect(effectiveRates(resultsOf([without]))).toBe('');
  });

  it('leave out steps at which a role had no gradient', () => {
    const still = trial('adam', { norm: 2, attention: 1, mlp: 1 });
    const points = still.layers!.norm as unknown as { gradientNorm: number; updateNorm: number }[];
    Object.assign(points[3]!, { gradientNorm: 0, updateNorm: 0 });
    expect(roleRates(resultsOf([still]), 'adam')[0]!.relative.mean).toBeCloseTo(2, 12);
  });

  it('say where Adam is furthest from one rate for all', () => {
    const text = effectiveRates(results);
    expect(text).toContain('| optimizer | norms | attention | MLP | last layer |');
    expect(text).toMatch(/\| SGD \| 0\.5 \(0\.5 to 0\.5\); 1 \| 1 /);
    // 0.05 over SGD's 0.5, and 1 over its 1.5.
    expect(text).toMatch(/: the norms 0\.1 \(.*the last layer 0\.67 \(1 \(1 to 1\)\)/);
    expect(text).toContain('furthest from one rate for all in the norms');
  });
});
