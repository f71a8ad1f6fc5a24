import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import '../src/webgpu.ts';
import { kernelProgram } from '../src/compiler/kernel-program.ts';
import { currentWebgpuMemory } from '../src/compiler/webgpu-memory.ts';
import { WebgpuPlan } from '../src/compiler/webgpu-plan.ts';
import { wgslKernel } from '../src/compiler/wgsl-kernel.ts';
import { unpackedTensor } from '../src/interpreters/held-slots.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import {
  add,
  div,
  type Expression,
  exp,
  greater,
  maximum,
  mean,
  minimum,
  mul,
  type Shape,
  sign,
  square,
  sub,
  sum,
  tensorSymbol,
  where,
} from '../src/rule/expression.ts';
import type { UpdatePlan } from '../src/rule/plan.ts';
import { packed, unpacked } from '../src/state-formats/packed-slot.ts';
import { toNumbers } from '../src/state-formats/packed-words.ts';
import { type PlanCase, planCase, runInFloat32, sizeOf, values } from './compiler-plans.ts';

afterAll(() => tf.setBackend('cpu'));

type Outputs = (tensors: Readonly<Record<string, Expression>>) => Readonly<Record<string, Expression>>;

function planOf(shapes: Readonly<Record<string, Shape>>, outputs: Outputs): UpdatePlan {
  const symbols = Object.entries(shapes).map(([name, shape]) => [name, tensorSymbol(name, shape)]);
  return { shapes, slots: {}, outputs: outputs(Object.fromEntries(symbols)) };
}

function caseOf(plan: UpdatePlan, scalars: Readonly<Record<string, number>> = {}): PlanCase {
  const inputs = Object.entries(plan.shapes).map(([name, shape], index) => [
    name,
    { shape, data: values(sizeOf(shape), 7 + 101 * index) },
  ]);
  return { plan, inputs: Object.fromEntries(inputs), scalars };
}

/** Runs a plan on the device, in place or not. @returns the outputs, read */
async function run(
  { plan, inputs, scalars }: PlanCase,
  inPlace: boolean,
): Promise<Record<string, Float32Array>> {
  expect(WebgpuPlan.of(plan, currentWebgpuMemory()!)).toBeDefined();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [name, tf.tensor(data.slice(), [...shape])]),
  );
  const runner = new PlanRunner(plan);
  const outputs = tf.tidy(() =>
    inPlace ? runner.stage(tensors, scalars)() : runner.run(tensors, scalars, { inPlace: false }),
  );
  const read: Record<string, Float32Array> = {};
  for (const [name, output] of Object.entries(outputs)) {
    if (inPlace) expect(output).toBe(tensors[name]);
    read[name] = (await output.data()) as Float32Array;
  }
  for (const [name, { data }] of Object.entries(inputs)) {
    if (!inPlace || outputs[name] === undefined) expect(await tensors[name]!.data()).toEqual(data);
  }
  tf.dispose([tensors, outputs]);
  return read;
}

/** A device may fuse products with sums and divide to 2.5 units in the last place, and what cancels shows it. */
const tolerance = 1e-5;

async function check(example: PlanCase, inPlace: boolean): Promise<void> {
  const expected = runInFloat32(example);
  const actual = await run(example, inPlace);
  for (const [name, wanted] of Object.entries(expected)) {
    expect(actual[name]!.length).toBe(wanted.length);
    for (const [index, x] of actual[name]!.entries()) {
      const y = wanted[index]!;
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
      if (Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y))) continue;
      throw new Error(`${name}[${index}] is ${x}, not ${y}`);
    }
  }
}

describeOnWebgpu('a plan on WebGPU', () => {
  it.each([true, false])('computes what single precision makes of it (in place: %s)', async (inPlace) => {
    await fc.assert(
      fc.asyncProperty(planCase, (example) => check(example, inPlace)),
      { numRuns: 60, seed: 20260115 },
    );
  });

  it.each<{ shape: Shape }>([
    ...[[1], [255], [257], [5, 64], [300, 7], [7, 300], [3, 50, 40], [260, 300]].map((shape) => ({ shape })),
  ])('sums $shape over each axis and over all, and writes in the same walk', async ({ shape }) => {
    const axes = shape.map((_, axis) => axis);
    const shapes: Record<string, Shape> = { parameter: shape, all: shape.map(() => 1) };
    for (const axis of axes)
      shapes[`axis${axis}`] = shape.map((length, other) => (other === axis ? 1 : length));
    const plan = planOf(shapes, ({ parameter, all, ...others }) => ({
      parameter: mul(parameter!, 0.5),
      all: add(all!, mean(square(parameter!))),
      ...Object.fromEntries(
        axes.map((axis) => [`axis${axis}`, add(others[`axis${axis}`]!, mean(parameter!, [axis]))]),
      ),
    }));
    await check(caseOf(plan), true);
    await check(caseOf(plan), false);
  });

  it('gives sums to float32 rounding, however many there are', async () => {
    const size = 300_000;
    const plan = planOf({ parameter: [size], all: [1] }, ({ parameter }) => ({ all: sum(parameter!) }));
    const data = Float32Array.from({ length: size }, (_, index) => 1 + (index % 7) / 8);
    const { all } = await run(
      {
        plan,
        inputs: { parameter: { shape: [size], data }, all: { shape: [1], data: new Float32Array(1) } },
        scalars: {},
      },
      true,
    );
    // 1 to 1 + 6/8, each a seventh of the elements but for the last four.
    const exact = data.reduce((total, x) => total + x, 0);
    expect(Math.abs(all![0]! / exact - 1)).toBeLessThan(2e-7);
  });

  it('has a finite mean of numbers whose sum is not', async () => {
    const plan = planOf({ parameter: [6], all: [1] }, ({ parameter }) => ({ all: mean(parameter!) }));
    const inputs = {
      parameter: { shape: [6], data: new Float32Array(6).fill(2 ** 127) },
      all: { shape: [1], data: new Float32Array(1) },
    };
    expect((await run({ plan, inputs, scalars: {} }, true)).all![0]).toBe(2 ** 127);
    inputs.parameter.data[3] = Number.POSITIVE_INFINITY;
    expect((await run({ plan, inputs, scalars: {} }, true)).all![0]).toBe(Number.POSITIVE_INFINITY);
  });

  it('swaps two tensors and passes a third on', async () => {
    const plan = planOf({ parameter: [9], slot: [9], kept: [9] }, ({ parameter, slot, kept }) => ({
      parameter: slot!,
      slot: parameter!,
      kept: kept!,
    }));
    await check(caseOf(plan), true);
    await check(caseOf(plan), false);
  });

  it('treats NaN, infinities and zeros as the float64 interpreter does', async () => {
    const plan = planOf({ parameter: [6], a: [6], b: [6], c: [6], d: [6] }, ({ parameter: x, a }) => ({
      parameter: maximum(x!, 0),
      a: where(x!, a!, 7),
      b: sign(x!),
      c: minimum(1, x!),
      d: greater(x!, Number.NEGATIVE_INFINITY),
    }));
    const example = caseOf(plan);
    const data = Float32Array.of(Number.NaN, -0, 2, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0);
    const inputs = { ...example.inputs, parameter: { shape: [6], data } };
    await check({ ...example, inputs }, true);
  });

  it('keeps constants that WGSL has no literal for', async () => {
    const constants = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e30, -2.5];
    for (const constant of constants) {
      const plan = planOf({ parameter: [3] }, ({ parameter }) => ({
        parameter: minimum(parameter!, constant),
      }));
      await check(caseOf(plan), true);
    }
    const reciprocal = planOf({ parameter: [3] }, ({ parameter }) => ({
      parameter: div(1, mul(add(mul(parameter!, 0), 1), -0)),
    }));
    await check(caseOf(reciprocal), true);
  });

  it('decides a branch in float64, where the smallest numbers are not zero', async () => {
    const tiny: Expression = { kind: 'scalar', name: 'tiny', shape: null };
    const plan = planOf({ parameter: [6] }, ({ parameter }) => ({
      parameter: where(tiny, add(parameter!, 1), parameter!),
    }));
    await check(caseOf(plan, { tiny: 1e-200 }), true);
    await check(caseOf(plan, { tiny: 0 }), true);
  });

  it('has inputs of one element share a buffer where a device has too few', async () => {
    const names = Array.from({ length: currentWebgpuMemory()!.mostBuffers }, (_, index) => `number${index}`);
    const shapes = { parameter: [300, 5], ...Object.fromEntries(names.map((name) => [name, []])) };
    const plan = planOf(shapes, ({ parameter, ...numbers }) => ({
      parameter: names.reduce(
        (total, name, index) => add(mul(total, 0.5), mul(numbers[name]!, index + 1)),
        mul(parameter!, mean(parameter!)),
      ),
    }));
    const { dispatches } = wgslKernel(kernelProgram(plan)!, 2);
    for (const { bindings } of dispatches) expect(bindings.length).toBeLessThanOrEqual(2);
    await check(caseOf(plan), true);
    await check(caseOf(plan), false);
  });

  it('is run with tfjs operations where kernels cannot, or would bind too many buffers', async () => {
    const exponential = planOf({ parameter: [6] }, ({ parameter }) => ({ parameter: exp(parameter!) }));
    const names = Array.from(
      { length: currentWebgpuMemory()!.mostBuffers + 1 },
      (_, index) => `slot${index}`,
    );
    const shapes = Object.fromEntries(names.map((name) => [name, [4]]));
    const many = planOf(shapes, (tensors) => ({
      slot0: names.map((name) => tensors[name]!).reduce((total, tensor) => add(total, tensor)),
    }));
    for (const plan of [exponential, many]) {
      expect(WebgpuPlan.of(plan, currentWebgpuMemory()!)).toBeUndefined();
      const example = caseOf(plan);
      const tensors = Object.fromEntries(
        Object.entries(example.inputs).map(([name, { data }]) => [name, tf.tensor1d(data)]),
      );
      const name = Object.keys(plan.outputs)[0]!;
      const output = tf.tidy(() => new PlanRunner(plan).run(tensors, {}, { inPlace: true })[name]!);
      const [actual, expected] = [await output.data(), runInFloat32(example)[name]!];
      // The exponential of a device is that of single precision to a few units in the last place.
      for (const [index, x] of actual.entries()) expect(x / expected[index]!).toBeCloseTo(1, 5);
      tf.dispose([tensors, output]);
    }
  });
});

describeOnWebgpu('packed slots made before the kernels were loaded', () => {
  it('are read as the numbers that they are, and become words in the next step', async () => {
    const size = 5000;
    const slot = packed('8bit-signed', values(size, 3));
    const plan: UpdatePlan = {
      ...planOf({ slot: [size] }, ({ slot }) => ({ slot: mul(slot!, 0.5) })),
      formats: { slot: '8bit-signed' },
    };
    const asNumbers = tf.tensor1d(toNumbers(slot), 'float32');
    const { slot: halved } = tf.tidy(() => new PlanRunner(plan).stage({ slot: asNumbers }, { step: 1 })());
    expect(halved!.dtype).toBe('int32');
    const after = tf.tidy(() => unpackedTensor(halved!, '8bit-signed', [size]));
    // Halves of all numbers have halves of the scales, and the same codes.
    const expected = unpacked(slot).map((x) => x / 2);
    for (const [i, x] of (await after.data()).entries()) expect(x).toBeCloseTo(expected[i]!, 6);
    tf.dispose([asNumbers, halved!, after]);
  });
});

describe('the WGSL of a plan', () => {
  const decayed = (shape: Shape): UpdatePlan =>
    planOf(
      { parameter: shape, gradient: shape, row: shape.map((length, axis) => (axis === 0 ? 1 : length)) },
      (tensors) => {
        const row = add(tensors.row!, mean(square(tensors.gradient!), [0]));
        return { parameter: sub(tensors.parameter!, div(tensors.gradient!, row)), row };
      },
    );

  it('is the same for every length of the axes', () => {
    const [one, other] = [
      [5, 3],
      [3000, 700],
    ].map((shape) => wgslKernel(kernelProgram(decayed(shape))!));
    expect(one!.source).toBe(other!.source);
    expect(one!.dispatches.length).toBeLessThan(other!.dispatches.length);
  });
});
