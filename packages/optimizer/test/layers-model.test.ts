import { constant, cosine, join } from '@steepest/lr-schedules';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Moments, type MomentsOptions, wave } from './test-rules.ts';

const inputs = tf.tensor2d(wave(24, 1), [8, 3]);
const targets = tf.tensor2d(wave(16, 2), [8, 2]);

/** Everything a saved configuration may hold: schedules, groups, patterns, strings in snake and camel case. */
const rich: MomentsOptions = {
  learningRate: cosine({ peak: 0.1, totalSteps: 40, warmupSteps: 3 }),
  beta2: join([{ until: 4, schedule: constant(0.9) }, { schedule: constant(0.95) }]),
  flavour: 'otherFlavour',
  weightDecay: 0.1,
  weightDecayMode: 'independent',
  clipGlobalNorm: 0.7,
  groups: [
    { match: { anyOf: ['**/bias', { name: 'no_such/camelCase_name' }] }, weightDecay: 0, learningRate: 0.02 },
    { match: 'snake_case/*', flavour: 'plain_flavour', trainable: false },
  ],
};

function newModel(): tf.LayersModel {
  const dense = (units: number, phase: number) => {
    const kernelInitializer = tf.initializers.constant({ value: 0.1 * phase });
    // One name in every model, to whose weights tfjs appends a number: bfloat16 is rounded by names.
    return tf.layers.dense({ units, kernelInitializer, activation: 'tanh', name: `layer${phase}` });
  };
  const input = tf.input({ shape: [3] });
  const output = dense(2, 2).apply(dense(4, 1).apply(input)) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

function compile(model: tf.LayersModel, optimizer: tf.Optimizer): tf.LayersModel {
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

async function fit(model: tf.LayersModel, epochs: number): Promise<void> {
  await model.fit(inputs, targets, { epochs, batchSize: 4, shuffle: false, verbose: 0 });
}

async function saved(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let kept: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    kept = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler, { includeOptimizer: true });
  return kept!;
}

async function weights(model: tf.LayersModel): Promise<Float32Array[]> {
  return Promise.all(model.getWeights().map(async (weight) => (await weight.data()).slice() as Float32Array));
}

describe('a LayersModel', () => {
  it.each<[string, MomentsOptions]>([
    ['float32', rich],
    ['bfloat16', { ...rich, stateFormat: 'bfloat16', stateMinimumSize: 1 }],
    ['8bit', { ...rich, stateFormat: '8bit', stateMinimumSize: 1 }],
  ])(
    'saved and loaded between two fits continues in %s as if it had not been, bit for bit',
    async (_, options) => {
      const uninterrupted = compile(newModel(), new Moments(options));
      await fit(uninterrupted, 6);

      const original = compile(newModel(), new Moments(options));
      await fit(original, 2);
      const first = await tf.loadLayersModel(tf.io.fromMemory(await saved(original)));
      await fit(first, 2);
      // A second generation, beside the first: tfjs has given every variable another suffix by now.
      const second = await tf.loadLayersModel(tf.io.fromMemory(await saved(first)));
      await fit(second, 2);
      expect((second.optimizer as InstanceType<typeof Moments>).iterations).toBe(12);
      expect(await weights(second)).toEqual(await weights(uninterrupted));
    },
  );

  it('is loaded with the options it was saved with', async () => {
    const original = compile(newModel(), new Moments(rich));
    await fit(original, 1);
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(await saved(original)));
    expect(loaded.optimizer).toBeInstanceOf(tf.Optimizer);
    expect(loaded.optimizer.getClassName()).toBe('SteepestTestMoments');
    expect(loaded.optimizer.getConfig()).toEqual(new Moments(rich).getConfig());
  });
});

describe('a configuration', () => {
  it('follows the hyperparameters that were replaced', () => {
    const optimizer = new Moments({ learningRate: 0.1, groups: [{ match: '*', beta1: 0.5 }] });
    optimizer.setHyperparameter('beta2', 0.5);
    optimizer.setHyperparameter('beta1', 0.25, 0);
    expect(optimizer.getConfig()).toEqual(
      new Moments({ learningRate: 0.1, beta2: 0.5, groups: [{ match: '*', beta1: 0.25 }] }).getConfig(),
    );
  });

  it('cannot hold a plain function, and says what to use instead', () => {
    expect(() => new Moments({ learningRate: (step) => 1 / step }).getConfig()).toThrow(
      'moments.learningRate is a plain function, which cannot be saved; ' +
        'use a schedule of @steepest/lr-schedules, or a pattern for match',
    );
    expect(() => new Moments({ groups: [{ match: () => true }] }).getConfig()).toThrow(
      'moments.groups[0].match is a plain function, which cannot be saved',
    );
  });

  it('with a schedule needs the package of schedules to be loaded again', () => {
    const key = Symbol.for('@steepest/lr-schedules');
    const registry = globalThis as Record<symbol, unknown>;
    const reviver = registry[key];
    delete registry[key];
    expect(() => Moments.fromConfig(Moments as never, new Moments(rich).getConfig())).toThrow(
      'the saved options hold a schedule: import @steepest/lr-schedules before loading them',
    );
    registry[key] = reviver;
  });
});
