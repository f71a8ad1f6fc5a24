import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  likeParameter,
  maximum,
  mul,
  type Optimizer,
  optimizerClass,
  sign,
  sub,
} from '../src/index.ts';

/** Slots that depend on a switch, and on a hyperparameter that is 0. */
const rule = defineUpdateRule({
  name: 'switched',
  title: 'Switched',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: {
    learningRate: { default: 1, minimum: 0, description: 'Step size' },
    momentum: { default: 0, minimum: 0, below: 1, description: 'Decay of the momentum' },
  },
  settings: {
    keepLargest: {
      default: false as boolean,
      description: 'Keeps the largest gradient',
      check: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
    },
    form: {
      default: 'plain' as 'plain' | 'signed',
      description: 'Also counts signs, or not',
      choices: ['plain', 'signed'],
      check: (value) => (value === 'plain' || value === 'signed' ? undefined : 'must be plain or signed'),
    },
  },
  slots: ({ constant, settings }) => ({
    total: likeParameter,
    ...(settings.form === 'signed' ? { signs: likeParameter } : {}),
    ...(constant('momentum') === 0 ? {} : { velocity: likeParameter }),
    ...(settings.keepLargest ? { largest: likeParameter } : {}),
  }),
  update({ parameter, gradient, total, velocity, largest, signs }, { learningRate, momentum }) {
    const moved = velocity === undefined ? gradient : add(mul(momentum, velocity), gradient);
    return {
      parameter: sub(parameter, mul(learningRate, moved)),
      total: add(total!, gradient),
      ...(velocity === undefined ? {} : { velocity: moved }),
      ...(largest === undefined ? {} : { largest: maximum(largest, gradient) }),
      ...(signs === undefined ? {} : { signs: add(signs, sign(gradient)) }),
    };
  },
});
const Switched = optimizerClass(rule, 'SteepestTestSwitched');

let weight: tf.Variable;
beforeEach(() => {
  weight = tf.variable(tf.tensor1d([8]), true, 'weight');
});
afterEach(() => weight.dispose());

const step = (optimizer: Optimizer, gradient: number): void =>
  tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([gradient]) }));

/** Slots of the weight as plain numbers. */
async function slotsOf(optimizer: Optimizer): Promise<Record<string, number>> {
  const { slots } = (await optimizer.state()).parameters.weight!;
  return Object.fromEntries(Object.entries(slots).map(([name, { data }]) => [name, data[0]!]));
}

/** Two steps under some options, then others with their state. */
async function resumed(before: object, after: object): Promise<InstanceType<typeof Switched>> {
  const first = new Switched(before);
  step(first, 1);
  step(first, 2);
  const second = new Switched(after);
  await second.loadState(await first.state());
  first.dispose();
  return second;
}

describe('an option that a resumed run has switched on', () => {
  it.each<[string, object, Record<string, number>]>([
    ['keepLargest', { keepLargest: true }, { total: 6, largest: 3 }],
    ['momentum', { momentum: 0.5 }, { total: 6, velocity: 3 }],
    ['form', { form: 'signed' }, { total: 6, signs: 1 }],
    // The average starts at the parameter before its first step: 8 - 1 - 2, then 0.5 * 5 + 0.5 * 2.
    ['averageDecay', { averageDecay: 0.5 }, { total: 6, average: 3.5 }],
  ])('%s has its slot start fresh, and the others continue', async (_, options, slots) => {
    const optimizer = await resumed({}, options);
    step(optimizer, 3);
    expect(await slotsOf(optimizer)).toEqual(slots);
    const [added] = Object.keys(slots).slice(1);
    expect(optimizer.stateReport().newSlots).toEqual({ weight: [added] });
    expect(optimizer.stateReport().unusedSlots).toEqual({});
    expect((await optimizer.state()).parameters.weight!.step).toBe(3);
    optimizer.dispose();
  });
});

describe('an option that a resumed run has switched off', () => {
  it.each<[string, object]>([
    ['largest', { keepLargest: true }],
    ['velocity', { momentum: 0.5 }],
    ['signs', { form: 'signed' }],
    ['average', { averageDecay: 0.5 }],
  ])('has its slot %s kept until the state is taken up, then dropped and reported', async (slot, options) => {
    const optimizer = await resumed(options, {});
    expect(Object.keys(await slotsOf(optimizer))).toContain(slot);
    step(optimizer, 3);
    expect(await slotsOf(optimizer)).toEqual({ total: 6 });
    expect(optimizer.stateReport().unusedSlots).toEqual({ weight: [slot] });
    optimizer.dispose();
  });
});

it('a slot that every variant has, or none, is no matter of options and is refused', async () => {
  const slot = { shape: [1], data: Float32Array.of(1) };
  const load = async (slots: object, steps = 3) => {
    const optimizer = new Switched();
    await optimizer.loadState({
      schemaVersion: 1,
      optimizer: 'switched',
      step: 3,
      parameters: { weight: { step: steps, slots: slots as never } },
    });
    step(optimizer, 1);
    optimizer.dispose();
  };
  await expect(load({ largest: slot })).rejects.toThrow(
    'saved state of "weight" has the slots {largest}, but switched keeps {total}',
  );
  await expect(load({ total: slot, secondMoment: slot })).rejects.toThrow(
    'saved state of "weight" has the slots {secondMoment, total}, but switched keeps {total}',
  );
  // Only a parameter that has taken no step may have no slots yet.
  await expect(load({})).rejects.toThrow(
    'saved state of "weight" has the slots {}, but switched keeps {total}',
  );
  await expect(load({ largest: slot }, 0)).rejects.toThrow(
    'saved state of "weight" has the slots {largest}, but switched keeps {total}',
  );
  expect(weight.dataSync()[0]).toBe(8);
  await load({}, 0);
  expect(weight.dataSync()[0]).toBe(7);
});
