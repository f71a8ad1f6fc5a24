import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cosine, ReduceLROnPlateau, type ReduceLROnPlateauOptions } from '../src/index.ts';

interface RecordedRun {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly learningRates: readonly number[];
  readonly metrics: readonly number[];
  readonly expected: readonly (readonly number[])[];
  readonly best: number;
  readonly bad: number;
  readonly cooldown: number;
}

// PyTorch 2.15, by tools/reference/lr-schedules/make_torch_plateau.py. Both compute in float64: no tolerance.
const runs = JSON.parse(
  readFileSync(new URL('fixtures/torch-plateau.json', import.meta.url), 'utf8'),
) as RecordedRun[];
const ours: Readonly<Record<string, string>> = {
  threshold_mode: 'thresholdMode',
  min_lr: 'minLearningRate',
  eps: 'epsilon',
};

/** The part of an optimizer that the plateau uses, with a group for every rate. */
class Rates {
  constructor(private readonly rates: (number | ((step: number) => number))[]) {}

  hyperparametersAt(step = 1) {
    return this.rates.map((rate, target) => ({
      group: `groups[${target}]`,
      target,
      values: { learningRate: typeof rate === 'number' ? rate : rate(step) },
    }));
  }

  setHyperparameter(_name: 'learningRate', value: number, target: number): void {
    this.rates[target] = value;
  }
}

const optimizerWith = (rates: readonly (number | ((step: number) => number))[]) => new Rates([...rates]);
const ratesOf = (optimizer: Rates) => optimizer.hyperparametersAt().map(({ values }) => values.learningRate);

describe.each(runs)('the run "$name" of PyTorch', (run) => {
  const options = Object.fromEntries(
    Object.entries(run.options).map(([key, value]) => [ours[key] ?? key, value]),
  ) as ReduceLROnPlateauOptions;

  it('is repeated number for number', () => {
    const optimizer = optimizerWith(run.learningRates);
    const plateau = new ReduceLROnPlateau(optimizer, options);
    for (const [index, metric] of run.metrics.entries()) {
      plateau.step(metric);
      expect(ratesOf(optimizer), `after ${index + 1} values`).toEqual(run.expected[index]);
    }
    expect(plateau.state()).toEqual({
      best: run.best,
      badValues: run.bad,
      cooldownLeft: run.cooldown,
      learningRates: run.expected.at(-1),
    });
  });

  it('is continued by another from its state as JSON at any value', () => {
    for (const at of [0, 1, 7, run.metrics.length - 1]) {
      const first = new ReduceLROnPlateau(optimizerWith(run.learningRates), options);
      for (const metric of run.metrics.slice(0, at)) first.step(metric);
      const optimizer = optimizerWith(run.learningRates);
      const second = new ReduceLROnPlateau(optimizer, options);
      second.loadState(JSON.parse(JSON.stringify(first.state())));
      for (const metric of run.metrics.slice(at)) second.step(metric);
      expect(ratesOf(optimizer)).toEqual(run.expected.at(-1));
    }
  });
});

describe('a plateau', () => {
  it.each([
    ['min', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['max', Number.POSITIVE_INFINITY, 'Infinity'],
  ] as const)(
    'of mode %s keeps a best of %d in its state as JSON, which nothing passes',
    (mode, best, text) => {
      const options = { mode, patience: 0, factor: 0.5 } as const;
      const first = new ReduceLROnPlateau(optimizerWith([1]), options);
      first.step(best);
      const state = JSON.parse(JSON.stringify(first.state()));
      expect(state.best).toBe(text);
      const optimizer = optimizerWith([1]);
      const second = new ReduceLROnPlateau(optimizer, options);
      second.loadState(state);
      second.step(0);
      expect(ratesOf(optimizer)).toEqual([0.5]);
      // The worst of all is where a plateau begins.
      const third = new ReduceLROnPlateau(optimizerWith([1]), options);
      third.step(-best);
      expect(third.state().best).toBeNull();
    },
  );

  it('counts NaN as no improvement, and refuses what is no number', () => {
    const optimizer = optimizerWith([1]);
    const plateau = new ReduceLROnPlateau(optimizer, { patience: 1, factor: 0.5 });
    for (const value of [1, Number.NaN, Number.NaN]) plateau.step(value);
    expect(ratesOf(optimizer)).toEqual([0.5]);
    expect(plateau.state().best).toBe(1);
    expect(() => plateau.step('1' as never)).toThrow('step takes a number, got "1" (string)');
  });

  it('is not begun over a schedule', () => {
    const optimizer = optimizerWith([0.1, cosine({ peak: 0.1, totalSteps: 100 })]);
    expect(() => new ReduceLROnPlateau(optimizer)).toThrow('the learning rate of groups[1] is a schedule');
  });

  it.each([
    [{ patience: -1 }, 'patience must be a whole number of at least 0, got -1'],
    [{ factor: 1 }, 'factor must be a number from 0 to below 1, got 1'],
    [{ mode: 'least' }, 'mode must be one of "min", "max", got "least" (string)'],
    [{ thresholdMode: 'relative' }, 'thresholdMode must be one of "rel", "abs"'],
    [{ minLearningRate: [0, 0, 0] }, 'minLearningRate must have one number for each of the 2 groups, got 3'],
    [{ cooldwn: 1 }, 'did you mean "cooldown"?'],
    [{ min_lr: 1e-5 }, 'did you mean "minLearningRate"?'],
    [{ threshold_mode: 'abs' }, 'did you mean "thresholdMode"?'],
    [{ eps: 1e-8 }, 'did you mean "epsilon"?'],
    [{ minDelta: 1e-4 }, 'did you mean "threshold"?'],
    [{ gamma: 0.5 }, 'did you mean "factor"?'],
  ])('says what is wrong with %j', (options, message) => {
    expect(() => new ReduceLROnPlateau(optimizerWith([1, 2]), options as never)).toThrow(message);
  });

  it.each([
    undefined,
    {},
    { best: 1, badValues: 0, cooldownLeft: 0, learningRates: [1] },
    { best: 1, badValues: -1, cooldownLeft: 0, learningRates: [1, 2] },
    { best: 'low', badValues: 0, cooldownLeft: 0, learningRates: [1, 2] },
    { best: 1, badValues: 0, cooldownLeft: 0, learningRates: [1, null] },
  ])('refuses the state %j and stays as it was', (state) => {
    const optimizer = optimizerWith([1, 2]);
    const plateau = new ReduceLROnPlateau(optimizer);
    const before = plateau.state();
    expect(() => plateau.loadState(state)).toThrow('not a state of it for 2 groups');
    expect(plateau.state()).toEqual(before);
  });

  it('steps by a value in the logs of an epoch', () => {
    const optimizer = optimizerWith([1]);
    const { onEpochEnd } = new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5, monitor: 'loss' });
    for (const [epoch, loss] of [3, 3, 2, 2].entries()) onEpochEnd(epoch, { loss, val_loss: 10 - epoch });
    expect(ratesOf(optimizer)).toEqual([0.25]);
    const { onEpochEnd: other } = new ReduceLROnPlateau(optimizer);
    expect(() => other(0, { loss: 1, acc: 2 })).toThrow(
      'the logs have no "val_loss", but loss, acc; give monitor one of these',
    );
  });
});
