import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeState,
  defineUpdateRule,
  encodeState,
  Float64Optimizer,
  lerp,
  likeParameter,
  mul,
  type OptimizerState,
  optimizerClass,
  readState,
  slotValues,
  streamState,
  sub,
} from '../src/index.ts';
import { Moments, type MomentsOptions, momentsRule, TestModel, wave } from './test-rules.ts';

/** A matrix of several blocks whose last is shorter, and a vector that is smaller than the least size. */
const shapes = { 'large/matrix': [37, 29], 'small/vector': [7] };
const size = 37 * 29;
const small = 100;

beforeEach(async () => {
  await tf.setBackend('cpu');
});
afterEach(async () => {
  expect(tf.engine().registeredVariables).toEqual({});
});
afterAll(() => tf.setBackend('cpu'));

function optimizerOf(options: MomentsOptions): InstanceType<typeof Moments> {
  return new Moments({ learningRate: 0.05, stateMinimumSize: small, ...options });
}

/** Trains a fresh model. @returns its values and the state in the end */
async function trained(
  options: MomentsOptions,
  steps = 5,
): Promise<{ values: Float32Array[]; state: OptimizerState; bytes: number }> {
  const model = new TestModel(shapes);
  const optimizer = optimizerOf(options);
  model.train(optimizer, 1, steps);
  const result = {
    values: await model.values(),
    state: await optimizer.state(),
    bytes: optimizer.stateBytes(),
  };
  model.dispose();
  optimizer.dispose();
  return result;
}

describe.each(['cpu', 'wasm'])('packed state on %s', (backend) => {
  it.each([
    // Two slots of codes to a whole vector of four, with a scale for each of 5 blocks; the vector's in float32.
    ['8bit', 2 * (1076 + 4 * 5) + 2 * 28],
    ['bfloat16', 2 * 2 * 1080 + 2 * 28],
    [{ momentum: '8bit' }, 1076 + 4 * 5 + 4 * size + 2 * 28],
    [{ secondMoment: 'bfloat16', momentum: 'float32' }, 2 * 1080 + 4 * size + 2 * 28],
  ] as const)('takes the bytes of %j', async (stateFormat, bytes) => {
    await tf.setBackend(backend);
    expect((await trained({ stateFormat })).bytes).toBe(bytes);
  });

  it('knows that a second moment is never negative', async () => {
    await tf.setBackend(backend);
    const { state } = await trained({ stateFormat: '8bit' });
    const { momentum, secondMoment } = state.parameters['large/matrix']!.slots;
    expect([momentum!.format, secondMoment!.format]).toEqual(['8bit-signed', '8bit-unsigned']);
    expect(state.parameters['small/vector']!.slots.momentum!.format).toBeUndefined();
  });

  it.each(['8bit', 'bfloat16'] as const)(
    'resumes %s bit for bit from every form of saved state',
    async (stateFormat) => {
      await tf.setBackend(backend);
      const options = { stateFormat, averageDecay: 0.9 };
      const whole = await trained(options, 6);
      const stream = async (state: OptimizerState): Promise<OptimizerState> => {
        const pieces: BlobPart[] = [];
        for await (const piece of streamState(state)) pieces.push(piece as BlobPart);
        return readState(new Blob(pieces));
      };
      const forms: ((state: OptimizerState) => OptimizerState | Promise<OptimizerState>)[] = [
        (state) => state,
        (state) => JSON.parse(JSON.stringify(state)) as OptimizerState,
        (state) => decodeState(encodeState(state)),
        stream,
      ];
      for (const form of forms) {
        const model = new TestModel(shapes);
        const first = optimizerOf(options);
        model.train(first, 1, 3);
        const resumed = optimizerOf(options);
        await resumed.loadState(await form(await first.state()));
        model.train(resumed, 4, 6);
        expect(await model.values()).toEqual(whole.values);
        expect(encodeState(await resumed.state())).toEqual(encodeState(whole.state));
        expect(resumed.stateReport().convertedSlots).toEqual({});
        for (const each of [model, first, resumed]) each.dispose();
      }
      const model = new TestModel(shapes);
      const first = optimizerOf(options);
      model.train(first, 1, 3);
      const resumed = optimizerOf(options);
      await resumed.setWeights(await first.getWeights());
      // What waits is saved again as it came.
      await resumed.setWeights(await resumed.getWeights());
      model.train(resumed, 4, 6);
      expect(encodeState(await resumed.state())).toEqual(encodeState(whole.state));
      for (const each of [model, first, resumed]) each.dispose();
    },
  );

  it('converts saved state to another format, and says so', async () => {
    await tf.setBackend(backend);
    const model = new TestModel(shapes);
    const formats = ['float32', '8bit', 'bfloat16', '8bit', 'float32'] as const;
    let saved: OptimizerState | undefined;
    let before = new Float32Array();
    for (const [index, stateFormat] of formats.entries()) {
      const optimizer = optimizerOf({ stateFormat });
      if (saved !== undefined) {
        await optimizer.loadState(saved);
        optimizer.claimState(model.variables);
        expect(optimizer.stateReport().convertedSlots).toEqual({
          'large/matrix': ['momentum', 'secondMoment'],
        });
        const { momentum } = (await optimizer.state()).parameters['large/matrix']!.slots;
        const largest = before.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        // Half of the widest part of the map, relative to the largest element of a block.
        for (const [element, x] of slotValues(momentum!).entries()) {
          expect(Math.abs(x - before[element]!)).toBeLessThanOrEqual(0.0071 * largest);
        }
      }
      model.train(optimizer, 2 * index + 1, 2 * index + 2);
      saved = await optimizer.state();
      before = slotValues(saved.parameters['large/matrix']!.slots.momentum!).slice();
      optimizer.dispose();
    }
    model.dispose();
  });

  it.each(['8bit', 'bfloat16'] as const)('agrees with float64 in %s', async (stateFormat) => {
    await tf.setBackend(backend);
    const model = new TestModel(shapes);
    const optimizer = optimizerOf({ stateFormat, cautious: 'mean', clipValue: 0.9 });
    const reference = new Float64Optimizer(
      [{ rule: momentsRule as never, options: { learningRate: 0.05, stateFormat, stateMinimumSize: small } }],
      { cautious: 'mean', clipValue: 0.9 },
    );
    const initial = await model.values();
    for (const [index, { name, shape, size: elements }] of model.variables.entries()) {
      reference.add({ name, shape, size: elements }, initial[index]!);
    }
    const gradients = new Map<string, Float32Array>();
    optimizer.addStepHook({
      beforeStep: (event) => {
        for (const { name, tensor } of event.gradients)
          gradients.set(name, tensor.dataSync().slice() as Float32Array);
      },
    });
    for (let step = 1; step <= 5; step++) {
      model.train(optimizer, step, step);
      reference.step(Object.fromEntries(gradients));
    }
    const { parameters } = await optimizer.state();
    const values = await model.values();
    for (const [index, { name }] of model.variables.entries()) {
      const apart = (actual: ArrayLike<number>, expected: Float64Array, allowed: number): number => {
        const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        return Array.from(actual).filter((x, i) => Math.abs(x - expected[i]!) > allowed * scale).length;
      };
      // An element whose place between two codes differs by the rounding of float32 may take the other one: one in ten thousand or so.
      expect(apart(values[index]!, reference.value(name), 1e-5)).toBeLessThanOrEqual(3);
      for (const [slot, expected] of Object.entries(reference.slots(name))) {
        expect(apart(slotValues(parameters[name]!.slots[slot]!), expected, 1e-5)).toBeLessThanOrEqual(3);
      }
    }
    model.dispose();
    optimizer.dispose();
  });

  it('leaves the state of a step that fails as it was', async () => {
    await tf.setBackend(backend);
    const model = new TestModel(shapes);
    const optimizer = optimizerOf({ stateFormat: '8bit' });
    model.train(optimizer, 1, 2);
    const before = encodeState(await optimizer.state());
    const remove = optimizer.addStepHook({
      beforeStep: () => {
        throw new Error('not now');
      },
    });
    expect(() => model.train(optimizer, 3, 3)).toThrow('not now');
    expect(encodeState(await optimizer.state())).toEqual(before);
    remove();
    const tensors = tf.memory().numTensors;
    model.train(optimizer, 3, 5);
    expect(tf.memory().numTensors).toBe(tensors);
    optimizer.dispose();
    model.dispose();
  });

  it('spreads NaN over a block, and no further', async () => {
    await tf.setBackend(backend);
    const variable = tf.variable(tf.zeros([700]), true, 'weight');
    const optimizer = optimizerOf({ stateFormat: '8bit' });
    const gradient = wave(700, 1);
    gradient[300] = Number.NaN;
    tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(gradient) }));
    tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d(wave(700, 2)) }));
    const values = await variable.data();
    for (const [index, x] of values.entries()) expect(Number.isNaN(x)).toBe(index >= 256 && index < 512);
    optimizer.dispose();
    variable.dispose();
  });
});

it('saves a slot as it is packed when the next step will drop it', async () => {
  const rule = defineUpdateRule({
    name: 'fading',
    title: 'Fading',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: {
      learningRate: { default: 0.1, minimum: 0, description: 'Step size' },
      beta: { default: 0.9, minimum: 0, below: 1, description: 'Decay' },
    },
    slots: ({ constant }) => (constant('beta') === 0 ? {} : { momentum: likeParameter }),
    update({ parameter, gradient, momentum }, { learningRate, beta }, { constant }) {
      if (constant('beta') === 0) return { parameter: sub(parameter, mul(learningRate, gradient)) };
      const next = lerp(gradient, momentum!, beta);
      return { parameter: sub(parameter, mul(learningRate, next)), momentum: next };
    },
  });
  const Fading = optimizerClass(rule, 'SteepestTestFading');
  const model = new TestModel(shapes);
  const optimizer = new Fading({ stateFormat: '8bit', stateMinimumSize: small });
  model.train(optimizer, 1, 2);
  const before = await optimizer.state();
  optimizer.setHyperparameter('beta', 0);
  const { slots } = (await optimizer.state()).parameters['large/matrix']!;
  expect(slots).toEqual(before.parameters['large/matrix']!.slots);
  expect(slots.momentum!.format).toBe('8bit-signed');
  model.train(optimizer, 3, 3);
  expect(optimizer.stateBytes()).toBe(0);
  optimizer.dispose();
  model.dispose();
});

it('keeps a basis in float32, also where the parameter happens to have its shape', async () => {
  const rule = defineUpdateRule({
    name: 'rotating',
    title: 'Rotating',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 0.1, minimum: 0, description: 'Step size' } },
    slots: ({ parameter: { shape } }) => ({
      momentum: likeParameter,
      basis: { shape: [shape[0]!, shape[0]!], initial: 0.3 },
    }),
    update({ parameter, gradient, momentum, basis }, { learningRate }) {
      const next = lerp(gradient, momentum!, 0.5);
      return { parameter: sub(parameter, mul(learningRate, next)), momentum: next, basis: mul(2, basis!) };
    },
  });
  const Rotating = optimizerClass(rule, 'SteepestTestRotating');
  for (const columns of [16, 20]) {
    const model = new TestModel({ matrix: [16, columns] });
    const optimizer = new Rotating({ stateFormat: '8bit', stateMinimumSize: small });
    model.train(optimizer, 1, 1);
    const { momentum, basis } = (await optimizer.state()).parameters.matrix!.slots;
    expect([momentum!.format, basis!.format]).toEqual(['8bit-signed', undefined]);
    expect(basis!.data[0]).toBe(Math.fround(0.6));
    optimizer.dispose();
    model.dispose();
  }
});

describe('an option of packed state is refused', () => {
  it.each<[MomentsOptions, string]>([
    [
      { stateFormat: '16bit' as never },
      `moments: stateFormat must be one of 'float32', 'bfloat16', '8bit', or one for each slot by name, got "16bit" (string)`,
    ],
    [
      { stateFormat: { momentun: '8bit' } },
      'moments: stateFormat names the slot "momentun", which moments does not keep; did you mean "momentum"?',
    ],
    [
      { stateFormat: { momentum: 8 as never } },
      "moments: stateFormat.momentum must be one of 'float32', 'bfloat16', '8bit', got 8",
    ],
    [{ stateMinimumSize: 0 }, 'moments: stateMinimumSize must be a whole number of at least 1, got 0'],
  ])('%j', (options, message) => {
    expect(() => new Moments(options)).toThrow(new Error(message));
  });

  it('where a step would round what it has to leave alone', () => {
    const model = new TestModel(shapes);
    for (const [options, what] of [
      [{ lazyRows: '**/matrix' }, 'lazyRows'],
      [{ gradientFilter: { kind: 'window', size: 2 } }, 'a window of gradients'],
    ] as const) {
      const optimizer = optimizerOf({ stateFormat: '8bit', ...options });
      expect(() => model.train(optimizer, 1, 1)).toThrow(
        `stateFormat '8bit' cannot hold for "large/matrix" under "moments" with ${what}`,
      );
      const fine = optimizerOf({ stateFormat: 'bfloat16', ...options });
      model.train(fine, 1, 3);
      for (const each of [optimizer, fine]) each.dispose();
    }
    model.dispose();
  });
});
