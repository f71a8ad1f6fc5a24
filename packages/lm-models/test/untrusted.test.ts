import '@tensorflow/tfjs';
import { decodeSafetensors, encodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countParameters } from '../src/counts.ts';
import {
  createLanguageModel,
  type LanguageModel,
  loadLanguageModel,
  loadLanguageModelFrom,
  modelConfig,
} from '../src/index.ts';
import { weightBytes } from '../src/room.ts';

const tiny = { modelWidth: 16, layers: 2, heads: 2, vocabularySize: 20, contextLength: 8, seed: 1 };
const alive: LanguageModel[] = [];
const make = (options: object = {}) => {
  const model = createLanguageModel({ ...tiny, ...options });
  alive.push(model);
  return model;
};
const blobOf = (bytes: Uint8Array) => new Blob([Uint8Array.from(bytes)]);
beforeAll(() => tf.setBackend('cpu'));
afterEach(() => {
  for (const model of alive.splice(0)) model.dispose();
});

/** What the test uses of the backend in plain JavaScript. */
interface CpuBackend {
  readSync(dataId: object): Int32Array;
  makeTensorInfo(shape: number[], dtype: 'int32', values: Int32Array): tf.TensorInfo;
}

type Places = (inputs: tf.NamedTensorInfoMap, attributes: { readonly shape: number[] }) => number[];

/** Kernels that check indices on cpu, and the lengths of the axes that these are for. */
const indexed: Readonly<Record<string, Places>> = {
  GatherV2: ({ x }) => x!.shape,
  GatherNd: ({ params }) => params!.shape,
  ScatterNd: (_, { shape }) => shape,
  TensorScatterUpdate: ({ tensor }) => tensor!.shape,
};

describe('a backend that does not check indices', () => {
  beforeAll(() => {
    tf.registerBackend('unchecked', tf.findBackendFactory('cpu'));
    for (const kernel of tf.getKernelsForBackend('cpu')) {
      tf.registerKernel({ ...kernel, backendName: 'unchecked' });
    }
    // They take a neighboring place instead, as the shaders of WebGL and WebGPU do.
    for (const [name, places] of Object.entries(indexed)) {
      const { kernelFunc } = tf.getKernel(name, 'cpu');
      tf.unregisterKernel(name, 'unchecked');
      tf.registerKernel({
        kernelName: name,
        backendName: 'unchecked',
        kernelFunc: (call) => {
          const { indices } = call.inputs as { indices: tf.TensorInfo };
          const backend = call.backend as CpuBackend;
          const shape = places(call.inputs, call.attrs as { shape: number[] });
          const values = backend.readSync(indices.dataId);
          const depth = name === 'GatherV2' ? 1 : indices.shape.at(-1)!;
          const clamped = Int32Array.from(values, (index, i) =>
            Math.max(0, Math.min(index, shape[i % depth]! - 1)),
          );
          const tensor = backend.makeTensorInfo(indices.shape, 'int32', clamped);
          return kernelFunc({ ...call, inputs: { ...call.inputs, indices: tensor } });
        },
      });
    }
  });

  it('gives the numbers of the others for tokens of the vocabulary, and NaN where one is not of it', async () => {
    const rows = [
      [1, 2, 19],
      [4, 0, 5],
    ];
    const tokens = (list: number[][]) => tf.tensor2d(list, undefined, 'int32');
    const values = async (list: number[][]) => {
      const model = make();
      const { total, crossEntropy } = model.loss(tokens(list));
      const { grads } = tf.variableGrads(() => model.loss(tokens(list)).total, [...model.variables]);
      const all = [total, crossEntropy, model.logits(tokens(list)), ...Object.values(grads)];
      const numbers = (await Promise.all(all.map((tensor) => tensor.data()))).map((data) => [...data]);
      alive.pop()!.dispose();
      return numbers;
    };
    await tf.setBackend('cpu');
    const expected = await values(rows);
    await tf.setBackend('unchecked');
    expect(await values(rows)).toEqual(expected);
    for (const wrong of [20, -1, 2 ** 31 - 1]) {
      const [total, crossEntropy, logits, ...gradients] = await values([rows[0]!, [4, wrong, 5]]);
      expect([...total!, ...crossEntropy!]).toEqual([Number.NaN, Number.NaN]);
      expect(logits!.every(Number.isNaN)).toBe(true);
      for (const gradient of gradients) expect(gradient.some(Number.isNaN)).toBe(true);
    }
    await tf.setBackend('cpu');
  });
});

describe('a model that cannot fit', () => {
  it.each([
    [{ modelWidth: 2_000_000 }, /modelWidth 2000000, .* needs 384000 GB for its weights and tables alone/],
    [{ layers: 1_000_000_000 }, /layers 1000000000/],
    [{ vocabularySize: 2 ** 40 }, /vocabularySize 1099511627776/],
    [{ contextLength: 10_000_000 }, /contextLength 10000000/],
    [{ mlpWidth: 2 ** 40 }, /mlpWidth 1099511627776/],
  ])('is refused before anything is made: %j', (options, message) => {
    const before = tf.memory().numTensors;
    expect(() => make(options)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is known by the bytes of the weights that it would have', () => {
    for (const options of [{}, { qkNorm: false }, { tieEmbeddings: true, mlpWidth: 24 }]) {
      const config = modelConfig({ ...tiny, ...options });
      expect(weightBytes(config)).toBe(4 * countParameters(config).total);
    }
  });
});

describe('a checkpoint of which the metadata lies', () => {
  const lie = async (config: object | string) => {
    const bytes = await make().save();
    const { tensors, metadata } = decodeSafetensors(bytes);
    const saved = JSON.parse(metadata['steepest.model']!);
    const text = typeof config === 'string' ? config : JSON.stringify({ ...saved, ...config });
    alive.pop()!.dispose();
    return encodeSafetensors(tensors, { 'steepest.model': text });
  };

  it.each([
    [{ layers: 1_000_000_000 }, /bytes of weights, the file only \d+/],
    [{ modelWidth: 1_000_000 }, /bytes of weights, the file only \d+/],
    [{ vocabularySize: 19 }, '"embedding/weight" has shape [20,16], the model needs [19,16]'],
    [{ layers: 1 }, 'is not a variable of this model'],
    [{ layers: '2' }, 'layers must be a whole number'],
    [{ contextLength: 1e12 }, 'contextLength 1000000000000'],
    ['null', `must be a JSON object`],
    ['[]', `must be a JSON object`],
    ['{', 'is not valid JSON'],
  ])('is refused, and nothing is made: %j', async (config, message) => {
    const bytes = await lie(config);
    const before = tf.memory().numTensors;
    expect(() => loadLanguageModel(bytes)).toThrow(message);
    await expect(loadLanguageModelFrom(blobOf(bytes))).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a checkpoint in pieces', () => {
  it('has the bytes of one in whole, and is read from them in parts', async () => {
    const model = make({ scope: 'first' });
    const bytes = await model.save();
    const pieces: Uint8Array[] = [];
    for await (const piece of model.stream()) pieces.push(piece.slice());
    expect(new Uint8Array(Buffer.concat(pieces))).toEqual(bytes);
    const other = make({ scope: 'second', seed: 2 });
    await other.loadFrom(blobOf(bytes));
    expect(await other.save()).not.toEqual(bytes); // its configuration has another seed
    const same = await loadLanguageModelFrom(blobOf(bytes), { scope: 'third' });
    alive.push(same);
    expect(await same.save()).toEqual(bytes);
    expect(await other.variables[3]!.data()).toEqual(await model.variables[3]!.data());
  });

  it('that does not fit, or ends while it is read, changes nothing', async () => {
    const model = make();
    const before = await model.save();
    const other = make({ scope: 'other', layers: 1, seed: 2 });
    const wrong = await other.save();
    await expect(model.loadFrom(blobOf(wrong))).rejects.toThrow('is missing');
    const whole = await make({ scope: 'third', seed: 3 }).save();
    let reads = 0;
    const failing = {
      size: whole.length,
      read: (position: number, length: number) => {
        if (++reads > 5) throw new Error('the line is cut');
        return whole.slice(position, position + length);
      },
    };
    await expect(model.loadFrom(failing)).rejects.toThrow('the line is cut');
    expect(await model.save()).toEqual(before);
  });
});
