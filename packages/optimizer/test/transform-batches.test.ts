import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  equal,
  likeParameter,
  mul,
  optimizerClass,
  sub,
  type TensorTransform,
  transform,
  where,
} from '../src/index.ts';

/** How many tensors each call of a transform took. */
let calls: number[] = [];
let failsAt = Number.POSITIVE_INFINITY;

/** x times its first element: of a whole tensor, but not of any other beside it. */
function scaledByFirst(shape: readonly number[], sharesCores = false): TensorTransform {
  const onBatch = (x: tf.Tensor): tf.Tensor => {
    calls.push(x.shape[0]!);
    if (calls.length >= failsAt) throw new Error('no room');
    const flat = tf.reshape(x, [x.shape[0]!, -1]);
    return tf.reshape(tf.mul(flat, tf.slice(flat, [0, 0], [-1, 1])), x.shape);
  };
  return {
    name: 'scaledByFirst',
    shape,
    onTensors: ([x]) => tf.reshape(onBatch(tf.expandDims(x!, 0)), [...shape]),
    inFloat64: ([x]) => x!.data.map((element) => element * x!.data[0]!),
    batch: { key: '', sharesCores, onTensors: ([x]) => onBatch(x!) },
  };
}

/** m += g; p -= learningRate * first(m) m, with 2 m in the first step. */
const rule = defineUpdateRule({
  name: 'batch-test',
  title: 'Batch test',
  paper: { authors: 'nobody', year: 2000, title: 'none', source: 'none' },
  hyperparameters: { learningRate: { default: 1, description: 'Step size' } },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, step }, { parameter: info }) {
    const momentum = add(slots.momentum!, gradient);
    const seen = where(equal(step, 1), mul(2, momentum), momentum);
    const moved = transform(scaledByFirst(info.shape), [seen]);
    return { parameter: sub(parameter, mul(learningRate, moved)), momentum };
  },
});
const BatchTest = optimizerClass(rule, 'TransformBatchTest');

const shapes = { a: [2, 2], b: [2, 2], c: [3, 1], d: [2, 2] } as const;
type Name = keyof typeof shapes;

const gradientOf = (name: Name, step: number) =>
  tf.tensor(
    Array.from({ length: name === 'c' ? 3 : 4 }, (_, i) => 0.25 * (i + 1) + step - name.charCodeAt(0) / 128),
    [...shapes[name]],
  );

/** The weights, momenta and step counts after steps in which these parameters have gradients. */
async function after(steps: readonly (readonly Name[])[]): Promise<Record<string, number[]>> {
  const names = [...new Set(steps.flat())].sort();
  const weights = names.map((name) => tf.variable(tf.ones([...shapes[name]]), true, name));
  const optimizer = new BatchTest();
  for (const [step, given] of steps.entries()) {
    optimizer.applyGradients(Object.fromEntries(given.map((name) => [name, gradientOf(name, step)])));
  }
  const values: Record<string, number[]> = {};
  const { parameters } = await optimizer.state();
  for (const weight of weights) {
    values[weight.name] = [...weight.dataSync(), ...parameters[weight.name]!.slots.momentum!.data];
    weight.dispose();
  }
  optimizer.dispose();
  return values;
}

afterEach(() => {
  calls = [];
  failsAt = Number.POSITIVE_INFINITY;
});

describe.each(['wasm', 'cpu'])('parameters of one shape in a step on %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  it('share one call of a transform, whose numbers are those of the rule', async () => {
    const { a } = await after([['a', 'c', 'b', 'd']]);
    expect(calls.sort()).toEqual([1, 3]);
    // Gradients 0.25 - 97/128 and so on, doubled in the first step; p = 1 - first(2 m) 2 m.
    const momentum = [1, 2, 3, 4].map((i) => 0.25 * i - 97 / 128);
    const expected = momentum.map((m) => 1 - 4 * momentum[0]! * m);
    for (const [i, value] of [...expected, ...momentum].entries()) expect(a![i]).toBeCloseTo(value, 6);
  });

  it.each([
    ['large ones that occupy all cores', 200, true, backend === 'wasm' ? [1, 1] : [2]],
    ['large ones that do not', 200, false, [2]],
    ['small ones', 100, true, [2]],
  ])('are copied into a batch where that pays: %s', (_, side, sharesCores, expected) => {
    const shape = [side, side] as const;
    const descent = defineUpdateRule({
      name: 'large-batch-test',
      title: 'Large batch test',
      paper: { authors: 'nobody', year: 2000, title: 'none', source: 'none' },
      hyperparameters: { learningRate: { default: 1, description: 'Step size' } },
      slots: () => ({}),
      update: ({ parameter, gradient }, { learningRate }) => ({
        parameter: sub(
          parameter,
          mul(learningRate, transform(scaledByFirst(shape, sharesCores), [gradient])),
        ),
      }),
    });
    const optimizer = new (optimizerClass(descent, `TransformBatchTest${side}${sharesCores}${backend}`))();
    const weights = ['x', 'y'].map((name) => tf.variable(tf.ones([...shape]), true, `${name}${side}`));
    tf.tidy(() =>
      optimizer.applyGradients(
        Object.fromEntries(weights.map(({ name }, i) => [name, tf.fill([...shape], i + 2)])),
      ),
    );
    expect(calls).toEqual(expected);
    // 1 - g^2.
    expect(weights.map((weight) => weight.dataSync().at(-1))).toEqual([-3, -8]);
    optimizer.dispose();
    tf.dispose(weights);
  });

  it('keep their bits whichever others have a gradient, and their own step counts', async () => {
    const steps: Name[][] = [
      ['a', 'b', 'c', 'd'],
      ['b', 'd'],
      ['d', 'a', 'c'],
      ['a', 'b', 'c', 'd'],
    ];
    const together = await after(steps);
    for (const name of ['a', 'b', 'c', 'd'] as const) {
      const alone = await after(steps.map((given) => given.filter((other) => other === name)));
      expect(alone[name]).toEqual(together[name]);
    }
  });

  it('are not changed by a step that fails for one of them, and hold no more memory', () => {
    const names = ['a', 'b', 'c', 'd'] as const;
    const weights = names.map((name) => tf.variable(tf.ones([...shapes[name]]), true, name));
    const optimizer = new BatchTest();
    const step = () =>
      tf.tidy(() =>
        optimizer.applyGradients(Object.fromEntries(names.map((name) => [name, gradientOf(name, 0)]))),
      );
    step();
    const before = weights.map((weight) => [...weight.dataSync()]);
    const { numTensors, numBytes } = tf.memory();
    calls = [];
    failsAt = 2;
    expect(step).toThrow('no room');
    expect(weights.map((weight) => [...weight.dataSync()])).toEqual(before);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    failsAt = Number.POSITIVE_INFINITY;
    step();
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    expect(weights.map((weight) => [...weight.dataSync()])).not.toEqual(before);
    optimizer.dispose();
    tf.dispose(weights);
  });
});
