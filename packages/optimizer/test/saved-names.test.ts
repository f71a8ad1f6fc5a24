import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeState, encodeState, type Optimizer, type OptimizerState } from '../src/index.ts';
import { Moments } from './test-rules.ts';

const variables = new Map<string, tf.Variable>();
const warn = vi.spyOn(console, 'warn');
beforeEach(() => {
  warn.mockReset().mockReturnValue(undefined);
});
afterEach(() => {
  for (const variable of variables.values()) variable.dispose();
  variables.clear();
});

function variable(name: string, shape = [2]): tf.Variable {
  const made = tf.variable(tf.ones(shape), true, name);
  variables.set(name, made);
  return made;
}

/** Takes a step with gradients of ones. */
function train(optimizer: Optimizer, ...names: string[]): void {
  tf.tidy(() =>
    optimizer.applyGradients(names.map((name) => ({ name, tensor: tf.onesLike(variables.get(name)!) }))),
  );
}

async function stateAfter(steps: number, ...names: string[]): Promise<OptimizerState> {
  for (const name of names) variable(name);
  const optimizer = new Moments();
  for (let step = 0; step < steps; step++) train(optimizer, ...names);
  const state = await optimizer.state();
  optimizer.dispose();
  return state;
}

async function loaded(state: OptimizerState): Promise<Optimizer> {
  const optimizer = new Moments();
  await optimizer.loadState(state);
  return optimizer;
}

/** As tfjs loads the optimizer of a model. */
async function loadedWeights(state: OptimizerState): Promise<Optimizer> {
  const from = await loaded(state);
  const optimizer = new Moments();
  await optimizer.setWeights(await from.getWeights());
  from.dispose();
  return optimizer;
}

const stepsOf = async (optimizer: Optimizer): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries((await optimizer.state()).parameters).map(([name, { step }]) => [name, step]),
  );

describe('loaded state that no variable has claimed', () => {
  it('is saved again in every form, bit for bit', async () => {
    const state = await stateAfter(3, 'a', 'b/c');
    const forms = [
      await (await loaded(state)).state(),
      await (await loadedWeights(state)).state(),
      decodeState(encodeState(await (await loaded(state)).state())),
    ];
    for (const form of forms) expect(form).toEqual(state);
  });

  it('outlives the training of others, and is there when its variable is thawed', async () => {
    const optimizer = await loaded(await stateAfter(3, 'a', 'b'));
    train(optimizer, 'a');
    expect(await stepsOf(optimizer)).toEqual({ a: 4, b: 3 });
    const weights = await optimizer.getWeights();
    expect(weights.map(({ name }) => name)).toEqual([
      'iter',
      ...['a/step', 'a/momentum', 'a/secondMoment'],
      ...['b/step', 'b/momentum', 'b/secondMoment'],
    ]);
    train(optimizer, 'a', 'b');
    expect(await stepsOf(optimizer)).toEqual({ a: 5, b: 4 });
    optimizer.dispose();
  });

  it('is a copy, which neither the caller nor a reader can change', async () => {
    const state = await stateAfter(1, 'a');
    const optimizer = await loaded(state);
    const expected = state.parameters.a!.slots.momentum!.data.slice();
    state.parameters.a!.slots.momentum!.data.fill(7);
    (await optimizer.state()).parameters.a!.slots.momentum!.data.fill(8);
    (await optimizer.getWeights())
      .find(({ name }) => name === 'a/momentum')!
      .tensor.dataSync()
      .fill(9);
    expect((await optimizer.state()).parameters.a!.slots.momentum!.data).toEqual(expected);
    optimizer.dispose();
  });

  it('can be dropped by name, as can state in use; another name is an error', async () => {
    const optimizer = await loaded(await stateAfter(3, 'a', 'b'));
    train(optimizer, 'a');
    expect(() => optimizer.dropState('c')).toThrow('moments keeps no state of "c"; did you mean "a"?');
    optimizer.dropState('b');
    expect(await stepsOf(optimizer)).toEqual({ a: 4 });
    optimizer.dropState('a');
    expect(optimizer.stateBytes()).toBe(0);
    train(optimizer, 'a', 'b');
    expect(await stepsOf(optimizer)).toEqual({ a: 1, b: 1 });
    optimizer.dispose();
  });

  it('is restored at once by claimState, which takes variables', async () => {
    const optimizer = await loaded(await stateAfter(3, 'a', 'b'));
    expect(optimizer.claimState([variables.get('b')!, variables.get('b')!])).toMatchObject({
      claimed: [{ variable: 'b', savedAs: 'b' }],
      waiting: ['a'],
    });
    expect(optimizer.stateBytes()).toBe(2 * 4 * 2);
    for (const other of [{ name: 'a' }, undefined]) {
      expect(() => optimizer.claimState([other as never])).toThrow(
        'moments: claimState takes variables that exist',
      );
    }
    optimizer.dispose();
  });
});

describe('a name that a user gave', () => {
  it.each([
    { saved: ['w_0', 'w_1'], trained: ['w_1', 'w_2'], fresh: 'w_2' },
    { saved: ['layer_2'], trained: ['layer_1', 'layer_2'], fresh: 'layer_1' },
    { saved: ['layer_2'], trained: ['layer_1'], fresh: 'layer_1' },
    { saved: ['w'], trained: ['w_1'], fresh: 'w_1' },
    { saved: ['net/w_0', 'net/w_1'], trained: ['net/w_1', 'net/w_2'], fresh: 'net/w_2' },
    { saved: ['net/layer_2'], trained: ['net/layer_1', 'net/layer_2'], fresh: 'net/layer_1' },
    { saved: ['net/w', 'net/v'], trained: ['net/v', 'net/w_1'], fresh: 'net/w_1' },
  ])('$fresh takes nothing of $saved when $trained are trained', async ({ saved, trained, fresh }) => {
    const state = await stateAfter(3, ...saved);
    for (const name of trained) if (!variables.has(name)) variable(name);
    const optimizer = await loaded(state);
    train(optimizer, ...trained);
    const expected = Object.fromEntries(
      [...saved, ...trained].map((name) => [name, name === fresh ? 1 : trained.includes(name) ? 4 : 3]),
    );
    expect(await stepsOf(optimizer)).toEqual(expected);
    expect(optimizer.stateReport().missing).toEqual([fresh]);
    // Those that were not trained are thawed later, in their own state.
    train(optimizer, ...saved);
    for (const name of saved) expect((await stepsOf(optimizer))[name]).toBe(expected[name]! + 1);
    optimizer.dispose();
  });

  it('may be any text that a variable can have', async () => {
    const names = ['iter', 'group:0:x', 'a/step', 'a//b', 'größe', '重み', ' '];
    const state = await stateAfter(2, ...names);
    for (const form of [await (await loadedWeights(state)).state(), decodeState(encodeState(state))]) {
      expect(form).toEqual(state);
    }
  });

  it('is kept where a plain object has something of that name', async () => {
    const { parameters, ...head } = await stateAfter(2, 'a');
    const state = {
      ...head,
      parameters: Object.fromEntries(['__proto__', 'constructor'].map((name) => [name, parameters.a!])),
    };
    expect(Object.keys(state.parameters)).toHaveLength(2);
    for (const optimizer of [await loaded(state), await loadedWeights(decodeState(encodeState(state)))]) {
      expect(Object.entries((await optimizer.state()).parameters)).toEqual(
        Object.entries(state.parameters).sort(),
      );
    }
  });

  it('can be changed between runs, in the plain data', async () => {
    const { parameters, ...head } = await stateAfter(3, 'old');
    variable('new');
    const optimizer = await loaded({ ...head, parameters: { new: parameters.old! } });
    train(optimizer, 'new');
    expect(await stepsOf(optimizer)).toEqual({ new: 4 });
  });
});

describe('a suffix that tfjs gave to the weight of a layer', () => {
  it.each([
    ['d/kernel', 'd/kernel_1'],
    ['d/kernel_1', 'd/kernel'],
    ['d/kernel_1', 'd/kernel_2'],
  ])('is seen through: state saved as %s continues in %s, beside the first', async (saved, name) => {
    const state = await stateAfter(3, saved);
    variable(name);
    const optimizer = await loadedWeights(state);
    train(optimizer, name);
    expect(await stepsOf(optimizer)).toEqual({ [name]: 4 });
    expect(optimizer.stateReport().claimed).toEqual([{ variable: name, savedAs: saved }]);
  });

  it('is seen through where only some names of a model were taken', async () => {
    const state = await stateAfter(3, 'base/kernel', 'head/kernel');
    variable('base/kernel_1');
    const optimizer = await loadedWeights(state);
    train(optimizer, 'base/kernel_1', 'head/kernel');
    expect(await stepsOf(optimizer)).toEqual({ 'base/kernel_1': 4, 'head/kernel': 4 });
  });

  it('never takes what another shape, two saved names or two variables would make a guess', async () => {
    const state = await stateAfter(3, 'd/kernel', 'e/kernel', 'e/kernel_1', 'f/kernel');
    variable('d/kernel_1', [3]);
    for (const name of ['e/kernel_2', 'f/kernel_1', 'f/kernel_2']) variable(name);
    const optimizer = await loadedWeights(state);
    const fresh = ['d/kernel_1', 'e/kernel_2', 'f/kernel_1', 'f/kernel_2'];
    train(optimizer, ...fresh);
    expect(optimizer.stateReport()).toMatchObject({ claimed: [], missing: fresh });
    for (const name of fresh) expect((await stepsOf(optimizer))[name]).toBe(1);
    expect((await stepsOf(optimizer))['d/kernel']).toBe(3);
  });

  it('does not hide a parameter from its group', async () => {
    variable('d/bias_1');
    const optimizer = new Moments({ learningRate: 1, groups: [{ match: '**/bias', learningRate: 0 }] });
    train(optimizer, 'd/bias_1');
    expect(variables.get('d/bias_1')!.dataSync()[0]).toBe(1);
    optimizer.dispose();
    // Beside the variable of the shorter name it is a name that the user gave.
    variable('d/bias');
    const other = new Moments({ learningRate: 1, groups: [{ match: '**/bias', learningRate: 0 }] });
    train(other, 'd/bias', 'd/bias_1');
    expect(variables.get('d/bias')!.dataSync()[0]).toBe(1);
    expect(variables.get('d/bias_1')!.dataSync()[0]).toBeLessThan(1);
    other.dispose();
  });
});

describe('a report of loaded state', () => {
  it('lists what was claimed, what is missing, what waits and what is left over', async () => {
    const state = await stateAfter(2, 'a', 'frozen', 'gone');
    const optimizer = await loaded(state);
    variables.get('gone')!.dispose();
    variable('b');
    expect(optimizer.stateReport()).toEqual({
      claimed: [],
      missing: [],
      waiting: ['a', 'frozen'],
      leftOver: ['gone'],
      newSlots: {},
      unusedSlots: {},
      convertedSlots: {},
    });
    train(optimizer, 'a', 'b');
    expect(optimizer.stateReport()).toMatchObject({
      claimed: [{ variable: 'a', savedAs: 'a' }],
      missing: ['b'],
      waiting: ['frozen'],
      leftOver: ['gone'],
    });
    expect(warn).not.toHaveBeenCalled();
  });

  it('is spoken aloud once where no name of the first step fits', async () => {
    const optimizer = await loaded(await stateAfter(2, 'old'));
    variable('fresh');
    train(optimizer, 'fresh');
    train(optimizer, 'fresh');
    expect(warn.mock.calls).toEqual([
      [
        'moments: none of the variables of this step has a name in the loaded state, so all of them start fresh. The state has ' +
          '"old" (nearest to "fresh": "old"); the step has "fresh". stateReport() lists all of them.',
      ],
    ]);
  });

  it('names five, and of more the first four', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const optimizer = await loaded(await stateAfter(1, ...names.map((name) => `saved.${name}`)));
    for (const name of names) variable(name);
    train(optimizer, ...names.slice(0, 5));
    expect(warn).toHaveBeenCalledOnce();
    const text = String(warn.mock.lastCall![0]);
    expect(text).toContain(
      'The state has "saved.a", "saved.b", "saved.c", "saved.d" and 2 more (nearest to "a"',
    );
    expect(text).toContain('the step has "a", "b", "c", "d", "e". stateReport()');
  });
});

describe('a group that no parameter of the first step is in', () => {
  it('is said once, with the names that there are', () => {
    variable('blocks.3.attn.bias');
    const optimizer = new Moments({
      groups: [{ match: '**/bias', weightDecay: 0 }, { match: '*.bias' }, { match: 'bias' }],
    });
    train(optimizer, 'blocks.3.attn.bias');
    train(optimizer, 'blocks.3.attn.bias');
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain(
      'moments: no parameter of the first step is in moments groups[0], moments groups[2]. Its parameters are "blocks.3.attn.bias".',
    );
  });

  it('is not said in production mode', () => {
    const isOn = vi.spyOn(tf.env(), 'getBool').mockImplementation((name) => name === 'PROD');
    variable('a');
    train(new Moments({ groups: [{ match: 'b' }] }), 'a');
    isOn.mockRestore();
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('a variable that is disposed', () => {
  it('leaves its state to the one that is made anew under its name', async () => {
    variable('a');
    const optimizer = new Moments({ learningRate: 0.125 });
    train(optimizer, 'a');
    variables.get('a')!.dispose();
    const again = variable('a');
    const before = again.dataSync()[0]!;
    train(optimizer, 'a');
    expect((await optimizer.state()).parameters.a!.step).toBe(2);
    expect(again.dataSync()[0]).toBeLessThan(before);
    variables.get('a')!.dispose();
    variable('a', [3]);
    expect(() => train(optimizer, 'a')).toThrow(
      'variable "a" had shape [2] before and has [3] now; dropState("a") lets it start fresh',
    );
    optimizer.dropState('a');
    train(optimizer, 'a');
    expect(await stepsOf(optimizer)).toEqual({ a: 1 });
    optimizer.dispose();
  });

  it('keeps its state until a step is taken without it, and gives it to none of another name', async () => {
    for (const name of ['d/kernel', 'd/kernel_1']) variable(name);
    const optimizer = new Moments();
    train(optimizer, 'd/kernel');
    variables.get('d/kernel')!.dispose();
    expect(await stepsOf(optimizer)).toEqual({ 'd/kernel': 1 });
    expect((await optimizer.getWeights()).map(({ name }) => name)).toEqual(['iter']);
    train(optimizer, 'd/kernel_1');
    expect(await stepsOf(optimizer)).toEqual({ 'd/kernel_1': 1 });
    expect(optimizer.stateBytes()).toBe(2 * 4 * 2);
    optimizer.dispose();
  });
});

describe('parameters whose names differ by a suffix of tfjs alone', () => {
  const refusal = 'moments trains two models of one builder, with "d/kernel" and "d/kernel_1"';

  async function weightsAfter(...calls: readonly (readonly string[])[]): Promise<string[]> {
    for (const name of ['d/kernel', 'd/kernel_1', 'e/kernel']) variable(name);
    const optimizer = new Moments();
    for (const names of calls) train(optimizer, ...names);
    try {
      const weights = await optimizer.getWeights();
      tf.dispose(weights.map(({ tensor }) => tensor));
      return weights.map(({ name }) => name);
    } finally {
      optimizer.dispose();
    }
  }

  it('are of one model where a call has had both, and whatever comes without one of them later', async () => {
    const names = await weightsAfter(['d/kernel', 'd/kernel_1'], ['d/kernel_1'], ['d/kernel']);
    expect(names.filter((name) => name.startsWith('d/kernel_1/'))).not.toEqual([]);
  });

  it('are of one model where each has come beside a third', async () => {
    await expect(weightsAfter(['d/kernel', 'e/kernel'], ['e/kernel', 'd/kernel_1'])).resolves.toBeDefined();
  });

  it('are of two models where they never came together', async () => {
    await expect(weightsAfter(['d/kernel'], ['d/kernel_1', 'e/kernel'])).rejects.toThrow(refusal);
  });
});
