import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing as absence } from '../../backend/test/webgpu/webgpu.ts';
import { kernelProgram } from '../src/compiler/kernel-program.ts';
import { runInFloat64, runOnTensors } from '../src/index.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import {
  abs,
  add,
  div,
  type Expression,
  equal,
  exp,
  floor,
  greater,
  log,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  pow,
  scalarSymbol,
  sign,
  sqrt,
  square,
  sub,
  sum,
  tensorSymbol,
  where,
} from '../src/rule/expression.ts';
import type { UpdatePlan } from '../src/rule/plan.ts';
import { evaluateScalar } from '../src/rule/scalar-arithmetic.ts';
import { registerImitation } from './imitation-backend.ts';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const float32 = Math.fround;
const specials = [
  nan,
  inf,
  -inf,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  3,
  -1.5,
  3e38,
  -3e38,
  1e-30,
  -1e-30,
  1e-40,
].map(float32);

/** What IEEE 754 and NumPy say, in float64. */
const unaries: Record<string, [(x: Operand) => Expression, (x: number) => number]> = {
  neg: [neg, (x) => 0 - x],
  abs: [abs, (x) => (x < 0 ? 0 - x : x)],
  sign: [sign, (x) => (x > 0 ? 1 : x < 0 ? -1 : x)],
  sqrt: [sqrt, (x) => Math.sqrt(x)],
  square: [square, (x) => x * x],
  exp: [exp, (x) => Math.exp(x)],
  log: [log, (x) => Math.log(x)],
  floor: [floor, (x) => Math.floor(x)],
};
const either = (a: number, b: number) => Number.isNaN(a) || Number.isNaN(b);
const binaries: Record<string, [(a: Operand, b: Operand) => Expression, (a: number, b: number) => number]> = {
  add: [add, (a, b) => a + b],
  sub: [sub, (a, b) => a - b],
  mul: [mul, (a, b) => a * b],
  div: [div, (a, b) => a / b],
  pow: [pow, (a, b) => (a === 1 || (a === -1 && (b === inf || b === -inf)) ? 1 : a ** b)],
  minimum: [minimum, (a, b) => (either(a, b) ? nan : a < b ? a : b)],
  maximum: [maximum, (a, b) => (either(a, b) ? nan : a > b ? a : b)],
  greater: [greater, (a, b) => (a > b ? 1 : 0)],
  equal: [equal, (a, b) => (a === b ? 1 : 0)],
  where: [(a, b) => where(a, b, 7), (a, b) => (a !== 0 ? b : 7)],
};

interface Inputs {
  readonly a: number[];
  readonly b: number[];
}

/** All pairs of special values. */
const pairs: Inputs = {
  a: specials.flatMap((a) => specials.map(() => a)),
  b: specials.flatMap(() => specials),
};
const size = pairs.a.length;

function planOf(make: (a: Expression, b: Expression) => Expression): UpdatePlan {
  const shapes = { a: [size], b: [size], result: [size] };
  return {
    outputs: { result: make(tensorSymbol('a', [size]), tensorSymbol('b', [size])) },
    shapes,
    slots: {},
  };
}

type Interpreter = (plan: UpdatePlan, inputs: Inputs) => Promise<number[]>;
const onTensors =
  (backend: string): Interpreter =>
  async (plan, { a, b }) => {
    await tf.setBackend(backend);
    const result = tf.tidy(() => runOnTensors(plan, { a: tf.tensor1d(a), b: tf.tensor1d(b) }, {}).result!);
    const values = [...(await result.data())];
    result.dispose();
    return values;
  };

const interpreters: Record<string, Interpreter> = {
  'in float64': async (plan, inputs) => {
    const { result } = runInFloat64(
      plan,
      { a: Float64Array.from(inputs.a), b: Float64Array.from(inputs.b) },
      {},
    );
    return [...result!].map(float32);
  },
  'on tensors of cpu': onTensors('cpu'),
  'on tensors of wasm': onTensors('wasm'),
  'on tensors of a backend with the kernels of webgl': onTensors('webgl'),
  compiled: async (plan, { a, b }) => {
    await tf.setBackend('wasm');
    // Powers, exponentials and logarithms are not compiled: there the runner takes tensors.
    return tf.tidy(() => [
      ...new PlanRunner(plan)
        .run({ a: tf.tensor1d(a), b: tf.tensor1d(b) }, {}, { inPlace: false })
        .result!.dataSync(),
    ]);
  },
};

/** Equal to seven digits, where kernels of transcendental functions may differ; NaN equals NaN, and 0 equals -0. */
function differs(got: number, right: number, tolerance = 3e-7): boolean {
  if (Number.isNaN(right)) return !Number.isNaN(got);
  if (!Number.isFinite(right) || Math.abs(right) < 1e-37)
    return Math.abs(got - right) > 1e-44 && got !== right;
  return !(Math.abs(got - right) <= tolerance * Math.abs(right));
}

const isDenormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126;

/** @param onDevice Whether denormal numbers may count as 0, zeros have no sign, and functions fewer digits, as WGSL allows. */
function expectRight(
  got: readonly number[],
  right: (a: number, b: number) => number,
  onDevice = false,
): void {
  const wrong = got.flatMap((value, i) => {
    const [a, b] = [pairs.a[i]!, pairs.b[i]!];
    const wanted = float32(right(a, b));
    if (onDevice && [a, b, wanted].some((x) => isDenormal(x) || Object.is(x, -0))) return [];
    return differs(value, wanted, onDevice ? 1e-5 : 3e-7)
      ? [`(${a}, ${b}) gives ${value}, not ${wanted}`]
      : [];
  });
  expect(wrong).toEqual([]);
}

if (absence === undefined) interpreters['on tensors of webgpu'] = onTensors('webgpu');
it.skipIf(absence !== undefined)(`WebGPU takes part${absence ? ` (skipped: ${absence})` : ''}`, () => {
  expect(interpreters).toHaveProperty('on tensors of webgpu');
});

let restore: () => void;
beforeAll(() => {
  restore = registerImitation('webgl');
});
afterAll(async () => {
  await tf.setBackend('cpu');
  restore();
});

describe.each(Object.entries(interpreters))('special values %s', (where, run) => {
  const onDevice = /webgpu|webgl/.test(where);

  it.each(Object.entries(unaries))('of %s', async (_name, [make, right]) => {
    expectRight(
      await run(
        planOf((a) => make(a)),
        pairs,
      ),
      right,
      onDevice,
    );
  });

  it.each(Object.entries(binaries))('of %s', async (_name, [make, right]) => {
    expectRight(await run(planOf(make), pairs), right, onDevice);
  });

  it.each(Object.entries(binaries))('of %s with a number on either side', async (_name, [make, right]) => {
    for (const number of specials) {
      if (onDevice && (isDenormal(number) || Object.is(number, -0))) continue;
      const left = await run(
        planOf((a) => make(a, number)),
        pairs,
      );
      expectRight(left, (a) => right(a, number), onDevice);
      const other = await run(
        planOf((_a, b) => make(number, b)),
        pairs,
      );
      expectRight(other, (_a, b) => right(number, b), onDevice);
    }
  });
});

it('special values of scalars', () => {
  for (const [make, right] of Object.values(binaries)) {
    const node = make(scalarSymbol('a'), scalarSymbol('b'));
    expectRight(
      pairs.a.map((a, i) => float32(evaluateScalar(node, { a, b: pairs.b[i]! }))),
      right,
    );
  }
  for (const [make, right] of Object.values(unaries)) {
    const node = make(scalarSymbol('a'));
    expectRight(
      pairs.a.map((a) => float32(evaluateScalar(node, { a }))),
      right,
    );
  }
});

it('all operations but powers, exponentials and logarithms are compiled', () => {
  const compiles = (make: (a: Expression, b: Expression) => Expression) =>
    kernelProgram(planOf(make)) !== undefined;
  const names = Object.entries(unaries).map(([name, [make]]) => [name, compiles((a) => make(a))]);
  for (const [name, [make]] of Object.entries(binaries)) names.push([name, compiles(make)]);
  expect(names.filter(([, compiled]) => !compiled).map(([name]) => name)).toEqual(['exp', 'log', 'pow']);
});

describe('reductions', () => {
  const cases: readonly (readonly [string, readonly number[], number, number])[] = [
    ['of NaN', [1, nan, 3], nan, nan],
    ['of an infinity', [1, inf], inf, inf],
    ['of both infinities', [inf, -inf], nan, nan],
    ['whose sum overflows', [3e38, 3e38, 3e38], inf, 3e38],
    ['whose sum overflows downwards', [-3e38, -3e38], -inf, -3e38],
    // Their quotients by 3 are no float32 numbers that are not denormal.
    ['of small numbers', [3e-38, 3e-38, 3e-38], 9e-38, 3e-38],
    ['of one number', [5], 5, 5],
  ];
  const reduce = (length: number): UpdatePlan => {
    const a = tensorSymbol('a', [length]);
    return {
      outputs: { total: sum(a), average: mean(a) },
      shapes: { a: [length], total: [1], average: [1] },
      slots: {},
    };
  };
  const numbers = (outputs: Record<string, tf.Tensor>) => [
    outputs.total!.dataSync()[0]!,
    outputs.average!.dataSync()[0]!,
  ];

  it.each(cases)('%s agree', async (_, values, total, average) => {
    const plan = reduce(values.length);
    const { total: t, average: m } = runInFloat64(plan, { a: Float64Array.from(values) }, {});
    const got: Record<string, number[]> = { float64: [float32(t![0]!), float32(m![0]!)] };
    for (const backend of ['cpu', 'wasm', 'webgl']) {
      await tf.setBackend(backend);
      got[backend] = tf.tidy(() => numbers(runOnTensors(plan, { a: tf.tensor1d([...values]) }, {})));
    }
    await tf.setBackend('wasm');
    got.compiled = tf.tidy(() =>
      numbers(new PlanRunner(plan).run({ a: tf.tensor1d([...values]) }, {}, { inPlace: false })),
    );
    for (const [where, [gotTotal, gotAverage]] of Object.entries(got)) {
      expect(differs(gotTotal!, float32(total)), `sum ${where}: ${gotTotal}`).toBe(false);
      expect(differs(gotAverage!, float32(average)), `mean ${where}: ${gotAverage}`).toBe(false);
    }
  });

  it.each([
    [[0], [0]],
    [[0, 3], [0]],
    [
      [0, 3],
      [0, 1],
    ],
    [[3, 0], [1]],
    [[3, 0], [0]],
    [[2, 0, 3], [1]],
    [
      [2, 0, 3],
      [0, 2],
    ],
  ])('of no elements are 0: shape %j, axes %j', async (shape, axes) => {
    const a = tensorSymbol('a', shape);
    const reduced = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const plan: UpdatePlan = {
      outputs: { total: sum(a, axes), average: mean(a, axes) },
      shapes: { a: shape, total: reduced, average: reduced },
      slots: {},
    };
    const zeros = new Array(reduced.reduce((product, length) => product * length, 1)).fill(0);
    const { total, average } = runInFloat64(plan, { a: new Float64Array(0) }, {});
    expect([[...total!], [...average!]]).toEqual([zeros, zeros]);
    for (const backend of ['cpu', 'wasm']) {
      await tf.setBackend(backend);
      tf.tidy(() => {
        const outputs = new PlanRunner(plan).run({ a: tf.zeros(shape) }, {}, { inPlace: false });
        expect([[...outputs.total!.dataSync()], [...outputs.average!.dataSync()]]).toEqual([zeros, zeros]);
        expect(outputs.total!.shape).toEqual(reduced);
      });
    }
  });
});
