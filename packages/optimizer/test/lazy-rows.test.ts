import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  type Expression,
  Float64Optimizer,
  likeParameter,
  mean,
  mul,
  optimizerClass,
  sub,
  transform,
} from '../src/index.ts';
import { Descent, descentRule, Moments, momentsRule } from './test-rules.ts';

/** Gradients of an embedding with three rows of two, by step: most rows are idle, as where few tokens come. */
const gradients = [
  [1, -2, 0, 0, 0, 0],
  [0, 0, 0, 0, 3, 0],
  [0.5, 0.25, 0, 0, 0, 0],
];
const initial = [1, 2, 3, 4, 5, 6];
const options = { learningRate: 0.125, weightDecay: 0.5, beta1: 0.5, beta2: 0.75 };

const variables: tf.Variable[] = [];
beforeAll(() => tf.setBackend('cpu'));
afterEach(() => {
  for (const variable of variables.splice(0)) variable.dispose();
});
function embedding(name = 'embedding'): tf.Variable {
  const made = tf.variable(tf.tensor2d(initial, [3, 2]), true, name);
  variables.push(made);
  return made;
}

function train(optimizer: InstanceType<typeof Moments>, steps = gradients): void {
  for (const gradient of steps) {
    tf.tidy(() => optimizer.applyGradients({ embedding: tf.tensor2d(gradient, [3, 2]) }));
  }
}

/** Rows of the embedding after some steps. */
function rows(variable: tf.Variable): number[][] {
  return variable.arraySync() as number[][];
}

describe.each(['cpu', 'wasm'])('lazy rows on %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it('keep parameter and state of every row without a gradient, with no decay', async () => {
    const variable = embedding();
    const optimizer = new Moments({ ...options, lazyRows: 'embedding' });
    train(optimizer, gradients.slice(0, 1));
    expect(rows(variable).slice(1)).toEqual([
      [3, 4],
      [5, 6],
    ]);
    const { slots } = (await optimizer.state()).parameters.embedding!;
    // momentum = (1 - beta1) g and secondMoment = (1 - beta2) g^2, in the row that has a gradient.
    expect([...slots.momentum!.data]).toEqual([0.5, -1, 0, 0, 0, 0]);
    expect([...slots.secondMoment!.data]).toEqual([0.25, 1, 0, 0, 0, 0]);
    train(optimizer, gradients.slice(1, 2));
    const after = (await optimizer.state()).parameters.embedding!.slots;
    expect([...after.momentum!.data]).toEqual([0.5, -1, 0, 0, 1.5, 0]);
    optimizer.dispose();
  });

  it('take the steps of the whole rule where every row has a gradient', () => {
    const dense = gradients.map((gradient) => gradient.map((x) => x + 1.5));
    const results = [{}, { lazyRows: 'embedding' }].map((lazy) => {
      const variable = embedding();
      const optimizer = new Moments({ ...options, ...lazy });
      train(optimizer, dense);
      optimizer.dispose();
      const result = rows(variable);
      variable.dispose();
      return result;
    });
    expect(results[1]).toEqual(results[0]);
  });

  it('see a gradient that is not a number', () => {
    const variable = embedding();
    const optimizer = new Moments({ ...options, lazyRows: 'embedding' });
    train(optimizer, [[Number.NaN, 0, 0, 0, 0, 0]]);
    expect(rows(variable)[0]![0]).toBeNaN();
    expect(rows(variable).slice(1)).toEqual([
      [3, 4],
      [5, 6],
    ]);
    optimizer.dispose();
  });

  it('follow clipping, accumulation and the average of all rows', async () => {
    const variable = embedding();
    const optimizer = new Descent({
      learningRate: 1,
      lazyRows: { rank: 2 },
      accumulationSteps: 2,
      clipValue: 1,
      averageDecay: 0.5,
    });
    for (const gradient of gradients.slice(0, 2)) {
      tf.tidy(() => optimizer.applyGradients({ embedding: tf.tensor2d(gradient, [3, 2]) }));
    }
    // Means [0.5, -1], [0, 0] and [1.5, 0], the last clipped to 1.
    expect(rows(variable)).toEqual([
      [0.5, 3],
      [3, 4],
      [4, 6],
    ]);
    optimizer.swapInAverage();
    expect(rows(variable)).toEqual([
      [0.75, 2.5],
      [3, 4],
      [4.5, 6],
    ]);
    optimizer.dispose();
  });
});

it('lazy rows of a rule without a step count are each that rule, alone', () => {
  const optimizer = new Float64Optimizer([{ rule: descentRule, options: { weightDecay: 0.5 } }], {
    lazyRows: 'embedding',
  });
  optimizer.add({ name: 'embedding', shape: [3, 2], size: 6 }, initial);
  for (const gradient of gradients) optimizer.step({ embedding: gradient });
  for (const row of [0, 1, 2]) {
    const alone = new Float64Optimizer([{ rule: descentRule, options: { weightDecay: 0.5 } }]);
    alone.add({ name: 'row', shape: [2], size: 2 }, initial.slice(2 * row, 2 * row + 2));
    for (const gradient of gradients) {
      const own = gradient.slice(2 * row, 2 * row + 2);
      if (own.some((x) => x !== 0)) alone.step({ row: own });
    }
    expect([...optimizer.value('embedding')].slice(2 * row, 2 * row + 2)).toEqual([...alone.value('row')]);
  }
});

it('lazy rows share the step count of their matrix: the first row to come is what it is alone', () => {
  const optimizer = new Float64Optimizer([{ rule: momentsRule, options }], { lazyRows: 'embedding' });
  optimizer.add({ name: 'embedding', shape: [3, 2], size: 6 }, initial);
  optimizer.step({ embedding: gradients[0]! });
  const alone = new Float64Optimizer([{ rule: momentsRule, options }]);
  alone.add({ name: 'row', shape: [2], size: 2 }, initial.slice(0, 2));
  alone.step({ row: gradients[0]!.slice(0, 2) });
  expect([...optimizer.value('embedding')]).toEqual([...alone.value('row'), 3, 4, 5, 6]);
});

describe('lazy rows are refused', () => {
  const base = { ...descentRule, name: 'other' };
  const cases: [string, object, string][] = [
    [
      'where a row depends on others',
      { update: ({ parameter, gradient }: never) => ({ parameter: sub(parameter, mean(gradient, [0])) }) },
      'a row of its parameter depends on other rows',
    ],
    [
      'where a transform sees all rows',
      {
        update: ({ parameter, gradient }: never) => ({
          parameter: sub(
            parameter,
            transform({ name: 't', shape: [3, 2], onTensors: ([x]) => x!, inFloat64: ([x]) => x!.data }, [
              gradient,
            ]),
          ),
        }),
      },
      'a row of its parameter depends on other rows',
    ],
    [
      'where a slot is of all rows together',
      {
        slots: () => ({ total: { shape: [1, 2] } }),
        update: ({ parameter, total }: never) => ({ parameter, total }),
      },
      'its total [1,2] has no row for each of 3 rows',
    ],
    [
      'where group numbers advance in every step',
      {
        groupState: {
          initial: { count: 0 },
          next: ({ count }: Readonly<Record<string, Expression>>) => ({ count: add(count!, 1) }),
        },
      },
      'its groupState changes in every step',
    ],
    [
      'where a refresh renews all rows',
      {
        slots: () => ({ h: likeParameter }),
        update: ({ parameter, h }: never) => ({ parameter, h }),
        refresh: ({ h }: never) => ({ h: mul(h, 2) }),
      },
      'its refresh changes in every step',
    ],
  ];
  it.each(cases)('%s', (_, parts, message) => {
    const Other = optimizerClass(defineUpdateRule({ ...base, ...parts } as never), 'SteepestTestOther');
    embedding();
    const optimizer = new Other({ lazyRows: '*' } as never);
    expect(() => tf.tidy(() => optimizer.applyGradients({ embedding: tf.ones([3, 2]) }))).toThrow(
      `lazyRows cannot hold for "embedding" [3,2] under "other": ${message}`,
    );
    expect(rows(variables[0]!)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('for what has no rows, and for a selector that is none', () => {
    variables.push(tf.variable(tf.ones([2]), true, 'bias'));
    const optimizer = new Descent({ lazyRows: '*' });
    expect(() => tf.tidy(() => optimizer.applyGradients({ bias: tf.ones([2]) }))).toThrow(
      'lazyRows cannot hold for "bias" [2] under "descent": it has no rows; select matrices only',
    );
    expect(() => new Descent({ lazyRows: true as never })).toThrow(
      'descent: lazyRows selects parameters as a group does, but match must be',
    );
  });
});
