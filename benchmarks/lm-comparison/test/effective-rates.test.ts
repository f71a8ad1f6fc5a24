import type { Results } from '@steepest/run-report';
import { describe, expect, it } from 'vitest';
import { effectiveRates, ratioOf, roleRates } from '../src/effective-rates.ts';

type Trial = Results['trials'][number];
type Point = { step: number; gradientNorm: number; updateNorm: number; effectiveRateSpread: number };

interface Options {
  readonly spread?: number;
  readonly seed?: number;
  readonly learningRate?: number;
  readonly loss?: number;
}

/** A trial of 40 steps whose roles move at these rates in its second half, and at 1 before. */
function trial(
  optimizer: string,
  rates: Readonly<Record<string, number>>,
  { spread = 1, seed = 1, learningRate = 0.1, loss = 3 }: Options = {},
): Trial {
  const layers: Record<string, Point[]> = Object.fromEntries(
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
  const nothing = { curve: { train: [], validation: [] }, flopsPerToken: null, vocabularySize: null };
  return {
    ...nothing,
    id: `${optimizer}-${learningRate}-${seed}`,
    ...{ optimizer, seed, layers, steps: 40, tokens: 40, parameters: 1, seconds: 1, blockParameters: 1 },
    settings: { learningRate },
    ...{ variation: {}, resolved: null, status: 'finished', initialValidationLoss: 6 },
    ...{ bestValidationLoss: loss, finalValidationLoss: loss, finalTrainLoss: loss, tokensPerSecond: 1 },
    ...{ millisecondsPerStep: 1, optimizerMillisecondsPerStep: 1, stateBytesPerParameter: 8 },
  };
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
  trial('sgd', { embedding: 4, norm: 1, attention: 2, mlp: 2, lastLayer: 3 }),
  trial('sgd', { embedding: 4, norm: 0.25, attention: 2, mlp: 2, lastLayer: 3 }, { seed: 2 }),
]);

const ratio = (rates: ReturnType<typeof roleRates>, role: string) =>
  ratioOf([...rates.get(role)!.relative.values()]);

describe('effective rates by role', () => {
  it('are relative to the matrices of the blocks, over the second half of training and over seeds', () => {
    const adam = roleRates(results, 'adam');
    // 0.1 and 0.025: the mean of their logarithms is log 0.05, with a standard error of log 2, and t is 12.706 with one degree of freedom.
    expect(ratio(adam, 'norm').mean).toBeCloseTo(0.05, 12);
    expect(ratio(adam, 'norm').interval![1]).toBeCloseTo(0.05 * 2 ** 12.7062047, 4);
    expect(ratio(adam, 'lastLayer').mean).toBeCloseTo(1, 12);
    expect(ratio(adam, 'attention').mean).toBeCloseTo(0.5, 12);
    expect(adam.get('mlp')!.spread).toBeCloseTo(4, 12);
  });

  it('are those of the best setting alone', () => {
    const swept = resultsOf([
      ...results.trials,
      trial('adam', { norm: 9, attention: 1, mlp: 1 }, { seed: 3, learningRate: 1, loss: 4 }),
    ]);
    expect(roleRates(swept, 'adam')).toEqual(roleRates(results, 'adam'));
  });

  it('have no interval over one seed, and none without layers or without matrices', () => {
    const one = resultsOf([trial('adam', { norm: 1, attention: 1, mlp: 1 })]);
    expect(ratio(roleRates(one, 'adam'), 'norm')).toEqual({ mean: 1, interval: null });
    expect(effectiveRates(one)).not.toContain('Where adaptivity acts');
    expect(roleRates(resultsOf([trial('adam', { norm: 1 })]), 'adam').size).toBe(0);
    const { layers: _, ...without } = trial('adam', {});
    expect(effectiveRates(resultsOf([without]))).toBe('');
  });

  it('leave out steps at which the role or the matrices had no gradient or no update', () => {
    const still = trial('adam', { norm: 2, attention: 1, mlp: 1, embedding: 8 });
    const pointOf = (role: string, index: number) => still.layers![role]![index] as unknown as Point;
    Object.assign(pointOf('norm', 3), { gradientNorm: 0, updateNorm: 0 });
    Object.assign(pointOf('mlp', 2), { updateNorm: 0 });
    const rates = roleRates(resultsOf([still]), 'adam');
    // At step 30 the matrices stood still, and at 40 the norms did.
    expect(rates.has('norm')).toBe(false);
    expect(ratio(rates, 'embedding').mean).toBeCloseTo(8, 12);
  });

  it('are a table of every role that an optimizer has, and say how those of Adam differ from those of SGD', () => {
    const text = effectiveRates(results);
    expect(text).toContain('| optimizer | norms | attention | MLP | last layer | embedding |');
    expect(text).toMatch(/\| Adam \| .* \| – \|\n/);
    expect(text).toMatch(/\| SGD \| .* \| 1\.5 \(1\.5 to 1\.5\); 1 \| 2 \(2 to 2\); 1 \|/);
    // Of the norms 0.1 over 0.5 with the first seed, and 0.025 over 0.125 with the second; of the last layer 1 over 1.5.
    expect(text).toContain('paired by seed: norms 0.2 (0.2 to 0.2), last layer 0.67 (0.67 to 0.67).');
  });
});
