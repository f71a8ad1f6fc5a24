import { cosine } from '@steepest/lr-schedules';
import { Adafactor } from '@steepest/optim-adafactor';
import { Adam, AdamW } from '@steepest/optim-adam';
import { Sgd } from '@steepest/optim-sgd';
import { add, defineUpdateRule, type Optimizer, optimizerClass, sub } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { byName, byRole, CombinedOptimizer, combine } from '../src/index.ts';
import { modelParameters, train } from './training.ts';

const steps = 8;
const schedule = cosine({ peak: 0.05, totalSteps: steps, warmupSteps: 2 });
const newAdam = () => new AdamW({ learningRate: schedule, weightDecay: 0.1 });
const newSgd = () => new Sgd({ learningRate: 0.1, momentum: 0.9 });
const norms = ['blocks/0/norm/scale', 'finalNorm/scale'];
const others = modelParameters.map(({ name }) => name).filter((name) => !norms.includes(name));

/** A round trip through JSON, as a file makes it. */
function reloaded(optimizer: CombinedOptimizer): CombinedOptimizer {
  const config = JSON.parse(JSON.stringify(optimizer.getConfig())) as tf.serialization.ConfigDict;
  const [cls, fromConfig] =
    tf.serialization.SerializationMap.getMap().classNameMap.SteepestCombinedOptimizer!;
  return fromConfig(cls, config) as CombinedOptimizer;
}

describe('combined optimizers', () => {
  it('with one member equal that member, bit for bit', async () => {
    expect(await train(combine([{ optimizer: newAdam() }]), steps)).toEqual(await train(newAdam(), steps));
  });

  it('with one member keep the state of that member, bit for bit', async () => {
    const stateOf = async (optimizer: Optimizer) => {
      const variables = ['a', 'b'].map((name) => tf.variable(tf.tensor1d([1, -2]), true, name));
      for (let step = 1; step <= steps; step++) {
        const [a, b] = [tf.tensor1d([step, -1 / step]), tf.tensor1d([0.3, step])];
        // The gradient of b comes late, so that the parameters' step counts differ.
        optimizer.applyGradients(step < 3 ? { a } : { a, b });
        tf.dispose([a, b]);
      }
      const { step, parameters } = await optimizer.state();
      optimizer.dispose();
      tf.dispose(variables);
      return { step, parameters };
    };
    const { step, parameters } = await stateOf(combine([{ optimizer: newAdam() }]));
    expect({ step, parameters }).toEqual(await stateOf(newAdam()));
    expect(parameters.b?.step).toBe(steps - 2);
    expect(Object.keys(parameters.a!.slots)).toEqual(['momentum', 'secondMoment']);
  });

  it('with one member and clipping equal that member with clipping, bit for bit', async () => {
    const alone = new Adam({ learningRate: 0.01, clipGlobalNorm: 0.5 });
    const combined = combine([{ optimizer: new Adam({ learningRate: 0.01 }) }], { clipGlobalNorm: 0.5 });
    expect(await train(combined, steps)).toEqual(await train(alone, steps));
  });

  it('equal separate optimizers run on their own parameters, bit for bit', async () => {
    const combined = combine([{ match: byRole('norm'), optimizer: newAdam() }, { optimizer: newSgd() }]);
    expect(await train(combined, steps)).toEqual({
      ...(await train(newAdam(), steps, norms)),
      ...(await train(newSgd(), steps, others)),
    });
  });

  it('keep the groups inside a member', async () => {
    const withGroups = () =>
      new Sgd({ learningRate: 0.1, groups: [{ match: byName('head/*'), learningRate: 0.01 }] });
    const combined = combine([{ match: byRole('norm'), optimizer: newAdam() }, { optimizer: withGroups() }]);
    expect(await train(combined, steps)).toEqual({
      ...(await train(newAdam(), steps, norms)),
      ...(await train(withGroups(), steps, others)),
    });
  });

  it('give a parameter to the first member that matches it', async () => {
    const combined = combine([
      { match: byRole('norm'), optimizer: newAdam() },
      { match: '**', optimizer: newSgd() },
      { optimizer: new Adafactor({ learningRate: 1 }) },
    ]);
    expect(await train(combined, steps)).toEqual({
      ...(await train(newAdam(), steps, norms)),
      ...(await train(newSgd(), steps, others)),
    });
  });

  it('clip by the norm of all gradients together, not of one member’s', async () => {
    const variables = [tf.variable(tf.tensor1d([0]), true, 'a'), tf.variable(tf.tensor1d([0]), true, 'b')];
    const plain = () => new Sgd({ learningRate: 1 });
    const optimizer = combine([{ match: 'a', optimizer: plain() }, { optimizer: plain() }], {
      clipGlobalNorm: 1,
    });
    tf.tidy(() => optimizer.applyGradients({ a: tf.tensor1d([3]), b: tf.tensor1d([4]) }));
    expect(await optimizer.gradientNorm()).toBe(5);
    // By hand: (3, 4) / 5. Six digits, because the clip factor divides by the norm plus 1e-6.
    expect((await variables[0]!.data())[0]).toBeCloseTo(-0.6, 6);
    expect((await variables[1]!.data())[0]).toBeCloseTo(-0.8, 6);
    optimizer.dispose();
    for (const variable of variables) variable.dispose();
  });

  it('survive a file: the options read back train bit for bit the same', async () => {
    const make = () =>
      combine(
        [
          { match: { anyOf: [byRole('norm'), 'no_such/snake_case'] }, optimizer: newAdam() },
          { optimizer: new Sgd({ momentum: 0.5, groups: [{ match: byName('head/*'), trainable: false }] }) },
        ],
        { clipGlobalNorm: 2 },
      );
    expect(reloaded(make()).getConfig()).toEqual(make().getConfig());
    expect(await train(reloaded(make()), steps)).toEqual(await train(make(), steps));
  });

  it('continue bit for bit through save and load of a LayersModel', async () => {
    const inputs = tf.tensor2d([0.1, 0.2, -0.3, 0.4], [2, 2]);
    const targets = tf.tensor2d([1, -1], [2, 1]);
    const newModel = () => {
      const kernelInitializer = tf.initializers.constant({ value: 0.3 });
      const model = tf.sequential({
        layers: [2, 1].map((units) => tf.layers.dense({ units, kernelInitializer, inputShape: [2] })),
      });
      const optimizer = combine([{ match: '**/bias', optimizer: newAdam() }, { optimizer: newSgd() }], {
        clipGlobalNorm: 1,
      });
      model.compile({ optimizer, loss: 'meanSquaredError' });
      return model;
    };
    const fit = (model: tf.LayersModel) =>
      model.fit(inputs, targets, { epochs: 2, shuffle: false, verbose: 0 });
    const values = (model: tf.LayersModel) => Promise.all(model.getWeights().map((weight) => weight.data()));
    const uninterrupted = newModel();
    await fit(uninterrupted);
    await fit(uninterrupted);

    const original = newModel();
    await fit(original);
    let kept: tf.io.ModelArtifacts = {};
    const keep = tf.io.withSaveHandler(async (artifacts) => {
      kept = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    });
    await original.save(keep, { includeOptimizer: true });
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(kept));
    await fit(loaded);
    expect(await values(loaded)).toEqual(await values(uninterrupted));
  });

  it('save the hyperparameters that were replaced in mid-run', async () => {
    const make = () => combine([{ match: byRole('norm'), optimizer: newAdam() }, { optimizer: newSgd() }]);
    const changed = make();
    changed.setHyperparameter('learningRate', 0.02);
    changed.setHyperparameter('momentum', 0.5);
    changed.setHyperparameter('weightDecay', 0.3, { member: 0 });
    const expected = combine([
      { match: byRole('norm'), optimizer: new AdamW({ learningRate: 0.02, weightDecay: 0.3 }) },
      { optimizer: new Sgd({ learningRate: 0.02, momentum: 0.5 }) },
    ]);
    const values = await train(expected, steps);
    expect(await train(reloaded(changed), steps)).toEqual(values);
    expect(await train(changed, steps)).toEqual(values);
  });

  it('save their own options, whatever is set in an optimizer that a member was made of', () => {
    const optimizer = new Sgd({ learningRate: 0.1 });
    const combined = combine([{ match: 'a', optimizer }, { optimizer }]);
    combined.setHyperparameter('learningRate', 0.2, { member: 0 });
    optimizer.learningRate = 0.5;
    for (const each of [combined, reloaded(combined)]) {
      expect(each.hyperparametersAt().map(({ values }) => values.learningRate)).toEqual([0.2, 0.1]);
    }
  });

  it('show and take hyperparameters as properties, of every member that has them', () => {
    const optimizer = combine([{ match: byRole('norm'), optimizer: newAdam() }, { optimizer: newSgd() }]);
    expect(() => optimizer.learningRate).toThrow(
      'combine(adamw, sgd): learningRate is 0.025 in combine(adamw, sgd)[0] adamw, 0.1 in combine(adamw, sgd)[1] sgd; say which member with { member }',
    );
    expect(optimizer.hyperparameterAt('learningRate', { target: { member: 1 } })).toBe(0.1);
    const named = optimizer as CombinedOptimizer & { momentum: number; beta1: number };
    expect(named.momentum).toBe(0.9);
    named.learningRate = 0.25;
    named.momentum = 0.5;
    named.beta1 = 0.75;
    expect(named.learningRate).toBe(0.25);
    expect(named.hyperparametersAt().map(({ target, values }) => [target, values])).toEqual([
      [{ member: 0 }, { learningRate: 0.25, beta1: 0.75, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 }],
      [{ member: 1 }, { learningRate: 0.25, momentum: 0.5, dampening: 0, weightDecay: 0 }],
    ]);
  });

  it('say what they are made of', () => {
    const record = combine([
      { match: byRole('norm'), optimizer: newAdam() },
      { optimizer: newSgd() },
    ]).describe();
    expect(record.name).toBe('combine(adamw, sgd)');
    expect(record.title).toBe('AdamW + SGD');
    expect(record.hyperparameters.map(({ name }) => name)).toContain('1.momentum');
    // Those of AdamW are for AdamW alone.
    expect(record.recommended).toEqual([]);
  });
});

describe('combine refuses', () => {
  it('a member with its own clipGlobalNorm, and says where it belongs', () => {
    expect(() => combine([{ optimizer: new Sgd({ clipGlobalNorm: 1 }) }])).toThrow(
      'combine: members[0] has its own clipGlobalNorm, which holds for all members together; ' +
        'give it to combine instead: combine([...], { clipGlobalNorm })',
    );
  });

  it('an empty list, another kind of optimizer, an unknown key and an unknown option', () => {
    expect(() => combine([])).toThrow('combine needs a list of at least one { match, optimizer }');
    const foreign = [{ optimizer: tf.train.sgd(0.1) }] as unknown as Parameters<typeof combine>[0];
    expect(() => combine(foreign)).toThrow(
      'combine: members[0].optimizer must be an optimizer such as new Sgd({ ... })',
    );
    const misspelt = [{ mach: '**', optimizer: newSgd() }];
    expect(() => combine(misspelt)).toThrow(
      'combine: members[0] has the unknown key "mach"; known keys: match, optimizer',
    );
    const options = { clipNorm: 1 } as object;
    expect(() => combine([{ optimizer: newSgd() }], options)).toThrow(
      'combine(sgd) has no option "clipNorm"; did you mean "clipGlobalNorm"? Known options: clipGlobalNorm',
    );
    expect(() => combine([{ optimizer: newSgd() }], null as never)).toThrow(
      'combine: options must be an object such as { clipGlobalNorm: 1 }, got null',
    );
    for (const nothing of [null, undefined]) {
      expect(() => combine([nothing as never])).toThrow(
        `combine: members[0] must be { match, optimizer }, got ${nothing}`,
      );
    }
  });

  it('an optimizer that has taken steps already', () => {
    const used = newSgd();
    const variable = tf.variable(tf.scalar(0), true, 'used');
    tf.tidy(() => used.applyGradients({ used: tf.scalar(1) }));
    expect(() => combine([{ optimizer: used }])).toThrow(
      'combine: members[0] has taken steps of its own; combine takes a fresh optimizer',
    );
    used.dispose();
    variable.dispose();
    // One that was disposed of begins anew.
    expect(combine([{ optimizer: used }]).iterations).toBe(0);
  });

  it('a parameter that no member takes', async () => {
    const variable = tf.variable(tf.scalar(0), true, 'lonely');
    const optimizer = combine([
      { match: 'other', optimizer: newSgd() },
      { match: 'norm', optimizer: newAdam() },
    ]);
    expect(() => optimizer.applyGradients({ lonely: tf.scalar(1) })).toThrow(
      'combine(sgd, adamw): no member matches variable "lonely"; give the last member no match',
    );
    variable.dispose();
  });

  it('a numbered group where it cannot know the member, and a member that does not exist', () => {
    const optimizer = combine([{ match: '*', optimizer: newSgd() }, { optimizer: newAdam() }]);
    expect(() => optimizer.setHyperparameter('learningRate', 1, 0)).toThrow(
      'combine(sgd, adamw) has several members: say { member, group } instead of 0',
    );
    expect(() => optimizer.setHyperparameter('learningRate', 1, { member: 2 })).toThrow(
      'combine(sgd, adamw) has no member 2',
    );
    expect(() => optimizer.setHyperparameter('gamma', 1)).toThrow(
      'combine(sgd, adamw)[0] sgd has no option "gamma". Known options: ',
    );
  });

  it('a saved member whose package was not imported', () => {
    const config = JSON.parse(
      JSON.stringify(combine([{ optimizer: newSgd() }]).getConfig()).replace('SteepestSgd', 'SteepestLost'),
    ) as tf.serialization.ConfigDict;
    expect(() => CombinedOptimizer.fromConfig(CombinedOptimizer as never, config)).toThrow(
      'the saved options hold the optimizer "SteepestLost", which is not registered: import its package before loading',
    );
  });
});

describe('what combined optimizers have together', () => {
  /** A rule that counts the steps of its group. */
  const Counting = optimizerClass(
    defineUpdateRule({
      name: 'counting',
      title: 'Counting',
      paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
      hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
      groupState: { initial: { count: 0 }, next: ({ count }) => ({ count: add(count!, 1) }) },
      slots: () => ({}),
      update: ({ parameter, gradient }) => ({ parameter: sub(parameter, gradient) }),
    }),
    'SteepestTestCounting',
  );
  const newCombined = (options = {}) =>
    combine(
      [
        { match: byName('b'), optimizer: new Counting() },
        { optimizer: new Sgd({ learningRate: 1, momentum: 0.5, groups: [{ match: 'c' }] }) },
      ],
      options,
    );
  const withVariables = async (
    run: (step: (optimizer: Optimizer) => void, values: () => number[]) => Promise<void>,
  ) => {
    const variables = ['a', 'b', 'c'].map((name) => tf.variable(tf.tensor1d([8]), true, name));
    const step = (optimizer: Optimizer): void =>
      tf.tidy(() => optimizer.applyGradients({ a: tf.ones([1]), b: tf.ones([1]), c: tf.ones([1]) }));
    await run(step, () => variables.map((variable) => variable.dataSync()[0]!));
    tf.dispose(variables);
  };

  it('is saved in every form, with the numbers of groups although some keep none', () =>
    withVariables(async (step) => {
      const optimizer = newCombined({ averageDecay: 0.5, accumulationSteps: 2 });
      for (let call = 0; call < 5; call++) step(optimizer);
      const state = await optimizer.state();
      expect(state.groups).toEqual([{ count: 2 }, {}, {}]);
      const other = newCombined({ averageDecay: 0.5, accumulationSteps: 2 });
      await other.setWeights(await optimizer.getWeights());
      expect(await other.state()).toEqual(state);
      step(other);
      expect(await other.state()).toMatchObject({ step: 3, groups: [{ count: 3 }, {}, {}] });
      optimizer.dispose();
      other.dispose();
    }));

  it('are options of the engine, averageDecay among them: a = d a + (1 - d) p', () =>
    withVariables(async (step, values) => {
      const optimizer = newCombined({ averageDecay: 0.5 });
      step(optimizer);
      optimizer.swapInAverage();
      expect(values()).toEqual([7.5, 7.5, 7.5]);
      optimizer.swapOutAverage();
      expect(values()).toEqual([7, 7, 7]);
      optimizer.dispose();
    }));

  it('freeze and clip in mid-run, by member and group, and are saved so', () =>
    withVariables(async (step, values) => {
      const optimizer = newCombined();
      optimizer.setTrainable(false, { member: 1, group: 0 });
      optimizer.clipValue = 0.5;
      step(optimizer);
      expect(values()).toEqual([7.5, 7.5, 8]);
      const again = reloaded(optimizer);
      expect(again.clipValue).toBe(0.5);
      step(again);
      expect(values()).toEqual([7, 7, 8]);
      optimizer.trainable = false;
      expect([optimizer.trainable, again.trainable]).toEqual([false, true]);
      step(optimizer);
      expect(values()).toEqual([7, 7, 8]);
      again.dispose();
      optimizer.dispose();
    }));

  it('of one member freeze the group of a number, and are saved so', () =>
    withVariables(async (step, values) => {
      const newOne = new Sgd({ learningRate: 0.5, groups: [{ match: 'a', learningRate: 1 }] });
      const optimizer = combine([{ optimizer: newOne }]);
      optimizer.setTrainable(false, 0);
      const again = reloaded(optimizer);
      step(optimizer);
      const first = values();
      step(again);
      expect(values().map((value, index) => value < first[index]!)).toEqual([false, true, true]);
      again.dispose();
      optimizer.dispose();
    }));

  it('refuse the state of members that have changed places, before any parameter moves', () =>
    withVariables(async (step, values) => {
      const adamFor = (name: string) =>
        combine([{ match: byName(name), optimizer: newAdam() }, { optimizer: newSgd() }]);
      const [before, after] = [adamFor('a'), adamFor('b')];
      step(before);
      await after.loadState(await before.state());
      const reached = values();
      expect(() => step(after)).toThrow(
        'saved state of "a" has the slots {momentum, secondMoment}, but combine(adamw, sgd)[1] sgd keeps {momentum}',
      );
      expect(values()).toEqual(reached);
      before.dispose();
      after.dispose();
    }));
});
