import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  add,
  defineUpdateRule,
  type EngineOptions,
  Float64Optimizer,
  likeParameter,
  mul,
  Optimizer,
  type OptimizerMember,
  type OptimizerRecord,
  recordOf,
  sub,
  type UpdateRule,
} from '../src/index.ts';
import { descentRule, momentsRule } from './test-rules.ts';

const descent = descentRule as unknown as UpdateRule;
const moments = momentsRule as unknown as UpdateRule;

/** Descent at rates of at most 1, which keeps the sum of its rates and a slot. */
const summing = defineUpdateRule({
  name: 'summing',
  title: 'Summing',
  paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
  hyperparameters: {
    learningRate: { default: 0.25, minimum: 0, maximum: 1, description: 'Step size' },
    ceiling: { default: 2, below: 3, description: 'Not used' },
  },
  groupState: {
    initial: { rateSum: 0 },
    next: ({ rateSum, learningRate }) => ({ rateSum: add(rateSum!, learningRate) }),
  },
  slots: () => ({ kept: likeParameter }),
  update: ({ parameter, gradient, kept }, { learningRate }) => ({
    parameter: sub(parameter, mul(learningRate, gradient)),
    kept: kept!,
  }),
}) as unknown as UpdateRule;

/** Several rules over one model, as packages that combine optimizers make it. */
class Mixed extends Optimizer {
  static readonly className = 'SteepestTestMixed';
  constructor(members: readonly OptimizerMember[], engine: EngineOptions = {}) {
    super('mixed', members, engine);
  }
  override describe(): OptimizerRecord {
    return recordOf(descent);
  }
  override getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

const members: readonly OptimizerMember[] = [
  { match: 'a', rule: descent, options: { weightDecay: 0.5 } },
  {
    match: { name: ['b', 'c'] },
    rule: summing,
    options: { groups: [{ match: 'c', learningRate: 0.125 }] },
  },
  { rule: moments, options: { learningRate: 0.75 } },
];

let variables: tf.Variable[];
beforeEach(() => {
  variables = ['a', 'b', 'c', 'd'].map((name) => tf.variable(tf.ones([1]), true, name));
});
afterEach(() => {
  tf.dispose(variables);
  vi.restoreAllMocks();
});

const step = (optimizer: Optimizer, ...names: string[]): void =>
  tf.tidy(() => optimizer.applyGradients(Object.fromEntries(names.map((name) => [name, tf.ones([1])]))));
const valuesOf = (): number[] => variables.map((variable) => variable.dataSync()[0]!);

it('each parameter is of the first member that takes it, in the first group of that', () => {
  const optimizer = new Mixed(members);
  step(optimizer, 'a', 'b', 'c', 'd');
  // 1 (1 - lr d) - lr = 0.75 - 0.5, then 1 - 0.25 and 1 - 0.125; a first step of Adam is the rate, to epsilon.
  expect(valuesOf().slice(0, 3)).toEqual([0.25, 0.75, 0.875]);
  expect(valuesOf()[3]).toBeCloseTo(0.25, 6);
  optimizer.dispose();
});

it('a group of a member takes nothing that its member does not', () => {
  const optimizer = new Mixed([
    { match: 'a', rule: descent, options: { groups: [{ match: '*', learningRate: 0 }] } },
    { rule: descent, options: {} },
  ]);
  step(optimizer, 'a', 'b');
  expect(valuesOf().slice(0, 2)).toEqual([1, 0.5]);
  optimizer.dispose();
});

it('a parameter that no member takes is said before anything moves', () => {
  const optimizer = new Mixed(members.slice(0, 2));
  expect(() => step(optimizer, 'a', 'd')).toThrow(
    'mixed: no member matches variable "d"; give the last member no match',
  );
  expect([valuesOf()[0], optimizer.iterations]).toEqual([1, 0]);
  optimizer.dispose();
});

describe('hyperparameters of several members', () => {
  const common = { weightDecay: 0 };

  it('are given by member and group, with the target that changes them', () => {
    const optimizer = new Mixed(members);
    expect(optimizer.hyperparametersAt()).toEqual([
      { group: 'mixed[0] descent', target: { member: 0 }, values: { learningRate: 0.5, weightDecay: 0.5 } },
      {
        group: 'mixed[1] summing groups[0]',
        target: { member: 1, group: 0 },
        values: { ...common, learningRate: 0.125, ceiling: 2 },
      },
      {
        group: 'mixed[1] summing',
        target: { member: 1 },
        values: { ...common, learningRate: 0.25, ceiling: 2 },
      },
      {
        group: 'mixed[2] moments',
        target: { member: 2 },
        values: { ...common, learningRate: 0.75, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
      },
    ]);
  });

  it('are read where those who have one agree, or of one member', () => {
    const optimizer = new Mixed(members);
    expect(() => optimizer.learningRate).toThrow(
      'mixed: learningRate is 0.5 in mixed[0] descent, 0.25 in mixed[1] summing, 0.75 in mixed[2] moments; ' +
        'say which member with { member }',
    );
    const rateOf = (target: { member: number; group?: number }) =>
      optimizer.hyperparameterAt('learningRate', { target });
    expect([rateOf({ member: 1 }), rateOf({ member: 1, group: 0 }), rateOf({ member: 2 })]).toEqual([
      0.25, 0.125, 0.75,
    ]);
    expect(optimizer.hyperparameterAt('beta2')).toBe(0.99);
    expect((optimizer as unknown as { ceiling: number }).ceiling).toBe(2);
    optimizer.setHyperparameter('learningRate', 0.0625);
    expect(optimizer.learningRate).toBe(0.0625);
    expect(rateOf({ member: 1, group: 0 })).toBe(0.125);
  });

  it('are replaced in every member that has one, or in one member', () => {
    const optimizer = new Mixed(members);
    const ratesOf = (name: string) => optimizer.hyperparametersAt().map(({ values }) => values[name]);
    optimizer.setHyperparameter('weightDecay', 0.25, { member: 2 });
    expect(ratesOf('weightDecay')).toEqual([0.5, 0, 0, 0.25]);
    optimizer.weightDecay = 0.125;
    expect(ratesOf('weightDecay')).toEqual([0.125, 0.125, 0.125, 0.125]);
    optimizer.setHyperparameter('beta1', 0.5);
    expect(ratesOf('beta1')).toEqual([undefined, undefined, undefined, 0.5]);
    optimizer.setHyperparameter('ceiling', 1, { member: 1, group: 0 });
    expect(ratesOf('ceiling')).toEqual([undefined, 1, 2, undefined]);
  });

  it('that one member refuses are replaced in none', () => {
    const optimizer = new Mixed(members);
    const before = optimizer.hyperparametersAt();
    // The first has no upper bound, the second has.
    expect(() => optimizer.setHyperparameter('learningRate', 2)).toThrow(
      'mixed[1] summing: learningRate must be a finite number, at least 0 and at most 1, or a schedule of such numbers, got 2',
    );
    expect(optimizer.hyperparametersAt()).toEqual(before);
    expect(() => optimizer.setHyperparameter('ceiling', 3)).toThrow(
      'mixed[1] summing: ceiling must be a finite number and below 3, or a schedule',
    );
    expect(() => optimizer.setHyperparameter('betas', 1)).toThrow('mixed[0] descent has no option "betas"');
  });

  it('that do not go together in one member are taken back in all', () => {
    const optimizer = new Mixed([
      members[0]!,
      { rule: descent, options: { learningRate: (now: number) => 1 / now, weightDecayMode: 'independent' } },
    ]);
    const before = optimizer.hyperparametersAt();
    // The first has a decay of its own, the second has the default.
    expect(() => optimizer.setHyperparameter('weightDecay', 0.25)).toThrow(
      'mixed[1] descent: weightDecayMode "independent" divides by the peak learning rate, which is not known here',
    );
    expect(optimizer.hyperparametersAt()).toEqual(before);
  });

  it.each<[unknown, string]>([
    [0, 'mixed has several members: say { member, group } instead of 0'],
    [{ member: 3 }, 'mixed has no member 3'],
    [{ member: 1, group: 1 }, 'mixed[1] summing has no groups[1]'],
    [{ member: 0, group: 0 }, 'mixed[0] descent has no groups[0]'],
  ])('have no target %j', (target, message) => {
    const optimizer = new Mixed(members);
    expect(() => optimizer.setHyperparameter('weightDecay', 1, target as never)).toThrow(message);
    expect(() => optimizer.setTrainable(false, target as never)).toThrow(message);
  });
});

it('members are frozen together or one by one', () => {
  const optimizer = new Mixed(members);
  optimizer.setTrainable(false, { member: 1 });
  expect(optimizer.trainable).toBe(false);
  step(optimizer, 'a', 'b', 'c');
  expect(valuesOf().slice(0, 3)).toEqual([0.25, 1, 1]);
  optimizer.setTrainable(true, { member: 1, group: 0 });
  step(optimizer, 'b', 'c');
  expect(valuesOf().slice(1, 3)).toEqual([1, 0.875]);
  optimizer.trainable = true;
  expect(optimizer.trainable).toBe(true);
  step(optimizer, 'b');
  expect(valuesOf()[1]).toBe(0.75);
  optimizer.setTrainable(false);
  step(optimizer, 'a', 'b');
  expect(valuesOf().slice(0, 2)).toEqual([0.25, 0.75]);
  optimizer.dispose();
});

describe('what takes no parameter of the first step is named', () => {
  const said = (list: readonly OptimizerMember[], ...names: string[]): unknown[] => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    warn.mockClear();
    const optimizer = new Mixed(list);
    step(optimizer, ...names);
    optimizer.dispose();
    return warn.mock.calls.map(([text]) => String(text).replace(/^.*step is in (.*)\. Its.*$/, '$1'));
  };

  it('a member as a whole where nothing of it is used, else its groups', () => {
    expect(said(members, 'b', 'c', 'd')).toEqual(['mixed[0] descent']);
    expect(said(members, 'a', 'd')).toEqual(['mixed[1] summing']);
    expect(said(members, 'a', 'b')).toEqual(['mixed[1] summing groups[0]']);
    // The base of a member is idle, but a group of it is not; the last member takes what is left, if anything.
    expect(said(members, 'a', 'c')).toEqual([]);
  });

  it('the groups of a member that takes the rest', () => {
    const rest = { rule: descent, options: { groups: [{ match: 'x' }, { match: 'a' }, { match: 'y' }] } };
    expect(said([rest], 'a')).toEqual(['mixed groups[0], mixed groups[2]']);
    expect(said([rest], 'b')).toEqual(['mixed groups[0], mixed groups[1], mixed groups[2]']);
  });
});

describe('the numbers of groups', () => {
  it('are saved in the order of groups, and put back', async () => {
    const optimizer = new Mixed(members);
    step(optimizer, 'a');
    step(optimizer, 'a');
    const state = await optimizer.state();
    expect(state.groups).toEqual([{}, { rateSum: 0.25 }, { rateSum: 0.5 }, {}]);
    const other = new Mixed(members);
    await other.loadState(state);
    step(other, 'a');
    expect((await other.state()).groups).toEqual([{}, { rateSum: 0.375 }, { rateSum: 0.75 }, {}]);
    optimizer.dispose();
    other.dispose();
  });

  it.each<[readonly object[] | undefined, string]>([
    [[{}, { rateSum: 1 }, { rateSum: 1 }, {}, {}], '{} {rateSum} {rateSum} {} {}'],
    [[{}, { rateSum: 1 }], '{} {rateSum}'],
    [[{}, { rateSum: 1, a: 1 }, { rateSum: 1 }, {}], '{} {a, rateSum} {rateSum} {}'],
    [[], 'of no group'],
    [undefined, 'of no group'],
  ])('that are %j are refused, and nothing changes', async (groups, shown) => {
    const optimizer = new Mixed(members);
    step(optimizer, 'b');
    const before = await optimizer.state();
    await expect(optimizer.loadState({ ...before, groups } as never)).rejects.toThrow(
      `saved state of mixed has the group numbers ${shown}, but {} {rateSum} {rateSum} {} are kept`,
    );
    expect(await optimizer.state()).toEqual(before);
    optimizer.dispose();
  });

  it('may be left out behind those of the last group that keeps any', async () => {
    const optimizer = new Mixed(members);
    step(optimizer, 'b');
    const { groups, ...state } = await optimizer.state();
    await optimizer.loadState({ ...state, groups: groups!.slice(0, 3) });
    expect((await optimizer.state()).groups).toEqual(groups);
    optimizer.dispose();
  });

  it('are no part of a state where no group keeps any', async () => {
    const optimizer = new Mixed([members[0]!, members[2]!]);
    step(optimizer, 'a');
    expect(await optimizer.state()).not.toHaveProperty('groups');
    optimizer.dispose();
  });
});

describe('a name that tfjs may have made unique', () => {
  const named = (...names: string[]): void => {
    tf.dispose(variables);
    variables = names.map((name) => tf.variable(tf.ones([1]), true, name));
  };
  const rates = (list: readonly OptimizerMember[], ...names: string[]): number[] => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    named(...names);
    const optimizer = new Mixed(list);
    step(optimizer, ...names);
    optimizer.dispose();
    return valuesOf().map((value) => 1 - value);
  };
  const member = (
    match: string | undefined,
    learningRate: number,
    groups: object[] = [],
  ): OptimizerMember => ({
    ...(match === undefined ? {} : { match }),
    rule: descent,
    options: { learningRate, groups },
  });
  const rest = member(undefined, 0.125);

  it('is taken by the member or group that selects the name its layer asked for', () => {
    expect(rates([member('d/bias', 0.5), rest], 'd/bias_1')).toEqual([0.5]);
    expect(rates([member('d/*', 0.5, [{ match: '**/bias', learningRate: 0.25 }]), rest], 'd/bias_1')).toEqual(
      [
        // The member selects the very name, and stands before the one that would select the other.
        0.5,
      ],
    );
    expect(rates([rest, member('d/bias', 0.5)], 'd/bias_1')).toEqual([0.125]);
  });

  it('counts as it is where something selects it so', () => {
    expect(rates([member('d/bias', 0.5), member('d/bias_1', 0.25), rest], 'd/bias_1')).toEqual([0.25]);
    expect(
      rates(
        [
          member(undefined, 0.125, [
            { match: 'd/bias', learningRate: 0.5 },
            { match: 'd/bias_1', learningRate: 0.25 },
          ]),
        ],
        'd/bias_1',
      ),
    ).toEqual([0.25]);
  });

  it('is taken by no member at all only if neither name is selected', () => {
    expect(rates([member('d/bias', 0.5)], 'd/bias_2')).toEqual([0.5]);
    named('e/bias_2');
    expect(() => step(new Mixed([member('d/bias', 0.5)]), 'e/bias_2')).toThrow(
      'mixed: no member matches variable "e/bias_2"',
    );
  });
});

it('several members are the same in float64', () => {
  const optimizer = new Float64Optimizer(members);
  for (const name of ['a', 'b', 'c', 'd']) optimizer.add({ name, shape: [1], size: 1 }, [1]);
  optimizer.step({ a: [1], b: [1], c: [1], d: [1] });
  const values = ['a', 'b', 'c', 'd'].map((name) => optimizer.value(name)[0]!);
  expect(values.slice(0, 3)).toEqual([0.25, 0.75, 0.875]);
  // 0.75 / (1 + 1e-8) from 1; the corrections of the moments divide to within rounding.
  expect(values[3]).toBeCloseTo(0.25, 7);
  optimizer.setHyperparameter('learningRate', 0.5, { member: 1, group: 0 });
  optimizer.step({ c: [1] });
  expect(optimizer.value('c')[0]).toBe(0.375);
});
