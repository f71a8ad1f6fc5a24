import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  Float64Optimizer,
  likeParameter,
  mul,
  Optimizer,
  type OptimizerMember,
  type OptimizerRecord,
  optimizerClass,
  recordOf,
  type SlotSpec,
  sub,
  type UpdateRule,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

/** Rests, but for what refreshes add to its sum: the rate of that time, and ten times the steps before it. */
const watching = defineUpdateRule({
  ...descentRule,
  name: 'watching',
  slots: () => ({ sum: likeParameter }) as Record<string, SlotSpec>,
  update: ({ parameter, sum }) => ({ parameter, sum: sum! }),
  refresh: ({ gradient, sum }, { learningRate, step }) => ({
    sum: add(sum!, mul(gradient, add(learningRate, mul(10, step)))),
  }),
  average: ({ parameter, sum }, { learningRate, step }) =>
    add(add(parameter, sum!), add(learningRate, mul(10, step))),
});
const Watching = optimizerClass(watching, 'SteepestTestWatching');

beforeEach(() => tf.setBackend('cpu'));
afterEach(() => tf.disposeVariables());

const apply = (optimizer: Optimizer, gradients: Readonly<Record<string, number>>): void =>
  tf.tidy(() => optimizer.applyGradients(tensorsOf(gradients)));
const refresh = (optimizer: Optimizer, gradients: Readonly<Record<string, number>>): void =>
  tf.tidy(() => optimizer.applyRefresh(tensorsOf(gradients)));
const tensorsOf = (gradients: Readonly<Record<string, number>>): tf.NamedTensorMap =>
  Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, tf.tensor1d([x])]));
const arraysOf = (gradients: Readonly<Record<string, number>>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, [x]]));

describe('a schedule in a refresh and in an average', () => {
  it('is that of the last step of the optimizer, and of the first before any', async () => {
    const weight = tf.variable(tf.tensor1d([1]), true, 'w');
    const other = tf.variable(tf.tensor1d([1]), true, 'other');
    const options = { learningRate: (step: number) => step };
    const optimizer = new Watching(options);
    const exact = new Float64Optimizer([{ rule: watching as unknown as UpdateRule, options }]);
    for (const name of ['w', 'other']) exact.add({ name, shape: [1], size: 1 }, [1]);
    const sumOf = async (): Promise<number> => (await optimizer.state()).parameters.w!.slots.sum!.data[0]!;
    /** The parameter is 1; its average adds the sum, the last rate and ten times its steps. */
    const averagesAre = async (right: number): Promise<void> => {
      optimizer.swapInAverage();
      expect([...(await weight.data()), ...exact.average('w')]).toEqual([right, right]);
      optimizer.swapOutAverage();
    };
    let sum = 0;
    const refreshed = async (gradient: number, factor: number): Promise<void> => {
      refresh(optimizer, { w: gradient });
      exact.refresh({ w: [gradient] });
      sum += gradient * factor;
      expect([await sumOf(), exact.slots('w').sum![0]]).toEqual([sum, sum]);
    };
    const step = (gradients: Readonly<Record<string, number>>): void => {
      apply(optimizer, gradients);
      exact.step(arraysOf(gradients));
    };
    await refreshed(2, 1);
    // Without a step there is nothing to average.
    expect([...exact.average('w')]).toEqual([1]);
    step({ w: 1 });
    await refreshed(1, 1 + 10);
    await averagesAre(1 + sum + 1 + 10);
    step({ w: 1, other: 1 });
    await refreshed(0.5, 2 + 20);
    await averagesAre(1 + sum + 2 + 20);
    // A step of another parameter counts for the schedule alone.
    step({ other: 1 });
    await refreshed(4, 3 + 20);
    await averagesAre(1 + sum + 3 + 20);
    optimizer.dispose();
    tf.dispose([weight, other]);
  });
});

describe('of several members, one of which refreshes', () => {
  const members: readonly OptimizerMember[] = [
    { match: 'a', rule: watching as unknown as UpdateRule, options: { learningRate: 3 } },
    { rule: descentRule as unknown as UpdateRule, options: { learningRate: 1 } },
  ];
  class Mixed extends Optimizer {
    static readonly className = 'SteepestTestMixedRefresh';
    constructor() {
      super('mixed', members);
    }
    override describe(): OptimizerRecord {
      return recordOf(members[0]!.rule);
    }
    override getConfig(): tf.serialization.ConfigDict {
      return {};
    }
  }

  it('the others leave its gradients alone, and have no average', async () => {
    const variables = ['a', 'b'].map((name) => tf.variable(tf.tensor1d([8]), true, name));
    const optimizer = new Mixed();
    const exact = new Float64Optimizer(members);
    for (const name of ['a', 'b']) exact.add({ name, shape: [1], size: 1 }, [8]);
    apply(optimizer, { a: 1, b: 1 });
    exact.step({ a: [1], b: [1] });
    refresh(optimizer, { a: 2, b: 2 });
    exact.refresh({ a: [2], b: [2] });
    const { parameters } = await optimizer.state();
    // 2 (3 + 10)
    expect([parameters.a!.slots.sum!.data[0], exact.slots('a').sum![0]]).toEqual([26, 26]);
    expect([parameters.b!.slots, exact.slots('b')]).toEqual([{}, {}]);
    optimizer.swapInAverage();
    const values = variables.map((variable) => variable.dataSync()[0]);
    expect(values).toEqual([8 + 26 + 13, 7]);
    expect(['a', 'b'].map((name) => exact.average(name)[0])).toEqual(values);
    optimizer.swapOutAverage();
    expect(variables.map((variable) => variable.dataSync()[0])).toEqual([8, 7]);
    expect(() => refresh(optimizer, { b: 2 })).toThrow(
      'mixed refreshes nothing: its rule takes gradients by applyGradients only',
    );
    optimizer.dispose();
    tf.dispose(variables);
  });
});

describe('the numbers of a group without sums', () => {
  /** Sums its rate up, which float32 would round. */
  const summing = defineUpdateRule({
    ...descentRule,
    name: 'summing',
    groupState: {
      initial: { total: 0 },
      next: ({ total, learningRate }) => ({ total: add(total!, learningRate) }),
    },
    update: ({ parameter, gradient }, { total }) => ({ parameter: sub(parameter, mul(total!, gradient)) }),
  });
  const Summing = optimizerClass(summing, 'SteepestTestSumming');
  // The kernels of cpu under another name: JavaScript does not read it at once.
  tf.copyRegisteredKernels('cpu', 'remote');
  tf.registerBackend('remote', tf.findBackendFactory('cpu'));
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('remote');
  });

  it.each(['cpu', 'remote'])('are float64 on %s', async (backend) => {
    await tf.setBackend(backend);
    const weight = tf.variable(tf.tensor1d([1]), true, 'w');
    const optimizer = new Summing({ learningRate: 0.1 });
    apply(optimizer, { w: 1 });
    apply(optimizer, { w: 1 });
    expect((await optimizer.state()).groups).toEqual([{ total: 0.1 + 0.1 }]);
    expect((await weight.data())[0]).toBeCloseTo(1 - 0.1 - 0.2, 6);
    optimizer.dispose();
  });
});
