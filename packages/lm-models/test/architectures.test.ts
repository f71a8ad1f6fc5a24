import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Architecture,
  attention,
  countParameters,
  createLanguageModel,
  defineArchitecture,
  embedding,
  type LanguageModel,
  type LanguageModelOptions,
  loadLanguageModel,
  mlp,
  modelConfig,
  normalization,
  ParameterScope,
  parameterDescriptions,
} from '../src/index.ts';
import { repeatHeads } from '../src/operations/repeat-heads.ts';
import { weightBytes } from '../src/room.ts';

const tiny = { modelWidth: 16, layers: 2, heads: 4, vocabularySize: 20, contextLength: 8, seed: 1 };
const alive: LanguageModel[] = [];
const make = (options: object = {}) => {
  const model = createLanguageModel({ ...tiny, ...options });
  alive.push(model);
  return model;
};
beforeAll(() => tf.setBackend('cpu'));
afterEach(() => {
  for (const model of alive.splice(0)) model.dispose();
});

describe('architectures by name', () => {
  it('are configurations: GPT-2 and LLaMA say what distinguishes them', () => {
    expect(modelConfig({ ...tiny, architecture: 'gpt2' })).toMatchObject({
      norm: 'layerNorm',
      activation: 'geluTanh',
      positions: 'learned',
      biases: true,
      tieEmbeddings: true,
      qkNorm: false,
      zLoss: 0,
      mlpWidth: 64,
    });
    expect(modelConfig({ ...tiny, architecture: 'llama', keyValueHeads: 2 })).toMatchObject({
      norm: 'rmsNorm',
      activation: 'swiglu',
      positions: 'rotary',
      biases: false,
      tieEmbeddings: false,
      qkNorm: false,
      zLoss: 0,
      keyValueHeads: 2,
      // 8/3 of 16 is 42.7, and 48 the next multiple of 8.
      mlpWidth: 48,
    });
  });

  it('give way to the options of a model', () => {
    const config = modelConfig({
      ...tiny,
      architecture: 'llama',
      qkNorm: true,
      activation: 'geglu',
      zLoss: 0.5,
    });
    expect(config).toMatchObject({ qkNorm: true, activation: 'geglu', zLoss: 0.5, norm: 'rmsNorm' });
  });

  it.each([
    [{ architecture: 'llama2' }, 'architecture must be one of zhao2024, gpt2, llama'],
    [{ norm: 'batchNorm' }, 'norm must be one of layerNorm, rmsNorm, got "batchNorm"'],
    [{ positions: 'alibi' }, 'positions must be one of rotary, learned, got "alibi"'],
    [{ biases: 1 }, 'biases must be true or false, got 1'],
    [{ keyValueHeads: 3 }, 'keyValueHeads must divide heads, which is 4, got 3'],
    [{ keyValueHeads: 0 }, 'keyValueHeads must be a whole number of at least 1, got 0'],
    [{ modelWidth: 20, heads: 4 }, 'modelWidth must be an even multiple of heads'],
    [{ modelWidth: 18, heads: 4, positions: 'learned' }, 'modelWidth must be a multiple of heads'],
  ])('reject %o', (options, message) => {
    expect(() => modelConfig({ ...tiny, ...options } as LanguageModelOptions)).toThrow(message);
  });

  it('allow heads of odd width where no pairs are turned', () => {
    expect(modelConfig({ ...tiny, modelWidth: 12, positions: 'learned' }).modelWidth).toBe(12);
  });
});

describe('parameters', () => {
  // By hand, width d = 16, MLP m, vocabulary 20, context 8, two layers.
  it('of GPT-2 are those of Radford et al.: 12 d^2 + 13 d a block, V d + T d + 2 d beside', () => {
    const counts = countParameters(modelConfig({ ...tiny, architecture: 'gpt2' }));
    expect(counts.total).toBe(2 * (12 * 256 + 13 * 16) + 20 * 16 + 8 * 16 + 2 * 16);
    // Per block: 3 d + d of attention, 4 d + d of the MLP; 4 d of norms.
    expect(counts.byRole).toEqual({
      embedding: 28 * 16,
      lastLayer: 0,
      norm: 2 * 4 * 16 + 2 * 16,
      attention: 2 * 4 * 256,
      mlp: 2 * 8 * 256,
      bias: 2 * 9 * 16,
    });
    expect(counts.nonEmbedding).toBe(2 * 12 * 256);
  });

  it('of LLaMA with 2 of 4 key-value heads have half as wide keys and values, and three matrices in the MLP', () => {
    const config = modelConfig({ ...tiny, architecture: 'llama', keyValueHeads: 2 });
    const shapes = Object.fromEntries(parameterDescriptions(config).map(({ path, shape }) => [path, shape]));
    expect(shapes['blocks/1/attention/qkv/weight']).toEqual([32, 16]);
    expect(shapes['blocks/1/mlp/gate/weight']).toEqual([48, 16]);
    expect(shapes['blocks/1/mlp/down/weight']).toEqual([16, 48]);
    expect(countParameters(config).total).toBe(
      2 * (2 * 16 * 16 + 32 * 16 + 3 * 48 * 16) - 2 * 256 + 2 * 320 + 5 * 16,
    );
  });

  it.each(['zhao2024', 'gpt2', 'llama'])(
    'of %s take 4 bytes each, from the configuration alone',
    (architecture) => {
      for (const layers of [1, 2, 5]) {
        const config = modelConfig({ ...tiny, layers, architecture });
        expect(weightBytes(config)).toBe(4 * countParameters(config).total);
      }
      // Counted without building a trillion blocks.
      expect(weightBytes(modelConfig({ ...tiny, layers: 1e12, architecture }))).toBeGreaterThan(
        1e12 * 4 * 12 * 256,
      );
    },
  );

  it('start as they are described: biases at zero, norms at one', async () => {
    const model = make({ architecture: 'gpt2' });
    for (const variable of model.variables) {
      const values = await variable.data();
      if (variable.path.endsWith('bias')) expect(values.every((value) => value === 0)).toBe(true);
      else if (variable.role === 'norm') expect(values.every((value) => value === 1)).toBe(true);
      else expect(new Set(values).size).toBeGreaterThan(values.length / 2);
    }
  });

  it('keep the initial weights of those that other architectures have too', async () => {
    const weightsOf = async (options: object) => {
      const variable = make({ ...options, scope: `s${alive.length}` }).variables.find(
        ({ path }) => path === 'blocks/1/mlp/up/weight',
      );
      return variable!.data();
    };
    expect(await weightsOf({ architecture: 'gpt2' })).toEqual(await weightsOf({}));
  });
});

describe('grouped queries', () => {
  it('repeat each head for consecutive heads of queries', async () => {
    const repeated = repeatHeads(tf.tensor2d([[1, 2, 3, 4]]), 2, 4);
    expect(await repeated.array()).toEqual([[1, 2, 1, 2, 3, 4, 3, 4]]);
  });

  it('with as many heads as queries give the same numbers as without the option', async () => {
    const tokens = tf.tensor2d([[1, 2, 3, 4]], undefined, 'int32');
    const [a, b] = [make({ scope: 'a' }), make({ scope: 'b', keyValueHeads: 4 })];
    expect(await a.logits(tokens).data()).toEqual(await b.logits(tokens).data());
  });
});

describe('learned positions', () => {
  it('tell the same token at two places apart', async () => {
    const tokens = tf.tensor2d([[3, 3]], undefined, 'int32');
    const model = make({ architecture: 'gpt2' });
    const [first, second] = (await model.logits(tokens).array())[0]!;
    expect(first).not.toEqual(second);
  });

  it('leave the rows beyond a short sequence without a gradient', async () => {
    const model = make({ architecture: 'gpt2' });
    const tokens = tf.tensor2d([[3, 1, 4]], undefined, 'int32');
    const { grads } = tf.variableGrads(() => model.loss(tokens).total);
    const rows = (await grads['positions/weight']!.array()) as number[][];
    expect(rows.map((row) => row.some((value) => value !== 0))).toEqual([
      true,
      true,
      ...Array(6).fill(false),
    ]);
  });
});

describe('checkpoints', () => {
  it.each(['gpt2', 'llama'])('of %s make the same model again', async (architecture) => {
    const model = make({ architecture, keyValueHeads: 2 });
    const tokens = tf.tensor2d([[1, 2, 3, 4]], undefined, 'int32');
    const logits = await model.logits(tokens).data();
    const restored = loadLanguageModel(await model.save(), { scope: 'restored' });
    alive.push(restored);
    expect(restored.config).toEqual(model.config);
    expect(await restored.logits(tokens).data()).toEqual(logits);
  });

  it('of another norm are refused, though the shapes fit', async () => {
    const bytes = await make({}).save();
    expect(() => make({ norm: 'rmsNorm', scope: 'other' }).load(bytes)).toThrow(
      'checkpoint: saved with norm layerNorm, the model has norm rmsNorm',
    );
  });

  it('from before norm was an option are layer norms of zhao2024', async () => {
    const text = new TextDecoder('latin1').decode(await make({}).save());
    expect(text).toContain('\\"norm\\":\\"layerNorm\\"');
    // The same length, so that the file stays whole: the key becomes one that is ignored.
    const bytes = Uint8Array.from(text.replace('\\"norm\\"', '\\"mron\\"'), (c) => c.charCodeAt(0));
    make({ scope: 'b' }).load(bytes);
    expect(() => make({ norm: 'rmsNorm', scope: 'c' }).load(bytes)).toThrow('saved with norm layerNorm');
  });
});

describe('defineArchitecture', () => {
  const parallel: Architecture = {
    name: 'parallel',
    title: 'Parallel attention and MLP',
    source: 'Wang and Komatsuzaki 2021, GPT-J',
    build(parameters, config) {
      const { embed, head } = embedding(parameters, config);
      const norm = normalization(parameters.within('norm'), config, config.modelWidth);
      const parts = [attention(parameters.within('a'), config, 1), mlp(parameters.within('m'), config, 1)];
      return {
        decode(tokens, batch) {
          const rows = embed(tokens, batch);
          const normalized = norm(rows, batch);
          return tf.addN([rows, ...parts.map((part) => part(normalized, batch))]) as tf.Tensor2D;
        },
        project: head(),
      };
    },
  };

  it('makes an architecture of one function trainable, savable and loadable', async () => {
    defineArchitecture(parallel);
    const model = make({ architecture: 'parallel' });
    const tokens = tf.tensor2d([[1, 2, 3, 4, 5, 6]], undefined, 'int32');
    const optimizer = tf.train.adam(0.02);
    const losses = Array.from(
      { length: 10 },
      () => optimizer.minimize(() => model.loss(tokens).total, true)!.dataSync()[0]!,
    );
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
    const restored = loadLanguageModel(await model.save(), { scope: 'restored' });
    alive.push(restored);
    expect(restored.config.architecture).toBe('parallel');
  });

  it('refuses a second architecture of a name, and takes the same one again', () => {
    expect(defineArchitecture(parallel)).toBe(parallel);
    expect(() => defineArchitecture({ ...parallel })).toThrow('another architecture is called "parallel"');
  });

  it('refuses two parameters of one path', () => {
    const scope = new ParameterScope();
    scope.within('a').matrix('weight', 'mlp', 2, 2);
    expect(() => scope.matrix('a/weight', 'mlp', 2, 2)).toThrow(
      'two parameters of this architecture are called "a/weight"',
    );
  });

  it('says so when a parameter is read that no model has created', () => {
    const parameter = new ParameterScope().vector('scale', 'norm', 2, 'ones');
    expect(() => parameter.value).toThrow('scale has no value');
  });
});
