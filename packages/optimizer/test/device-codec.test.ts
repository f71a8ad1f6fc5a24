import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeState } from '../src/index.ts';
import { heldData, heldTensor, packedTensor, unpackedTensor } from '../src/interpreters/held-slots.ts';
import { packed, unpacked } from '../src/state-formats/packed-slot.ts';
import { toWords } from '../src/state-formats/packed-words.ts';
import { registerImitation } from './imitation-backend.ts';
import { Moments, TestModel, wave } from './test-rules.ts';

/** A backend that JavaScript does not see the memory of: the kernels of cpu under another name. */
let restore: () => void;
beforeAll(async () => {
  restore = registerImitation('webgl');
  await tf.setBackend('webgl');
});
afterAll(async () => {
  await tf.setBackend('cpu');
  restore();
});

/** Numbers of every decade of the map and beyond, a block of zeros, and a last block that is shorter. */
const values = Float32Array.from(
  [...wave(1024, 1)].flatMap((x, index) => [x * 10 ** (-index / 128), x]),
  (x, index) => (index >= 256 && index < 512 ? 0 : x),
).slice(0, 1999);

it.each(['8bit-signed', '8bit-unsigned'] as const)(
  'packs %s with operations of tfjs as in memory',
  (format) => {
    const numbers = format === '8bit-unsigned' ? values.map(Math.abs) : values;
    const expected = packed(format, numbers);
    const [held, made, back] = tf.tidy(() => {
      const tensor = packedTensor(tf.tensor1d(numbers), format);
      return [tensor, heldTensor(expected), unpackedTensor(tensor, format, [1999])].map((t) => t.dataSync());
    });
    // Three codes to a number, and a scale for each of eight blocks.
    expect(held).toHaveLength(667 + 8);
    expect(held).toEqual(made);
    expect(heldData(held!, format, 1999)).toEqual(expected);
    expect(back).toEqual(unpacked(expected));
  },
);

it('spreads NaN and infinities over their blocks', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const numbers = values.slice();
    numbers[700] = bad;
    const back = tf.tidy(() =>
      unpackedTensor(packedTensor(tf.tensor1d(numbers), '8bit-signed'), '8bit-signed', [1999]).dataSync(),
    );
    for (const [index, x] of back.entries()) expect(Number.isNaN(x)).toBe(index >= 512 && index < 768);
  }
});

it('trains as cpu does, and continues there', async () => {
  const shapes = { 'a/weight': [40, 30] };
  const options = { stateFormat: '8bit', stateMinimumSize: 1, learningRate: 0.05 } as const;
  const run = async (backends: readonly string[]): Promise<{ bytes: Uint8Array; values: Float32Array[] }> => {
    await tf.setBackend('cpu');
    const model = new TestModel(shapes);
    let optimizer = new Moments(options);
    for (const [index, backend] of backends.entries()) {
      await tf.setBackend(backend);
      const next = new Moments(options);
      if (index % 2 === 0) await next.loadState(await optimizer.state());
      else await next.setWeights(await optimizer.getWeights());
      optimizer.dispose();
      optimizer = next;
      model.train(optimizer, 2 * index + 1, 2 * index + 2);
    }
    const result = { bytes: encodeState(await optimizer.state()), values: await model.values() };
    optimizer.dispose();
    model.dispose();
    return result;
  };
  const expected = await run(['cpu', 'cpu', 'cpu', 'cpu']);
  expect(await run(['webgl', 'webgl', 'webgl', 'webgl'])).toEqual(expected);
  expect(await run(['webgl', 'cpu', 'cpu', 'webgl'])).toEqual(expected);
  await tf.setBackend('webgl');
});

it('refuses bfloat16, which would save nothing, and changes nothing', async () => {
  const model = new TestModel({ 'a/weight': [40, 30] });
  const before = await model.values();
  const optimizer = new Moments({ stateFormat: 'bfloat16', stateMinimumSize: 1 });
  expect(() => model.train(optimizer, 1, 1)).toThrow(
    `stateFormat 'bfloat16' needs the backend "wasm", "webgpu", "tensorflow" or "cpu", and this one is "webgl"`,
  );
  expect(await model.values()).toEqual(before);
  expect(optimizer.stateBytes()).toBe(0);
  optimizer.dispose();
  model.dispose();
});

describe("on TensorFlow's library", () => {
  let restoreTensorflow: () => void;
  beforeAll(async () => {
    restoreTensorflow = registerImitation('tensorflow');
    await tf.setBackend('tensorflow');
  });
  afterAll(async () => {
    await tf.setBackend('webgl');
    restoreTensorflow();
  });
  const onGpu = (isUsingGpuDevice: boolean): void => void Object.assign(tf.backend(), { isUsingGpuDevice });

  it.each(['8bit-signed', '8bit-unsigned', 'bfloat16'] as const)(
    'keeps %s as the words of memory',
    (format) => {
      onGpu(false);
      const numbers = format === '8bit-unsigned' ? values.map(Math.abs) : values;
      const expected = packed(format, numbers, 7);
      const [held, back] = tf.tidy(() => {
        const tensor = packedTensor(tf.tensor1d(numbers), format, 7);
        return [tensor, unpackedTensor(tensor, format, [1999])].map((t) => t.dataSync());
      });
      expect(held).toEqual(toWords(expected));
      expect(back).toEqual(unpacked(expected));
    },
  );

  it('has codes unpacked by a GPU, and bfloat16 as words there too', () => {
    onGpu(true);
    tf.tidy(() => {
      const tensor = tf.tensor1d(values);
      expect(packedTensor(tensor, '8bit-signed').dtype).toBe('float32');
      const halves = packedTensor(tensor, 'bfloat16', 7);
      expect(halves.dataSync()).toEqual(toWords(packed('bfloat16', values, 7)));
      expect(unpackedTensor(halves, 'bfloat16', [1999]).dataSync()).toEqual(
        unpacked(packed('bfloat16', values, 7)),
      );
    });
  });
});
