import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PlanCache } from '../src/engine/plan-cache.ts';
import {
  add,
  defineUpdateRule,
  likeParameter,
  mul,
  optimizerClass,
  planUpdate,
  type RuleContext,
  sub,
  type TensorTransform,
  transform,
} from '../src/index.ts';

const trace = vi.fn();

/** Descent with momentum that keeps no buffer where momentum is the constant 0. */
const rule = defineUpdateRule({
  name: 'counted',
  title: 'Counted',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: {
    learningRate: { default: 0.5, minimum: 0, description: 'Step size' },
    momentum: { default: 0.5, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  slots: ({ constant }) => (constant('momentum') === 0 ? {} : { velocity: likeParameter }),
  update({ parameter, gradient, velocity }, { learningRate, momentum }) {
    trace();
    if (velocity === undefined) return { parameter: sub(parameter, mul(learningRate, gradient)) };
    const next = add(mul(momentum, velocity), gradient);
    return { parameter: sub(parameter, mul(learningRate, next)), velocity: next };
  },
});
const Counted = optimizerClass(rule, 'SteepestTestCounted');

beforeAll(async () => {
  await tf.setBackend('wasm');
});
afterAll(async () => {
  await tf.setBackend('cpu');
});

describe('a hyperparameter that is replaced before every step', () => {
  /** Traces of the rule and compilations of 20 steps after the first, and the value they end at. */
  function run(options: object, change: (optimizer: InstanceType<typeof Counted>, step: number) => void) {
    const compiled = vi.spyOn(WebAssembly, 'Module');
    const weight = tf.variable(tf.ones([3, 5]), true, 'weight');
    const optimizer = new Counted(options);
    const step = () => tf.tidy(() => optimizer.applyGradients({ weight: tf.ones([3, 5]) }));
    change(optimizer, 1);
    step();
    trace.mockClear();
    compiled.mockClear();
    for (let now = 2; now <= 21; now++) {
      change(optimizer, now);
      step();
    }
    const result = { traces: trace.mock.calls.length, compilations: compiled.mock.calls.length };
    const value = weight.dataSync()[0];
    compiled.mockRestore();
    weight.dispose();
    optimizer.dispose();
    return { ...result, value };
  }

  it('neither traces nor compiles anything, and does what a schedule does', () => {
    const scheduled = run({ learningRate: (step: number) => 1 / step }, () => {});
    expect(scheduled).toMatchObject({ traces: 0, compilations: 0 });
    expect(
      run({}, (optimizer, step) => {
        optimizer.learningRate = 1 / step;
      }),
    ).toEqual(scheduled);
  });

  it('compiles nothing where the rule looks at the number', () => {
    expect(
      run({}, (optimizer, step) => {
        optimizer.momentum = 0.5 / step;
      }).compilations,
    ).toBe(0);
  });

  it('compiles each of two plans once where it goes to and fro between them', () => {
    const result = run({ weightDecay: 0.125 }, (optimizer, step) => {
      optimizer.weightDecay = step % 2 === 1 ? 0.125 : 0;
      optimizer.momentum = step % 3 === 0 ? 0 : 0.5;
    });
    // With and without decay, with and without momentum: the first was there before.
    expect(result.traces).toBe(3);
    expect(result.compilations).toBeLessThanOrEqual(3);
  });
});

/** A new transform, like each other one of these. */
function halfOf(): TensorTransform {
  return {
    name: 'half',
    shape: [3, 5],
    onTensors: ([x]) => tf.mul(x!, 0.5),
    inFloat64: ([x]) => x!.data.map((element) => element / 2),
  };
}

describe('the plans of a parameter', () => {
  const parameter = { name: 'weight', shape: [3, 5], size: 15 };
  const contextOf = (momentum: number | undefined): RuleContext => ({
    parameter,
    settings: {},
    constant: (name) => (name === 'momentum' ? momentum : 0.5),
  });
  const newCache = () => new PlanCache((context, features) => planUpdate(rule as never, context, features));

  it('are one where another number makes the same', () => {
    const cache = newCache();
    const runner = cache.runnerFor(contextOf(0.5));
    expect(cache.runnerFor(contextOf(0.25))).toBe(runner);
    expect(cache.runnerFor(contextOf(undefined))).toBe(runner);
  });

  it('differ by their transforms, whose functions may close over other numbers', () => {
    const halved = halfOf();
    const cacheOf = (transformOf: () => TensorTransform) => {
      const transformed = {
        ...rule,
        update: ({ parameter, gradient, velocity }: never, _: never, { constant }: RuleContext) => ({
          parameter:
            constant('momentum') === 0 ? parameter : sub(parameter, transform(transformOf(), [gradient])),
          velocity,
        }),
      };
      return new PlanCache((context, features) => planUpdate(transformed as never, context, features));
    };
    const ofOne = cacheOf(() => halved);
    expect(ofOne.runnerFor(contextOf(0.25))).toBe(ofOne.runnerFor(contextOf(0.5)));
    const ofTwo = cacheOf(halfOf);
    expect(ofTwo.runnerFor(contextOf(0.25))).not.toBe(ofTwo.runnerFor(contextOf(0.5)));
  });

  it('differ by what the rule makes of a number, and by features', () => {
    const cache = newCache();
    const runner = cache.runnerFor(contextOf(0.5));
    const without = cache.runnerFor(contextOf(0));
    expect(Object.keys(without.plan.slots)).toEqual([]);
    expect(cache.runnerFor(contextOf(0.5), { decay: 'shrink' })).not.toBe(runner);
    expect(cache.runnerFor(contextOf(0.5), { decay: 'off', clipValue: true })).not.toBe(runner);
    expect(cache.runnerFor(contextOf(0))).toBe(without);
    expect(cache.runnerFor(contextOf(0.5))).toBe(runner);
  });
});
