import { describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  type EngineOptions,
  Float64Optimizer,
  likeParameter,
  mul,
  sub,
  type UpdateRule,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

const descent = descentRule as unknown as UpdateRule;

/** Momentum that keeps no buffer where it is the constant 0, with a refresh and an average. */
const kept = defineUpdateRule({
  name: 'kept',
  title: 'Kept',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Step size' },
    momentum: { default: 0.5, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  slots: ({ constant }) => ({
    total: { shape: 'parameter', initial: 0.5 },
    start: { shape: 'parameter', initial: 'parameter' },
    row: { shape: [1, 2] },
    ...(constant('momentum') === 0 ? {} : { velocity: likeParameter }),
  }),
  update({ parameter, gradient, total, velocity, start, row }, { learningRate, momentum }) {
    const moved = velocity === undefined ? gradient : add(mul(momentum, velocity), gradient);
    return {
      parameter: sub(parameter, mul(learningRate, moved)),
      total: add(total!, gradient),
      start: start!,
      row: row!,
      ...(velocity === undefined ? {} : { velocity: moved }),
    };
  },
  refresh: ({ gradient, total }, { step }) => ({ total: add(mul(total!, step), gradient) }),
  average: ({ parameter, total }, { step, learningRate }) =>
    add(mul(parameter, step), mul(total!, learningRate)),
}) as unknown as UpdateRule;

function optimizerOf(rule: UpdateRule, options: object = {}, engine: EngineOptions = {}): Float64Optimizer {
  const optimizer = new Float64Optimizer([{ rule, options }], engine);
  for (const name of ['a', 'b']) optimizer.add({ name, shape: [2, 2], size: 4 }, [8, 4, 2, 0]);
  return optimizer;
}
const gradient = [1, 2, 0, -1];
const valuesOf = (optimizer: Float64Optimizer, name = 'a'): number[] => [...optimizer.value(name)];

describe('the engine in float64', () => {
  it('makes slots at their initial values, each of its own memory', () => {
    const optimizer = optimizerOf(kept);
    const { total, start, row, velocity } = optimizer.slots('a');
    expect([total, start, row, velocity].map((slot) => [...slot!])).toEqual([
      [0.5, 0.5, 0.5, 0.5],
      [8, 4, 2, 0],
      [0, 0],
      [0, 0, 0, 0],
    ]);
    optimizer.step({ a: gradient });
    expect([...optimizer.slots('a').start!]).toEqual([8, 4, 2, 0]);
    expect([...optimizer.slots('b').total!]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('copies what it is given', () => {
    const optimizer = new Float64Optimizer([{ rule: descent, options: {} }]);
    const initial = [1];
    optimizer.add({ name: 'a', shape: [1], size: 1 }, initial);
    initial[0] = 7;
    expect([...optimizer.value('a')]).toEqual([1]);
  });

  it('leaves parameters without a gradient and frozen ones alone', () => {
    const optimizer = optimizerOf(kept, { groups: [{ match: 'b', trainable: false }] });
    optimizer.step({ a: null, b: gradient });
    expect([valuesOf(optimizer), valuesOf(optimizer, 'b')]).toEqual([
      [8, 4, 2, 0],
      [8, 4, 2, 0],
    ]);
    optimizer.step({ a: gradient });
    expect(valuesOf(optimizer)).toEqual([7, 2, 2, 1]);
  });

  it('counts the steps of a parameter, and evaluates with its average once there is one', () => {
    const optimizer = optimizerOf(kept, { momentum: 0, learningRate: (now: number) => 2 ** -now });
    expect([...optimizer.average('a')]).toEqual([8, 4, 2, 0]);
    optimizer.step({ b: gradient });
    optimizer.step({ a: gradient });
    // One step of its own at the second rate, 1/4: the parameter, and the total 0.5 + g times the rate.
    const parameter = [7.75, 3.5, 2, 0.25];
    expect(valuesOf(optimizer)).toEqual(parameter);
    expect([...optimizer.average('a')]).toEqual(parameter.map((x, i) => x + (0.5 + gradient[i]!) / 4));
    expect(valuesOf(optimizer)).toEqual(parameter);
  });

  it('refreshes slots of the parameters that have a gradient for it, without a step', () => {
    const optimizer = optimizerOf(kept);
    optimizer.step({ a: gradient });
    optimizer.step({ a: gradient });
    const [values, { velocity, total }] = [valuesOf(optimizer), optimizer.slots('a')];
    optimizer.refresh({ a: [10, 10, 10, 10], b: null });
    expect([...optimizer.slots('a').total!]).toEqual([...total!].map((x) => 2 * x + 10));
    expect([...optimizer.slots('a').velocity!]).toEqual([...velocity!]);
    expect([...optimizer.slots('b').total!]).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(valuesOf(optimizer)).toEqual(values);
    // A rule without a refresh has nothing to renew.
    const plain = optimizerOf(descent);
    plain.refresh({ a: gradient });
    expect(plain.slots('a')).toEqual({});
  });

  it('leaves out steps and refreshes that are not finite, and counts them', () => {
    const optimizer = optimizerOf(kept, {}, { skipNonFinite: true });
    for (const bad of [Number.NaN, Infinity, -Infinity]) optimizer.step({ a: [0, bad, 0, 0], b: gradient });
    optimizer.refresh({ b: [Number.NaN, 0, 0, 0] });
    expect(optimizer.skippedSteps).toBe(4);
    expect([valuesOf(optimizer), valuesOf(optimizer, 'b')]).toEqual([
      [8, 4, 2, 0],
      [8, 4, 2, 0],
    ]);
    optimizer.step({ a: gradient });
    expect([valuesOf(optimizer), optimizer.skippedSteps]).toEqual([[7, 2, 2, 1], 4]);
    const unguarded = optimizerOf(descent);
    unguarded.step({ a: [Number.NaN, 0, 0, 0] });
    expect([valuesOf(unguarded)[0], unguarded.skippedSteps]).toEqual([Number.NaN, 0]);
  });

  it('drops a sum of micro-batches that is not finite as one step', () => {
    const optimizer = optimizerOf(descent, {}, { skipNonFinite: true, accumulationSteps: 2 });
    optimizer.step({ a: [1e308, 0, 0, 0], b: gradient });
    optimizer.step({ a: [1e308, 0, 0, 0], b: gradient });
    expect([optimizer.skippedSteps, valuesOf(optimizer, 'b')]).toEqual([1, [8, 4, 2, 0]]);
    // Nothing is left of it.
    optimizer.step({ a: gradient });
    optimizer.step({ a: gradient });
    expect([valuesOf(optimizer), valuesOf(optimizer, 'b')]).toEqual([
      [7.5, 3, 2, 0.5],
      [8, 4, 2, 0],
    ]);
  });

  it('says how many micro-batches a step was taken of', () => {
    const optimizer = optimizerOf(descent, {}, { accumulationSteps: 3 });
    expect(optimizer.applyAccumulated()).toBe(0);
    optimizer.step({ a: gradient });
    optimizer.step({ b: gradient });
    expect(optimizer.applyAccumulated()).toBe(2);
    // Half of the gradient, at the rate 0.5.
    expect(valuesOf(optimizer)).toEqual([7.75, 3.5, 2, 0.25]);
    expect(optimizer.applyAccumulated()).toBe(0);
  });

  it('scales by the global norm of what clipValue has left', () => {
    // Bounded to [1, 1, 0, -1], of the norm sqrt(3): 1 / (sqrt(3) + 1) at the limit 1.
    const options = { clipValue: 1, clipGlobalNorm: 1, clipEpsilon: 1 };
    const optimizer = optimizerOf(descent, { learningRate: 1 }, options);
    optimizer.step({ a: gradient });
    const factor = 1 / (Math.sqrt(3) + 1);
    expect(valuesOf(optimizer)).toEqual([8 - factor, 4 - factor, 2, factor]);
    // A norm below the limit is not scaled up.
    const small = optimizerOf(descent, { learningRate: 1 }, { clipGlobalNorm: 100 });
    small.step({ a: gradient });
    expect(valuesOf(small)).toEqual([7, 2, 2, 1]);
    const both = optimizerOf(descent, { learningRate: 1 }, { clipGlobalNorm: 1, clipEpsilon: 0 });
    both.step({ a: [3, 0, 0, 0], b: [0, 4, 0, 0] });
    expect([valuesOf(both)[0], valuesOf(both, 'b')[1]]).toEqual([8 - 3 / 5, 4 - 4 / 5]);
  });

  it('follows a hyperparameter that decides which slots there are', () => {
    const optimizer = optimizerOf(kept, { momentum: 0 });
    optimizer.step({ a: gradient });
    expect(Object.keys(optimizer.slots('a'))).toEqual(['total', 'start', 'row']);
    optimizer.setHyperparameter('momentum', 0.5);
    optimizer.step({ a: gradient });
    optimizer.step({ a: gradient });
    // Moves of g, then g from a velocity of 0, then 1.5 g.
    expect(valuesOf(optimizer)).toEqual([8 - 3.5, 4 - 7, 2, 3.5]);
    expect([...optimizer.slots('a').total!]).toEqual([3.5, 6.5, 0.5, -2.5]);
    optimizer.setHyperparameter('momentum', 0);
    expect(Object.keys(optimizer.slots('a'))).toEqual(['total', 'start', 'row']);
  });

  it('names a parameter that it has not', () => {
    const optimizer = optimizerOf(descent);
    for (const ask of ['value', 'slots', 'average'] as const) {
      expect(() => optimizer[ask]('c')).toThrow('there is no parameter "c" here; add it first');
    }
  });

  it('refuses what the engine refuses', () => {
    expect(() => new Float64Optimizer([{ rule: descent, options: { lr: 1 } }])).toThrow(
      'float64 has no option "lr"; did you mean "learningRate"?',
    );
    expect(() => optimizerOf(descent, {}, { clipValue: 0 })).toThrow(
      'float64: clipValue must be a positive number, got 0',
    );
    const scheduled = optimizerOf(descent, {}, { averageDecay: () => 2 });
    expect(() => scheduled.step({ a: gradient })).toThrow(
      'float64: the schedule of averageDecay must give a finite number, at least 0 and below 1, gave 2 at step 1',
    );
  });
});
