import * as tf from '@tensorflow/tfjs';
import { afterAll, expect, it, vi } from 'vitest';
import { describeOnWebgpu } from '../../backend/test/webgpu/webgpu.ts';
import { kernelProgram } from '../src/compiler/kernel-program.ts';
import { wgslKernel } from '../src/compiler/wgsl-kernel.ts';
import { type EngineOptions, Float64Optimizer, type Optimizer, planUpdate } from '../src/index.ts';
import { heldData, heldTensor, packedTensor, unpackedTensor } from '../src/interpreters/held-slots.ts';
import { type PackedFormat, packed, unpacked } from '../src/state-formats/packed-slot.ts';
import { Moments, type MomentsOptions, momentsRule, TestModel, wave } from './test-rules.ts';

afterAll(() => tf.setBackend('cpu'));

/** What the tests see of tfjs-backend-webgpu. */
interface Backend {
  readonly device: { createBuffer(): object; createComputePipeline(): object };
  readonly bufferManager: { readonly numBytesAllocated: number };
  readonly dispatchCountInPass: number;
}

const backend = (): Backend => tf.backend() as unknown as Backend;

const shapes = { 'a/scalar': [], 'b/bias': [300], 'c/weight': [40, 30], 'd/kernel': [3, 5, 70] };

/** A step with tensors that are there already. @returns the dispatches that it took */
function stepOf(optimizer: Optimizer, gradients: Record<string, tf.Tensor>): number {
  const before = backend().dispatchCountInPass;
  optimizer.applyGradients(gradients);
  return backend().dispatchCountInPass - before;
}

describeOnWebgpu('a step on WebGPU', () => {
  it('is one dispatch per parameter, which makes no tensor and no buffer', async () => {
    const batch = tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE');
    tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', 1000);
    const model = new TestModel(shapes);
    const optimizer = new Moments({ learningRate: 0.05, weightDecay: 0.1 });
    const gradients = Object.fromEntries(
      model.variables.map(({ name, shape }, index) => [name, tf.fill(shape, 0.25 * (index + 1))]),
    );
    try {
      for (let step = 1; step <= 2; step++) {
        stepOf(optimizer, gradients);
        // Submits what is recorded, after which uniform buffers are used again.
        await model.values();
      }
      const [tensors, allocated] = [tf.memory().numTensors, backend().bufferManager.numBytesAllocated];
      const created = vi.spyOn(backend().device, 'createBuffer');
      const compiled = vi.spyOn(backend().device, 'createComputePipeline');
      // A number that changes is no part of the code.
      optimizer.learningRate = 0.02;
      expect(stepOf(optimizer, gradients)).toBe(Object.keys(shapes).length);
      expect(created).not.toHaveBeenCalled();
      expect(compiled).not.toHaveBeenCalled();
      expect(tf.memory().numTensors).toBe(tensors);
      expect(backend().bufferManager.numBytesAllocated).toBe(allocated);
    } finally {
      tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', batch);
      model.dispose();
      optimizer.dispose();
      tf.dispose(gradients);
    }
  });

  it('takes gradients and weights that were cast from integers for the numbers that they are', async () => {
    // A cast of tfjs-backend-webgpu leaves the integers in the buffer.
    const integers = (...values: number[]) => tf.cast(tf.tensor1d(values, 'int32'), 'float32');
    const trained = async (name: string): Promise<Float32Array> => {
      await tf.setBackend(name);
      const weight = tf.tidy(() => tf.variable(integers(1, -2, 3), true, 'cast/weight'));
      const optimizer = new Moments({ learningRate: 0.25 });
      tf.tidy(() => optimizer.applyGradients({ 'cast/weight': tf.tensor1d([0.5, 0.5, -1]) }));
      for (let step = 2; step <= 3; step++) {
        tf.tidy(() => optimizer.applyGradients({ 'cast/weight': integers(5, 0, -7) }));
      }
      const values = (await weight.data()) as Float32Array;
      weight.dispose();
      optimizer.dispose();
      return values;
    };
    const expected = await trained('cpu');
    for (const [index, x] of (await trained('webgpu')).entries()) expect(x).toBeCloseTo(expected[index]!, 5);
  });

  it('leaves a copy of a parameter that something else holds as it was', async () => {
    const model = new TestModel({ 'a/weight': [5, 3] });
    const optimizer = new Moments({ learningRate: 0.05 });
    const [variable] = model.variables;
    const before = await variable!.data();
    const copy = tf.clone(variable!);
    model.train(optimizer, 1, 1);
    expect(await copy.data()).toEqual(before);
    expect(await variable!.data()).not.toEqual(before);
    copy.dispose();
    model.dispose();
    optimizer.dispose();
  });

  it.each<MomentsOptions>([
    {},
    { weightDecay: 0.1, weightDecayMode: 'l2' },
    { clipGlobalNorm: 0.5, clipValue: 0.25, maximize: true },
    { cautious: 'mean', averageDecay: 0.9 },
    { accumulationSteps: 2 },
    { gradientFilter: { kind: 'average' } },
    { lazyRows: { rank: [2] } },
    { recordMetrics: true },
    { stateFormat: '8bit', stateMinimumSize: 1 },
    { stateFormat: 'bfloat16', stateMinimumSize: 1 },
    { stateFormat: { momentum: 'bfloat16', average: '8bit' }, stateMinimumSize: 1, averageDecay: 0.9 },
  ])('trains as cpu does with %j', async (options) => {
    const trained = async (name: string): Promise<number[]> => {
      await tf.setBackend(name);
      const model = new TestModel(shapes);
      const optimizer = new Moments({ learningRate: 0.05, ...options });
      model.train(optimizer, 1, 6);
      const values = (await model.values()).flatMap((value) => [...value]);
      model.dispose();
      optimizer.dispose();
      return values;
    };
    const expected = await trained('cpu');
    const actual = await trained('webgpu');
    expect(actual).toHaveLength(expected.length);
    // Float32 rounding of numbers near 1; where a code or the last bit of bfloat16 falls the other way, state differs by 1 %.
    const tolerance = options.stateFormat === undefined ? 2e-6 : 5e-4;
    for (const [index, x] of actual.entries()) expect(Math.abs(x - expected[index]!)).toBeLessThan(tolerance);
  });
});

describeOnWebgpu('an element-wise rule on WebGPU', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const cases: Record<string, { readonly shape: readonly number[]; readonly gradient: readonly number[] }> = {
    scalar: { shape: [], gradient: [0.75] },
    'scalar NaN': { shape: [], gradient: [nan] },
    'empty vector': { shape: [0], gradient: [] },
    'empty matrix': { shape: [3, 0], gradient: [] },
    vector: { shape: [6], gradient: [nan, infinity, -infinity, 0, -0.5, 1e-3] },
    // The last workgroup is not full: what is beside NaN, and beyond the end, leaves no trace.
    row: {
      shape: [1, 257],
      gradient: Array.from({ length: 257 }, (_, i) => (i % 100 === 7 ? nan : i / 257)),
    },
  };

  it.each<[MomentsOptions, EngineOptions]>([
    [{}, {}],
    [{ weightDecay: 0.1 }, {}],
    [{}, { clipValue: 0.25 }],
  ])(
    'has the NaN of float64, and its numbers, in scalars, vectors and what is empty, with %j %j',
    async (options, engine) => {
      const exact = new Float64Optimizer([{ rule: momentsRule as never, options }], engine);
      const optimizer = new Moments({ ...options, ...engine });
      const variables = Object.entries(cases).map(([name, { shape, gradient }]) => {
        const start = gradient.map((_, index) => 1 - index / 300);
        exact.add({ name, shape, size: start.length }, start);
        return tf.tidy(() => tf.variable(tf.tensor(start, [...shape]), true, name));
      });
      for (let step = 1; step <= 3; step++) {
        exact.step(Object.fromEntries(Object.entries(cases).map(([name, { gradient }]) => [name, gradient])));
        tf.tidy(() =>
          optimizer.applyGradients(
            Object.fromEntries(
              Object.entries(cases).map(([name, { shape, gradient }]) => [
                name,
                tf.tensor([...gradient], [...shape]),
              ]),
            ),
          ),
        );
      }
      for (const variable of variables) {
        const [actual, expected] = [await variable.data(), exact.value(variable.name)];
        expect(actual).toHaveLength(expected.length);
        for (const [index, x] of expected.entries()) {
          // Float32 rounding of numbers near 1.
          if (Number.isNaN(x)) expect(actual[index], `${variable.name}[${index}]`).toBeNaN();
          else expect(Math.abs(actual[index]! - x), `${variable.name}[${index}]`).toBeLessThan(1e-6);
        }
      }
      optimizer.dispose();
      tf.dispose(variables);
    },
  );
});

/** Numbers of many magnitudes, a block of zeros, and a last block that is shorter. */
const numbers = Float32Array.from(
  [...wave(1024, 1)].flatMap((x, index) => [x * 10 ** (-index / 128), x]),
  (x, index) => (index >= 256 && index < 512 ? 0 : x),
).slice(0, 1999);

describeOnWebgpu('a packed slot on WebGPU', () => {
  it.each<[PackedFormat, number | undefined]>([
    ['8bit-signed', undefined],
    ['8bit-unsigned', undefined],
    ['bfloat16', undefined],
    ['bfloat16', 123_456_789],
  ])('has the words that it has in memory: %s, key %s', async (format, key) => {
    const values = format === '8bit-unsigned' ? numbers.map(Math.abs) : numbers;
    const expected = packed(format, values, key);
    const [made, held, back] = tf.tidy(() => {
      const words = heldTensor(expected);
      return [packedTensor(tf.tensor1d(values), format, key), words, unpackedTensor(words, format, [1999])];
    });
    expect(made!.dtype).toBe('int32');
    expect(await made!.data()).toEqual(await held!.data());
    expect(heldData(await made!.data(), format, 1999)).toEqual(expected);
    expect(await back!.data()).toEqual(unpacked(expected));
    tf.dispose([made!, held!, back!]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('is NaN in the whole block of %s', async (bad) => {
    const values = numbers.slice();
    values[700] = bad;
    const back = tf.tidy(() =>
      unpackedTensor(packedTensor(tf.tensor1d(values), '8bit-signed'), '8bit-signed', [1999]),
    );
    for (const [index, x] of (await back.data()).entries()) {
      expect(Number.isNaN(x)).toBe(index >= 512 && index < 768);
    }
    back.dispose();
  });
});

it('reads and writes 28 bytes per parameter for a rule with two moments', () => {
  const parameter = { name: 'weight', shape: [7, 9], size: 63 };
  const constant = (name: string): number | undefined =>
    (momentsRule.hyperparameters as Record<string, { default: number }>)[name]?.default;
  const context = { parameter, settings: { flavour: 'plain_flavour' }, constant };
  const plan = planUpdate(momentsRule as never, context, { decay: 'shrink' });
  const { source, dispatches } = wgslKernel(kernelProgram(plan)!);
  expect(dispatches).toHaveLength(1);
  const body = source.slice(source.indexOf(`fn ${dispatches[0]!.entryPoint}(`));
  // Parameter, gradient and two moments are read, and all but the gradient written: float32 numbers.
  expect(4 * body.match(/\bt\d+\[/g)!.length).toBe(28);
});
