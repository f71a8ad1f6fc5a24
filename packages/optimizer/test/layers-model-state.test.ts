import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Moments } from './test-rules.ts';

const inputs = tf.tensor2d([0, 0, 0, 1, 1, 0, 1, 1], [4, 2]);
const targets = tf.tensor2d([0, 1, 1, 2], [4, 1]);
const options = { learningRate: 0.05, groups: [{ match: '**/bias', learningRate: 0.01 }] };

/** A model whose layers have names of their own, so that tfjs makes the names of its variables unique. */
function build(prefix: string, optimizer: tf.Optimizer = new Moments(options)): tf.LayersModel {
  const dense = (name: string, units: number, inputShape?: number[]) =>
    tf.layers.dense({
      name: `${prefix}${name}`,
      units,
      kernelInitializer: tf.initializers.constant({ value: 0.5 }),
      ...(inputShape === undefined ? {} : { inputShape }),
    });
  const model = tf.sequential({ layers: [dense('First', 2, [2]), dense('Last', 1)] });
  model.compile({ loss: 'meanSquaredError', optimizer });
  return model;
}

async function fit(model: tf.LayersModel, epochs: number, factor = 1): Promise<void> {
  const scaled = tf.mul(targets, factor);
  await model.fit(inputs, scaled, { epochs, batchSize: 4, shuffle: false, verbose: 0 });
  scaled.dispose();
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

const loaded = (artifacts: tf.io.ModelArtifacts) => tf.loadLayersModel(tf.io.fromMemory(artifacts));
const values = (model: tf.LayersModel) => model.getWeights().map((weight) => Array.from(weight.dataSync()));
const stateNames = ({ weightSpecs }: tf.io.ModelArtifacts) =>
  weightSpecs!.filter(({ group }) => group === 'optimizer').map(({ name }) => name);

describe('a LayersModel', () => {
  it('that is loaded and saved again before it trains still holds the state of its optimizer', async () => {
    const whole = build('again');
    await fit(whole, 4);
    const half = build('again');
    await fit(half, 2);
    const first = await saved(half);
    const second = await saved(await loaded(await saved(await loaded(first))));
    expect(stateNames(second)).toEqual(stateNames(first));
    expect(second.weightData).toEqual(first.weightData);
    const resumed = await loaded(second);
    await fit(resumed, 2);
    expect(values(resumed)).toEqual(values(whole));
  });

  it('whose layer is frozen after loading keeps that layer’s state in every file, and thaws with it', async () => {
    const whole = build('frozen');
    await fit(whole, 4);
    const half = build('frozen');
    await fit(half, 2);
    const other = await loaded(await saved(half));
    other.layers[0]!.trainable = false;
    other.compile({ loss: 'meanSquaredError', optimizer: other.optimizer });
    const frozen = () => other.layers[0]!.getWeights().map((weight) => Array.from(weight.dataSync()));
    const before = frozen();
    await fit(other, 1);
    expect(frozen()).toEqual(before);
    expect(stateNames(await saved(other)).filter((name) => name.endsWith('/step'))).toHaveLength(4);

    const thawed = await loaded(await saved(half));
    thawed.layers[0]!.trainable = false;
    thawed.compile({ loss: 'meanSquaredError', optimizer: thawed.optimizer });
    const again = await loaded(await saved(thawed));
    again.layers[0]!.trainable = true;
    again.compile({ loss: 'meanSquaredError', optimizer: again.optimizer });
    await fit(again, 2);
    expect(values(again)).toEqual(values(whole));
  });

  it('of a builder called again continues with its own state, not that of the model before', async () => {
    const optimizer = new Moments(options);
    const first = build('fold', optimizer);
    await fit(first, 3, 100);
    first.dispose();
    const second = build('fold', optimizer);
    await fit(second, 3);
    const artifacts = await saved(second);
    expect(stateNames(artifacts).every((name) => name === 'iter' || /_1\/[a-zA-Z]+$/.test(name))).toBe(true);
    await fit(second, 1);
    const resumed = await loaded(artifacts);
    await fit(resumed, 1);
    expect(values(resumed)).toEqual(values(second));
  });

  it('is not saved with the state of another model of its builder under names that only tfjs tells apart', async () => {
    const optimizer = new Moments(options);
    const [first, second] = [build('twins', optimizer), build('twins', optimizer)];
    await fit(first, 1);
    await fit(second, 1);
    await expect(saved(second)).rejects.toThrow(
      'moments trains two models of one builder, with "twinsFirst/bias" and "twinsFirst/bias_1": a model\'s file cannot tell ' +
        'whose state is whose; give each model an optimizer of its own, or dispose the other model',
    );
    expect(Object.keys((await optimizer.state()).parameters)).toHaveLength(8);
    first.dispose();
    expect(stateNames(await saved(second)).filter((name) => name.endsWith('/step'))).toHaveLength(4);
  });

  it('is loaded twice from one file, and both continue as the one that was saved', async () => {
    const whole = build('pair');
    await fit(whole, 2);
    const artifacts = await saved(whole);
    const [one, other] = [await loaded(artifacts), await loaded(artifacts)];
    await fit(whole, 2);
    for (const model of [one, other]) {
      await fit(model, 2);
      expect(values(model)).toEqual(values(whole));
    }
  });

  it.each([
    ['beside the model that was saved', 'head', false, true],
    ['after the model that was saved is gone', 'goneHead', true, true],
    ['over a frozen body', 'headAlone', false, false],
  ])('whose head is replaced by a layer of its name and shape starts that fresh, %s', async (...row) => {
    const [, prefix, gone, trainable] = row;
    const original = build(prefix);
    await fit(original, 3);
    const artifacts = await saved(original);
    if (gone) original.dispose();
    const body = await loaded(artifacts);
    const head = tf.layers.dense({ name: `${prefix}Last`, units: 1 });
    body.layers[0]!.trainable = trainable;
    const model = tf.sequential({ layers: [body.layers[0]!, head] });
    const optimizer = body.optimizer as InstanceType<typeof Moments>;
    model.compile({ loss: 'meanSquaredError', optimizer });
    await fit(model, 1);

    const state = await optimizer.state();
    const stepsOf = (layer: tf.layers.Layer) =>
      layer.trainableWeights.map((weight) => state.parameters[(weight.read() as tf.Variable).name]!.step);
    expect(stepsOf(head)).toEqual([1, 1]);
    expect(stepsOf(body.layers[0]!)).toEqual(trainable ? [4, 4] : []);
    const replaced = [`${prefix}Last/bias`, `${prefix}Last/kernel`];
    expect(replaced.map((name) => state.parameters[name]!.step)).toEqual([3, 3]);

    await expect(saved(model)).rejects.toThrow(
      `keeps the state of "${prefix}Last/bias", which was loaded and not taken up`,
    );
    for (const name of replaced) optimizer.dropState(name);
    const names = stateNames(await saved(model));
    expect(names.filter((name) => name.endsWith('/step'))).toHaveLength(4);
  });

  it('is saved in the middle of an accumulation, and completes it after loading', async () => {
    const newOptimizer = () => new Moments({ learningRate: 0.05, accumulationSteps: 2, averageDecay: 0.5 });
    const whole = build('micro', newOptimizer());
    await fit(whole, 3);
    const resumed = await loaded(await saved(await loaded(await saved(whole))));
    await fit(whole, 3);
    await fit(resumed, 3);
    expect(values(resumed)).toEqual(values(whole));
    expect((resumed.optimizer as InstanceType<typeof Moments>).iterations).toBe(3);
  });

  it('swaps in its average before it trains, once it is known whose that is', async () => {
    const original = build('average', new Moments({ learningRate: 0.05, averageDecay: 0.5 }));
    await fit(original, 3);
    const model = await loaded(await saved(original));
    const optimizer = model.optimizer as InstanceType<typeof Moments>;
    const training = values(original);
    expect(() => optimizer.swapInAverage()).toThrow(
      'may be that of "averageFirst/bias", "averageFirst/bias_1": call claimState with the variables of the model first',
    );
    optimizer.claimState(model.trainableWeights.map((weight) => weight.read() as tf.Variable));
    optimizer.swapInAverage();
    expect(values(original)).toEqual(training);
    const average = values(model);
    expect(average).not.toEqual(training);
    (original.optimizer as InstanceType<typeof Moments>).swapInAverage();
    expect(average).toEqual(values(original));
  });
});
