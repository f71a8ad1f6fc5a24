import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countParameters, flopsPerToken, modelConfig } from '@steepest/lm-models';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectResults } from '../src/collecting/collect-results.ts';
import { warnings } from '../src/page/warnings.ts';
import { EXPERIMENT, SEEDED, type SyntheticTrial, TYPICAL, writeRuns } from './synthetic-runs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-report-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function collect(trials: readonly SyntheticTrial[]) {
  await writeRuns(directory, trials, { ...EXPERIMENT, optimizers: [] });
  return collectResults(directory);
}

describe('spread over seeds', () => {
  it('states mean, standard deviation and which pairs differ, as SciPy computes them', async () => {
    const { optimizers, significance } = await collect(SEEDED);
    const adam = optimizers.find(({ name }) => name === 'adam')!;
    // statistics.stdev([4.99, 5.0, 5.014])
    expect(adam.lossDeviation).toBeCloseTo(0.0120554, 6);
    const pair = (one: string, other: string) =>
      significance.pairs.find(({ first, second }) => first === one && second === other)!;
    // scipy.stats.ttest_rel([4.99, 5.0, 5.014], [5.03, 5.005, 5.029])
    const lion = pair('adam', 'lion');
    expect(lion).toMatchObject({ seeds: 3, degreesOfFreedom: 2 });
    expect(lion.t).toBeCloseTo(-1.9215378456610215, 9);
    expect(lion.p).toBeCloseTo(0.1946127337431744, 9);
    // The largest of three p-values is not raised by Holm.
    expect(lion).toMatchObject({ significant: false, correctedP: lion.p });
    // scipy.stats.ttest_rel([4.99, 5.0, 5.014], [6.2, 6.196, 6.208]); the smallest of three is tripled.
    expect(pair('adam', 'sgd').p).toBeCloseTo(1.7592128357233452e-5, 12);
    expect(pair('adam', 'sgd').correctedP).toBeCloseTo(3 * 1.7592128357233452e-5, 12);
    expect(pair('adam', 'sgd').significant).toBe(true);
    expect(significance.rule).toMatch(/paired by seed.*Holm.*0\.05/);
  });

  it('judges a pair by its own scatter, however widely the losses of a third optimizer scatter', async () => {
    const losses = {
      adam: [5, 5.01, 5.02, 5.03, 5.04],
      lion: [4.99, 5.002, 5.008, 5.021, 5.031],
      sgd: [6, 6.5, 5.8, 6.9, 6.2],
    };
    const { significance } = await collect(
      Object.entries(losses).flatMap(([optimizer, all]) =>
        all.map((loss, index) => ({ optimizer, learningRate: 1e-3, seed: index + 1, loss })),
      ),
    );
    const found = Object.fromEntries(
      significance.pairs.map(({ first, second, t, p }) => [`${first} ${second}`, { t, p }]),
    );
    // scipy.stats.ttest_rel of the lists. One scatter for all three would give the first pair |t| 0.06.
    const near = (value: number) => expect.closeTo(value, 9);
    expect(found).toEqual({
      'lion adam': { t: near(-14.154427790872514), p: near(0.0001446329033053996) },
      'lion sgd': { t: near(-6.649266042332994), p: near(0.002656147746618831) },
      'adam sgd': { t: near(-6.581631390460185), p: near(0.00275910857123735) },
    });
  });

  it('tests a pair over the seeds that both have, and says of which differences it tests none', async () => {
    const trials = [
      ...[5, 5.01, 5.02, 5.04].map((loss, index) => ({ optimizer: 'adam', seed: index + 1, loss })),
      ...[5.2, 5.22, 5.21].map((loss, index) => ({ optimizer: 'lion', seed: index + 2, loss })),
      ...[6, 6.3].map((loss, index) => ({ optimizer: 'sgd', seed: index, loss })),
    ].map((trial) => ({ ...trial, learningRate: 1e-3 }));
    const results = await collect(trials);
    expect(results.significance.pairs.map(({ first, second, seeds }) => [first, second, seeds])).toEqual([
      ['adam', 'lion', 3],
    ]);
    // scipy.stats.ttest_rel([5.01, 5.02, 5.04], [5.2, 5.22, 5.21])
    expect(results.significance.pairs[0]!.p).toBeCloseTo(0.0022246968602823393, 9);
    expect(warnings(results)).toContain(
      '2 of the differences are not tested: the optimizers have fewer than two finished seeds in common, or differ by the same at each.',
    );
  });

  it('tests nothing with one seed', async () => {
    const { optimizers, significance } = await collect(TYPICAL);
    expect(significance.pairs).toEqual([]);
    expect(optimizers[0]!.lossDeviation).toBeNull();
  });
});

describe('the pace to the loss of the baseline', () => {
  it('is interpolated between evaluations, and null where it is never reached', async () => {
    const { optimizers } = await collect([
      { optimizer: 'adam', learningRate: 1e-3, loss: 5.2 },
      { optimizer: 'lion', learningRate: 1e-4, loss: 5 },
      { optimizer: 'sgd', learningRate: 1, loss: 6 },
    ]);
    const pace = (name: string) => optimizers.find((one) => one.name === name)!.toBaseline;
    expect(pace('adam')).toEqual({ steps: 200, tokens: 102_400, seconds: 40 });
    expect(pace('sgd')).toBeNull();
    // Lion's loss is 8.3 - 3.3 sqrt(step / 200): 5.169340 at 180 and 5.269 at 170, so evaluated at 160 and 180 only.
    const at = (step: number) => 8.3 - 3.3 * Math.sqrt(step / 200);
    const expected = 160 + (20 * (at(160) - 5.2)) / (at(160) - at(180));
    expect(pace('lion')!.steps).toBeCloseTo(expected, 9);
    expect(pace('lion')!.tokens).toBeCloseTo(expected * 512, 6);
    expect(pace('lion')!.seconds).toBeCloseTo(expected * 0.2, 9);
  });
});

describe('swept hyperparameters', () => {
  it('have a curve an optimizer, with every trial behind each point', async () => {
    const { sweeps } = await collect(SEEDED);
    expect(sweeps.map(({ key, scale, values }) => [key, scale, values])).toEqual([
      ['weightDecay', 'ordinal', [0, 0.1, 1]],
    ]);
    const curve = (name: string) => sweeps[0]!.curves.find(({ optimizer }) => optimizer === name)!;
    expect(curve('lion').optimum).toBe(1);
    expect(curve('sgd').points[2]).toMatchObject({ trials: 3, diverged: 1, stopped: 1 });
    expect(curve('sgd').points[2]!.loss).toBeCloseTo(6.9, 12);
    expect(Object.keys(curve('sgd').points[2]!.losses)).toEqual(['sgd-lr1-weightDecay_1-seed1']);
    expect(curve('adam').points.map(({ loss }) => loss!.toFixed(4))).toEqual(['5.1013', '5.0013', '5.3013']);
  });

  it('take the other settings at their best for each value', async () => {
    const { sweeps } = await collect([
      { optimizer: 'adam', learningRate: 1e-3, settings: { weightDecay: 0 }, loss: 5.5 },
      { optimizer: 'adam', learningRate: 1e-3, settings: { weightDecay: 0.1 }, loss: 5.2 },
      { optimizer: 'adam', learningRate: 1e-2, settings: { weightDecay: 0 }, loss: 5.1 },
      { optimizer: 'adam', learningRate: 1e-2, settings: { weightDecay: 0.1 }, loss: 5.4 },
    ]);
    const points = (key: string) =>
      sweeps.find((sweep) => sweep.key === key)!.curves[0]!.points.map(({ value, loss }) => [value, loss]);
    expect(sweeps.map(({ key }) => key)).toEqual(['learningRate', 'weightDecay']);
    expect(points('learningRate')).toEqual([
      [1e-3, 5.2],
      [1e-2, 5.1],
    ]);
    expect(points('weightDecay')).toEqual([
      [0, 5.1],
      [0.1, 5.2],
    ]);
  });

  it('may stand outside the optimizer: a batch size at equal tokens is swept, its steps follow', async () => {
    const at = (optimizer: string, batchSize: number, loss: number): SyntheticTrial => ({
      optimizer,
      learningRate: 1e-3,
      // Another seed too, which must not make the two sizes one setting.
      seed: batchSize,
      loss,
      config: { budget: { steps: 1600 / batchSize, batchSize, contextLength: 64 } },
    });
    const { sweeps, shared, trials } = await collect([
      at('adam', 8, 5),
      at('adam', 16, 5.1),
      at('lion', 8, 5.2),
      at('lion', 16, 5.1),
    ]);
    expect(trials[0]!.variation).toEqual({ 'budget.batchSize': 8 });
    const batch = sweeps.find(({ key }) => key === 'budget.batchSize')!;
    expect(batch.curves.map(({ optimizer, optimum }) => [optimizer, optimum])).toEqual([
      ['adam', 8],
      ['lion', 16],
    ]);
    expect(batch.curves[0]!.points.map(({ loss }) => loss)).toEqual([5, 5.1]);
    // Every optimizer had both, so nothing about it is unfair.
    expect(shared.differing).toEqual([]);
  });
});

describe('what a trial records', () => {
  it('counts FLOPs for the vocabulary that its number of parameters implies', async () => {
    const config = modelConfig({ size: 'nano', vocabularySize: 5000, contextLength: 64, seed: 0 });
    const { trials } = await collect([
      { optimizer: 'adam', learningRate: 1e-3, parameters: countParameters(config).total },
      { optimizer: 'adam', learningRate: 1e-2, parameters: countParameters(config).total + 1 },
    ]);
    expect(trials[0]!.flopsPerToken).toBe(flopsPerToken(config, 'withAttention'));
    expect(trials[1]!.flopsPerToken).toBeNull();
  });

  it('keeps the measures of its layers by role', async () => {
    const { trials } = await collect([{ optimizer: 'adam', learningRate: 1e-3, layers: true }]);
    const { mlp } = trials[0]!.layers!;
    expect(Object.keys(trials[0]!.layers!)).toEqual(['embedding', 'attention', 'mlp', 'norm', 'lastLayer']);
    expect(mlp).toHaveLength(20);
    expect(mlp![0]).toMatchObject({ step: 10, updateNorm: 3e-3, effectiveRateSpread: 4 });
  });

  it('is shown as stopped where the tuning gave it up, and never selected', async () => {
    const { optimizers } = await collect([
      { optimizer: 'adam', learningRate: 1e-3, loss: 5 },
      { optimizer: 'adam', learningRate: 1e-2, status: 'stopped', loss: 4 },
    ]);
    expect(optimizers[0]).toMatchObject({
      stopped: 1,
      finished: 1,
      best: 'adam-lr0.001-seed1',
      edges: [{ key: 'learningRate', end: 'lowest', value: 1e-3 }],
    });
  });
});
