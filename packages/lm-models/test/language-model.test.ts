import { decodeSafetensors, encodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createLanguageModel,
  type LanguageModel,
  type LanguageModelOptions,
  loadLanguageModel,
  modelConfig,
  parameterDescriptions,
} from '../src/index.ts';
import { initialWeights } from '../src/initialization.ts';

const tiny = { modelWidth: 16, layers: 2, heads: 2, vocabularySize: 20, contextLength: 8 };
const alive: LanguageModel[] = [];
const make = (options: Partial<LanguageModelOptions> = {}) => {
  const model = createLanguageModel({ ...tiny, seed: 1, ...options });
  alive.push(model);
  return model;
};
afterEach(() => {
  for (const model of alive.splice(0)) model.dispose();
});
const batch = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');

describe('options', () => {
  const bad: [object, string][] = [
    [{ modelWdith: 16 }, 'unknown option "modelWdith" of a language model, did you mean "modelWidth"?'],
    [{ size: 'nanno' }, 'did you mean "nano"?'],
    [{ seed: -1 }, 'seed must be a whole number from 0 to 4294967295, got -1'],
    [{ heads: 3 }, 'got modelWidth 16 and heads 3'],
    [{ layers: 0 }, 'layers must be a whole number of at least 1, got 0'],
    [{ qkNorm: 'yes' }, 'qkNorm must be true or false, got "yes" (string)'],
    [{ zLoss: -1 }, 'zLoss must be true, false or a finite number of at least 0, got -1'],
    [{ activation: 'gelo' }, 'did you mean "gelu"?'],
    [{ scope: '' }, 'scope must be a text of at least one character'],
  ];
  it.each(bad)('%j is rejected by name', (options, message) => {
    expect(() => make(options)).toThrow(message);
  });

  it('must name a size or the whole shape', () => {
    expect(() => createLanguageModel({ seed: 1, layers: 2 })).toThrow('modelWidth must be given');
  });

  it('turn booleans of zLoss into the weight of the paper, and a changed shape into a custom size', () => {
    expect(modelConfig({ size: 'nano', seed: 1 })).toMatchObject({ size: 'nano', zLoss: 1e-4 });
    expect(modelConfig({ size: 'nano', seed: 1, zLoss: false, contextLength: 32 })).toMatchObject({
      size: 'nano',
      zLoss: 0,
    });
    expect(modelConfig({ size: 'nano', seed: 1, modelWidth: 32 })).toMatchObject({
      size: 'custom',
      mlpWidth: 128,
    });
  });
});

describe('variables', () => {
  it('have readable paths and roles', () => {
    const roles = Object.fromEntries(make({ layers: 1 }).variables.map(({ path, role }) => [path, role]));
    expect(roles).toEqual({
      'embedding/weight': 'embedding',
      'blocks/0/attention/norm/weight': 'norm',
      'blocks/0/attention/qkv/weight': 'attention',
      'blocks/0/attention/qNorm/weight': 'norm',
      'blocks/0/attention/kNorm/weight': 'norm',
      'blocks/0/attention/out/weight': 'attention',
      'blocks/0/mlp/norm/weight': 'norm',
      'blocks/0/mlp/up/weight': 'mlp',
      'blocks/0/mlp/down/weight': 'mlp',
      'norm/weight': 'norm',
      'head/weight': 'lastLayer',
    });
  });

  it('hold as many elements as parameterCount says', () => {
    const model = make();
    expect(model.variables.reduce((sum, { size }) => sum + size, 0)).toBe(model.parameterCount());
  });

  it('of a second model need a scope, and the error says so and leaves nothing behind', () => {
    make();
    const before = tf.memory().numTensors;
    expect(() => make()).toThrow('a variable named "embedding/weight" exists already');
    expect(tf.memory().numTensors).toBe(before);
    expect(make({ scope: 'second' }).variables[0]!.name).toBe('second/embedding/weight');
  });
});

describe('first weights', () => {
  it('repeat with the seed, differ between seeds and variables, and ignore toggles', async () => {
    const first = make();
    const data = async (model: LanguageModel) =>
      Promise.all(model.variables.map(async (v) => [v.path, await v.data()] as const));
    const weights = new Map(await data(first));
    first.dispose();
    expect(new Map(await data(make({ scope: 'again' })))).toEqual(weights);
    for (const [path, values] of await data(make({ scope: 'tied', qkNorm: false, tieEmbeddings: true }))) {
      expect(values).toEqual(weights.get(path));
    }
    const other = new Map(await data(make({ scope: 'other', seed: 2 })));
    expect(other.get('head/weight')).not.toEqual(weights.get('head/weight'));
    expect(weights.get('head/weight')).not.toEqual(weights.get('embedding/weight'));
    alive.shift();
  });

  it('are normal numbers cut at 3 standard deviations of 1/sqrt(fan-in), shrunk in output projections', () => {
    const config = modelConfig({ size: 'micro', seed: 5 });
    const expected: [string, number][] = [
      ['embedding/weight', 1 / Math.sqrt(128)],
      ['blocks/1/attention/qkv/weight', 1 / Math.sqrt(128)],
      ['blocks/1/mlp/up/weight', 1 / Math.sqrt(128)],
      ['head/weight', 1 / Math.sqrt(128)],
      ['blocks/0/attention/out/weight', 1 / Math.sqrt(128) / Math.sqrt(2)],
      ['blocks/3/mlp/down/weight', 1 / Math.sqrt(512) / Math.sqrt(8)],
    ];
    for (const [path, deviation] of expected) {
      const parameter = parameterDescriptions(config).find((p) => p.path === path)!;
      const weights = initialWeights(parameter, 5);
      const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
      const spread = Math.sqrt(weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / weights.length);
      // A normal cut at 3 has standard deviation 0.98658; the sample's is within 4 / sqrt(2 n) of it.
      expect(Math.abs(spread / deviation / 0.98658 - 1)).toBeLessThan(4 / Math.sqrt(2 * weights.length));
      expect(Math.abs(mean / deviation)).toBeLessThan(4 / Math.sqrt(weights.length));
      // Rounding to float32 may pass the bound by half a unit.
      expect(weights.reduce((largest, w) => Math.max(largest, Math.abs(w)), 0)).toBeLessThanOrEqual(
        3 * deviation * (1 + 1e-7),
      );
    }
  });
});

describe('first weights over seeds', () => {
  // Erf by Abramowitz and Stegun 7.1.26, within 1.5e-7.
  const cumulative = (x: number) => {
    const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
    const series =
      ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    const erf = 1 - series * Math.exp((-x * x) / 2);
    return 0.5 * (1 + Math.sign(x) * erf);
  };
  const [lowest, highest] = [cumulative(-3), cumulative(3)];

  it('are distributed as over places: the first four weights of 20,000 seeds', () => {
    const parameter = { path: 'head/weight', role: 'lastLayer', shape: [4], standardDeviation: 1 } as const;
    const counts = Array.from({ length: 4 }, () => new Array<number>(20).fill(0));
    for (let seed = 0; seed < 20_000; seed++) {
      for (const [place, weight] of initialWeights(parameter, seed).entries()) {
        const uniform = (cumulative(weight) - lowest) / (highest - lowest);
        counts[place]![Math.min(19, Math.floor(20 * uniform))]!++;
      }
    }
    for (const [place, histogram] of counts.entries()) {
      const chiSquare = histogram.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
      // Of 19 degrees of freedom: above this once in 10^4.
      expect(chiSquare, `place ${place}`).toBeLessThan(50.8);
    }
  });

  it('of neighboring seeds and of other paths are not correlated', () => {
    const stream = (path: string, seed: number) =>
      initialWeights({ path, role: 'mlp', shape: [20_000], standardDeviation: 1 }, seed);
    const streams = [
      ...[0, 1, 2, 3, 256, 2 ** 31].map((seed) => stream('blocks/0/mlp/up/weight', seed)),
      stream('blocks/1/mlp/up/weight', 0),
      stream('blocks/0/mlp/down/weight', 0),
    ];
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(i + 1)) {
        const correlation = a.reduce((sum, x, k) => sum + x * b[k]!, 0) / a.length;
        // 4.3 standard errors of the correlation of independent numbers.
        expect(Math.abs(correlation)).toBeLessThan(4.3 / Math.sqrt(a.length));
      }
    }
  });
});

describe('the loss', () => {
  it('starts near log(vocabularySize)', async () => {
    // Logits of a fresh model have unit variance, which adds about 1/2 to log(V).
    const [loss] = await make()
      .loss(batch([[1, 2, 3, 4, 5, 6, 7, 8, 9]]))
      .crossEntropy.data();
    expect(loss).toBeGreaterThan(Math.log(20) - 1);
    expect(loss).toBeLessThan(Math.log(20) + 2);
  });

  it('of a position does not depend on later tokens', async () => {
    const model = make();
    const first = await tf.slice(model.logits(batch([[1, 2, 3, 4]])), [0, 0, 0], [1, 2, 20]).data();
    const other = await tf.slice(model.logits(batch([[1, 2, 9, 9]])), [0, 0, 0], [1, 2, 20]).data();
    expect(other).toEqual(first);
  });

  it('falls under gradient descent and leaks no tensor', async () => {
    const model = make();
    const optimizer = tf.train.adam(0.01);
    const tokens = batch([
      [1, 2, 3, 1, 2, 3, 1, 2, 3],
      [4, 5, 4, 5, 4, 5, 4, 5, 4],
    ]);
    const losses: number[] = [];
    let tensors = 0;
    for (let step = 0; step < 30; step++) {
      const cost = optimizer.minimize(() => model.loss(tokens).total, true, [
        ...model.variables,
      ]) as tf.Scalar;
      losses.push((await cost.data())[0]!);
      cost.dispose();
      if (step === 1) tensors = tf.memory().numTensors;
    }
    expect(tf.memory().numTensors).toBe(tensors);
    expect(losses.at(-1)).toBeLessThan(0.3);
    optimizer.dispose();
    tokens.dispose();
  });

  it('rejects tokens of a wrong type, rank or length', () => {
    const model = make();
    expect(() => model.loss(tf.tensor2d([[1, 2]]))).toThrow('got float32 [1,2]');
    expect(() => model.logits(tf.tensor1d([1], 'int32') as never)).toThrow('int32 [1]');
    expect(() => model.loss(batch([[1]]))).toThrow('2 to 9 columns (contextLength 8), got [1,1]');
    expect(() => model.logits(tf.zeros([1, 9], 'int32') as tf.Tensor2D)).toThrow('got [1,9]');
  });

  it('names a token outside the vocabulary, read or predicted', () => {
    const model = make();
    const message = "token 20 is outside the model's vocabulary: ids go from 0 to 19";
    expect(() => model.logits(batch([[1, 20]]))).toThrow(message);
    expect(() => model.loss(batch([[20, 1]]))).toThrow(message);
    expect(() => model.loss(batch([[1, 20]]))).toThrow(message);
    expect(() => tf.variableGrads(() => model.loss(batch([[1, 20]])).total)).toThrow(message);
    // The error leaves the engine as it was: gradients still work.
    expect(Object.keys(tf.variableGrads(() => model.loss(batch([[1, 2]])).total).grads)).toHaveLength(19);
  });

  it('frees everything on dispose', () => {
    const before = tf.memory().numTensors;
    const model = createLanguageModel({ ...tiny, seed: 1 });
    tf.dispose({ ...model.loss(batch([[1, 2, 3]])) });
    model.dispose();
    expect(tf.memory().numTensors - before).toBe(1); // the batch of this test
  });
});

describe('checkpoints', () => {
  it('bring back weights and configuration, in any scope', async () => {
    const model = make({ qkNorm: false, zLoss: 0.5, activation: 'silu', scope: 'one' });
    const bytes = await model.save();
    const copy = loadLanguageModel(bytes, { scope: 'two' });
    alive.push(copy);
    expect(copy.config).toEqual(model.config);
    const tokens = batch([[3, 1, 4, 1, 5]]);
    expect(await copy.loss(tokens).total.data()).toEqual(await model.loss(tokens).total.data());
    expect(await copy.save()).toEqual(bytes);
  });

  it('change nothing where memory ends in the middle', async () => {
    const model = make();
    const other = await make({ scope: 'other', seed: 5 }).save();
    const before = await model.save();
    const { numTensors } = tf.memory();
    const backend = tf.backend() as tf.KernelBackend & { write: (...values: unknown[]) => object };
    const { write } = backend;
    let left = 3;
    const spy = vi.spyOn(backend, 'write').mockImplementation((...values) => {
      if (left-- === 0) throw new RangeError('no memory left');
      return write.apply(backend, values);
    });
    expect(() => model.load(other)).toThrow('no memory left');
    spy.mockRestore();
    expect(await model.save()).toEqual(before);
    expect(tf.memory().numTensors).toBe(numTensors);
    model.load(other);
    expect(await model.save()).not.toEqual(before);
  });

  it('name the variable and both shapes when they do not fit, and change nothing', async () => {
    const model = make();
    const before = await model.save();
    const { tensors } = decodeSafetensors(before);
    const path = 'blocks/1/mlp/up/weight';
    const { [path]: up, ...rest } = tensors;
    const reshaped = { ...tensors, [path]: { ...up!, shape: [16, 64] } };
    expect(() => model.load(encodeSafetensors(rest))).toThrow(`"${path}" of shape [64,16] is missing`);
    expect(() => model.load(encodeSafetensors(reshaped))).toThrow(
      `"${path}" has shape [16,64], the model needs [64,16]`,
    );
    expect(() => model.load(encodeSafetensors({ ...tensors, extra: up! }))).toThrow(
      '"extra" of shape [64,16] is not a variable of this model',
    );
    const integers = { ...up!, dtype: 'I32' as const, data: new Int32Array(64 * 16) };
    expect(() => model.load(encodeSafetensors({ ...tensors, [path]: integers }))).toThrow('is I32');
    expect(await model.save()).toEqual(before);
  });

  it('of a model with other heads or activation are refused', async () => {
    const bytes = await make({ scope: 'saved' }).save();
    expect(() => make({ heads: 4 }).load(bytes)).toThrow('saved with heads 2, the model has heads 4');
  });

  it('without a configuration cannot make a model', async () => {
    const { tensors } = decodeSafetensors(await make().save());
    expect(() => loadLanguageModel(encodeSafetensors(tensors))).toThrow('has no "steepest.model"');
  });
});
