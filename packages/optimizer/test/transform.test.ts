import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  defineUpdateRule,
  div,
  type Expression,
  equal,
  Float64Optimizer,
  floor,
  likeParameter,
  mul,
  optimizerClass,
  sub,
  type TensorTransform,
  transform,
  type UpdateRule,
  where,
} from '../src/index.ts';

/** The transpose of a square matrix: not element-wise, and of easily checked results. */
const transpose: TensorTransform = {
  name: 'transpose',
  shape: [2, 2],
  onTensors: ([x]) => tf.transpose(x!),
  inFloat64: ([{ data } = { data: new Float64Array() }]) =>
    Float64Array.of(data[0]!, data[2]!, data[1]!, data[3]!),
};

/** A rule that moves a matrix by what `direction` makes of its gradient and step. */
function ruleOf(direction: (gradient: Expression, step: Expression) => Expression) {
  return defineUpdateRule({
    name: 'transformed',
    title: 'Transformed',
    paper: { authors: 'nobody', year: 2000, title: 'none', source: 'none' },
    hyperparameters: { learningRate: { default: 1, description: 'Step size' } },
    slots: () => ({ previous: likeParameter }),
    update({ parameter, gradient }, { learningRate, step }) {
      const moved = direction(gradient, step);
      return { parameter: sub(parameter, mul(learningRate, moved)), previous: moved };
    },
  });
}

const gradient = [1, 2, 3, 4];

function inFloat64(rule: UpdateRule, steps = 1): number[] {
  const optimizer = new Float64Optimizer([{ rule, options: {} }]);
  optimizer.add({ name: 'weight', shape: [2, 2], size: 4 }, [0, 0, 0, 0]);
  for (let step = 0; step < steps; step++) optimizer.step({ weight: gradient });
  return [...optimizer.value('weight')];
}

let built = 0;

function onTensors(rule: ReturnType<typeof ruleOf>, steps = 1): number[] {
  const Transformed = optimizerClass(rule, `TransformTest${built++}`);
  const optimizer = new Transformed();
  const weight = tf.variable(tf.zeros([2, 2]));
  const step = () =>
    tf.tidy(() => optimizer.applyGradients({ [weight.name]: tf.tensor2d(gradient, [2, 2]) }));
  try {
    step();
    const tensors = tf.memory().numTensors;
    for (let next = 1; next < steps; next++) step();
    expect(tf.memory().numTensors).toBe(tensors);
    return [...weight.dataSync()];
  } finally {
    optimizer.dispose();
    weight.dispose();
  }
}

describe('transform', () => {
  it('gives a function of whole tensors to both interpreters, and keeps no tensor', () => {
    const rule = ruleOf((g) => transform(transpose, [mul(g, 2)]));
    expect(inFloat64(rule)).toEqual([-2, -6, -4, -8]);
    expect(onTensors(rule, 3)).toEqual([-6, -18, -12, -24]);
  });

  it('evaluates only the branch taken under a scalar condition', () => {
    let calls = 0;
    const counted: TensorTransform = {
      ...transpose,
      onTensors: (inputs, scalars) => {
        calls++;
        return transpose.onTensors(inputs, scalars);
      },
      inFloat64: (inputs, scalars) => {
        calls++;
        return transpose.inFloat64(inputs, scalars);
      },
    };
    // Every third step moves by the transpose, the others by nothing.
    const rule = ruleOf((g, step) =>
      where(equal(step, mul(3, floor(div(step, 3)))), transform(counted, [g]), mul(g, 0)),
    );
    expect(inFloat64(rule, 7)).toEqual([-2, -6, -4, -8]);
    expect(calls).toBe(2);
    expect(onTensors(rule, 7)).toEqual([-2, -6, -4, -8]);
    expect(calls).toBe(4);
  });

  it('sees a branch that is one number in the shape of the whole condition', () => {
    const rule = ruleOf((g, step) => transform(transpose, [where(equal(step, 1), 0.5, g)]));
    expect(inFloat64(rule, 2)).toEqual([-1.5, -3.5, -2.5, -4.5]);
    expect(onTensors(rule, 2)).toEqual([-1.5, -3.5, -2.5, -4.5]);
  });

  it('is computed once where several outputs use it', () => {
    let calls = 0;
    const counted: TensorTransform = {
      ...transpose,
      onTensors: (inputs, scalars) => {
        calls++;
        return transpose.onTensors(inputs, scalars);
      },
    };
    onTensors(ruleOf((g) => transform(counted, [g])));
    expect(calls).toBe(1);
  });

  it('is given scalars of the step as float64 numbers', () => {
    const filled: TensorTransform = {
      name: 'filled',
      shape: [2, 2],
      onTensors: (_, [value, factor]) => tf.fill([2, 2], value! * factor!),
      inFloat64: (_, [value, factor]) => new Float64Array(4).fill(value! * factor!),
    };
    // Steps 1 to 3, each cubed and times 3: 3 * (1 + 8 + 27).
    const rule = ruleOf((_, step) => transform(filled, [], [mul(step, mul(step, step)), 3]));
    expect(inFloat64(rule, 3)).toEqual([-108, -108, -108, -108]);
    expect(onTensors(rule, 3)).toEqual([-108, -108, -108, -108]);
  });

  it('refuses a tensor as a scalar', () => {
    expect(() => inFloat64(ruleOf((g) => transform(transpose, [g], [g])))).toThrow(
      'transpose: scalar 0 must be a scalar expression or a number, got a tensor [2,2]',
    );
  });

  it('refuses a scalar input', () => {
    expect(() => inFloat64(ruleOf((_, step) => transform(transpose, [step])))).toThrow(
      'transpose: input 0 must be a tensor, got a scalar expression',
    );
  });

  it('refuses a result of another shape than declared', () => {
    const wrong: TensorTransform = {
      ...transpose,
      onTensors: ([x]) => tf.reshape(x!, [4, 1]),
      inFloat64: () => new Float64Array(3),
    };
    const rule = ruleOf((g) => transform(wrong, [g]));
    expect(() => inFloat64(rule)).toThrow(
      'transpose declares the shape [2,2] and returned 3 elements in float64',
    );
    expect(() => onTensors(rule)).toThrow('transpose declares the shape [2,2] and returned [4,1]');
  });

  it('keeps a copy of a gradient that a rule hands on to a slot', async () => {
    // `previous` is the gradient itself, which the caller writes over and disposes.
    const Kept = optimizerClass(
      ruleOf((g) => g),
      `TransformTest${built++}`,
    );
    const optimizer = new Kept();
    const weight = tf.variable(tf.zeros([2, 2]), true, 'kept-gradient');
    const data = Float32Array.from(gradient);
    const given = tf.tensor2d(data, [2, 2]);
    optimizer.applyGradients({ 'kept-gradient': given });
    data.fill(-1);
    given.dispose();
    const { previous } = (await optimizer.state()).parameters['kept-gradient']!.slots;
    expect([...previous!.data]).toEqual(gradient);
    optimizer.dispose();
    weight.dispose();
  });
});
