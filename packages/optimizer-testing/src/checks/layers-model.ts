import type * as Layers from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { assert, assertEqual, assertMoved, assertSameBits } from '../comparison.ts';
import { needing } from '../optional-packages.ts';
import type { Subject } from '../subject.ts';
import type { Values } from '../test-model.ts';

type Tfjs = typeof Layers;

/** In a form that a saved model keeps. */
const options = { weightDecay: 0.1, clipGlobalNorm: 1, groups: [{ match: '**/bias', weightDecay: 0 }] };

/** Two dense layers, with biases where the rule takes vectors. */
function newModel({ layers, input, model, initializers }: Tfjs, subject: Subject): Layers.LayersModel {
  const useBias = subject.parameters.some(({ shape }) => shape.length === 1);
  const dense = (units: number, seed: number) => {
    const kernelInitializer = initializers.randomNormal({ seed, stddev: 0.5 });
    return layers.dense({ units, kernelInitializer, useBias, activation: 'tanh' });
  };
  const inputs = input({ shape: [3] });
  const outputs = dense(2, 2).apply(dense(4, 1).apply(inputs)) as Layers.SymbolicTensor;
  return model({ inputs, outputs });
}

function compiled(model: Layers.LayersModel, optimizer: tf.Optimizer): Layers.LayersModel {
  model.compile({ optimizer: optimizer as Layers.Optimizer, loss: 'meanSquaredError' });
  return model;
}

async function fit(model: Layers.LayersModel, epochs: number): Promise<void> {
  const x = tf.tensor2d(
    Array.from({ length: 24 }, (_, index) => Math.sin(index)),
    [8, 3],
  );
  const y = tf.tensor2d(
    Array.from({ length: 16 }, (_, index) => Math.cos(index)),
    [8, 2],
  );
  await model.fit(x, y, { epochs, batchSize: 4, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
}

async function saved(model: Layers.LayersModel): Promise<tf.io.ModelArtifacts> {
  let kept: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    kept = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler, { includeOptimizer: true });
  return kept!;
}

async function weights(model: Layers.LayersModel): Promise<Values> {
  const entries = model.getWeights().map(async (weight, index) => {
    return [`weight ${index}`, (await weight.data()).slice() as Float32Array] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Frees a model and its optimizer. */
function free(model: Layers.LayersModel): void {
  const { optimizer } = model;
  model.dispose();
  optimizer.dispose();
}

/** That `compile`, `fit`, `save` and `loadLayersModel` take the optimizer for one of tfjs's own. */
export function layersModelChecks(subject: Subject): Check[] {
  const { layers } = subject.surroundings.packages;
  const claims: Record<string, (tfjs: Tfjs) => Promise<void>> = {
    'a LayersModel saved with it and loaded between two fits continues bit for bit': async (tfjs) => {
      const unbroken = compiled(newModel(tfjs, subject), subject.make(options));
      const before = await weights(unbroken);
      await fit(unbroken, 3);
      const original = compiled(newModel(tfjs, subject), subject.make(options));
      await fit(original, 1);
      const loaded = await tfjs.loadLayersModel(tf.io.fromMemory(await saved(original)));
      assert(loaded.optimizer instanceof subject.optimizer, 'the loaded optimizer is of another class');
      assertEqual(loaded.optimizer.getConfig(), original.optimizer.getConfig(), 'its options');
      await fit(loaded, 2);
      const expected = await weights(unbroken);
      assertMoved(expected, before, 'fit');
      assertSameBits(await weights(loaded), expected, 'the loaded model');
      for (const model of [unbroken, original, loaded]) free(model);
    },
    'fit holds no more tensors after more epochs, and none when all is disposed': async (tfjs) => {
      const none = tf.memory().numTensors;
      const model = compiled(newModel(tfjs, subject), subject.make(options));
      await fit(model, 2);
      const before = tf.memory().numTensors;
      await fit(model, 3);
      assertEqual(tf.memory().numTensors, before, 'tensors after three more epochs');
      free(model);
      assertEqual(tf.memory().numTensors, none, 'tensors in the end');
    },
  };
  const checks = Object.entries(claims).map(
    ([claim, run]): Check => ({
      name: subject.named(claim),
      kind: 'layers model',
      run: async () => {
        await tf.ready();
        await run((await layers.load()) as Tfjs);
      },
    }),
  );
  return needing(layers, checks);
}
