import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  defineUpdateRule,
  type EngineOptions,
  lerp,
  likeParameter,
  mul,
  neg,
  Optimizer,
  optimizerClass,
  sign,
  sub,
  type UpdateRule,
} from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  type Check,
  goldenChecks,
  type RecordedMember,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '../src/index.ts';

// Sign momentum on two weights, worked out by hand: m = g / 2 + m / 2, p -= rate * sign(m).
const byHand: Trajectory = {
  optimizer: 'sign-momentum',
  case: 'by-hand',
  source: 'worked out by hand',
  hyper: { learningRate: 0.25 },
  params: [{ name: 'golden-checks-weight', shape: [2], role: 'matrix', init: [1, -1] }],
  learningRates: [0.25, 0.125],
  grads: [[[2, -4]], [[-1, 2]]],
  expected: { steps: [1, 2], params: [[[0.75, -0.75]], [[0.75, -0.75]]], state: { momentum: [[0, 0]] } },
};

const rule = defineUpdateRule({
  name: 'sign-momentum',
  title: 'Sign momentum',
  paper: { authors: 'none', year: 2026, title: 'none', source: 'none' },
  hyperparameters: { learningRate: { default: 0.1, minimum: 0, description: 'Step size' } },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum: previous }, { learningRate }) {
    const momentum = lerp(gradient, previous!, 0.5);
    return { parameter: sub(parameter, mul(learningRate, sign(momentum))), momentum };
  },
});

/** Several optimizers over one model. */
class Combined extends Optimizer {
  constructor(members: readonly RecordedMember[], options: EngineOptions) {
    super(
      'combined',
      members.map(({ match, optimizer }) => ({
        ...optimizer.member(),
        ...(match === undefined ? {} : { match }),
      })),
      options,
    );
  }
  override describe = () => rule as never;
  override getConfig = () => ({});
}

type TestedRule = UpdateRule<'learningRate', Record<never, never>>;
let made = 0;

/** What the checks of a run say: an error for each that fails. */
async function errors(
  tested: TestedRule,
  trajectory: Trajectory = byHand,
  uncomparedSlots: readonly string[] = [],
): Promise<string[]> {
  const optimizer = optimizerClass(tested, `GoldenChecks${++made}`);
  const golden = { optimizer, trajectories: [trajectory], optionsOf: recordedOptions, uncomparedSlots };
  return messages(goldenChecks(golden));
}

async function messages(checks: readonly Check[]): Promise<string[]> {
  expect(checks).toHaveLength(2);
  const outcomes = await Promise.allSettled(checks.map(({ run }) => run()));
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
}

/** The run by hand with another expectation. */
const expecting = (expected: Partial<Trajectory['expected']>): Trajectory => ({
  ...byHand,
  expected: { ...byHand.expected, ...expected },
});

describe('goldenChecks', () => {
  it('pass for the rule that made the run', async () => {
    expect(await errors(rule)).toEqual([]);
  });

  it('all fail when the sign of the update is flipped', async () => {
    const flipped: TestedRule = {
      ...rule,
      update: (...given) => {
        const [{ parameter }, { learningRate }] = given;
        const { momentum } = rule.update(...given);
        return { parameter: sub(parameter, mul(learningRate, neg(sign(momentum!)))), momentum: momentum! };
      },
    };
    expect(await errors(flipped)).toHaveLength(2);
  });

  it('all fail when the parameters are right and the state is not', async () => {
    const doubled: TestedRule = {
      ...rule,
      update: (...given) => {
        const { parameter, momentum } = rule.update(...given);
        return { parameter: parameter!, momentum: mul(momentum!, 2) };
      },
    };
    const oneStep: Trajectory = {
      ...byHand,
      learningRates: [0.25],
      grads: [byHand.grads[0]!],
      expected: { steps: [1], params: [byHand.expected.params[0]!], state: { momentum: [[1, -2]] } },
    };
    expect(await errors(rule, oneStep)).toEqual([]);
    expect(await errors(doubled, oneStep)).toEqual([
      expect.stringContaining(
        'deviates by 1.00e+0, more than 1e-12; worst: momentum of golden-checks-weight[1] is -4, recorded -2',
      ),
      expect.stringContaining(
        'deviates by 1.00e+0, more than 0.00001; worst: momentum of golden-checks-weight[1]',
      ),
    ]);
  });

  it('fail on a value that is not a number', async () => {
    const spoilt: TestedRule = {
      ...rule,
      update: (...given) => ({ ...rule.update(...given), parameter: mul(given[0].parameter, Number.NaN) }),
    };
    expect(await errors(spoilt)).toHaveLength(2);
  });

  it('fail where state is recorded under another name, unless both names are excepted', async () => {
    const renamed = expecting({ state: { exp_avg: [[99, 99]] } });
    const message =
      'state that was not compared: "momentum" of golden-checks-weight is kept and not recorded; ' +
      '"exp_avg" of golden-checks-weight is recorded and not kept. ' +
      'Record it under the name of the slot, or name it in uncomparedSlots';
    expect(await errors(rule, renamed)).toEqual([`Error: ${message}`, `Error: ${message}`]);
    expect(await errors(rule, renamed, ['exp_avg'])).toHaveLength(2);
    expect(await errors(rule, renamed, ['momentum'])).toHaveLength(2);
    expect(await errors(rule, renamed, ['exp_avg', 'momentum'])).toEqual([]);
  });

  it('fail where no state is recorded, and where a slot is recorded as null', async () => {
    expect(await errors(rule, expecting({ state: {} }))).toHaveLength(2);
    expect(await errors(rule, expecting({ state: { momentum: [null] } }))).toHaveLength(2);
  });

  it('compare on tensors how many gradients a parameter received, where that was recorded', async () => {
    expect(await errors(rule, expecting({ state: { momentum: [[0, 0]], step: [[2]] } }))).toEqual([]);
    expect(await errors(rule, expecting({ state: { momentum: [[0, 0]], step: [[3]] } }))).toHaveLength(1);
  });

  it.each<[string, Partial<Trajectory>, string]>([
    [
      'a step that is never reached',
      { expected: { ...byHand.expected, steps: [1, 3] } },
      'expected.steps[1] is 3, which the run of 2 steps never reaches',
    ],
    ['no steps', { expected: { ...byHand.expected, steps: [], params: [] } }, 'expected.steps is empty'],
    ['a step twice', { expected: { ...byHand.expected, steps: [2, 2] } }, 'expected.steps has a step twice'],
    [
      'parameters after one of two steps',
      { expected: { ...byHand.expected, params: [[[1, 1]]] } },
      'expected.params needs 2 entries',
    ],
    [
      'a parameter too few',
      { expected: { ...byHand.expected, params: [[], [[0.75, -0.75]]] } },
      'expected.params[0] must hold 1 entries',
    ],
    [
      'an average too few',
      { expected: { ...byHand.expected, averages: [[[0, 0]]] } },
      'expected.averages needs 2 entries',
    ],
    [
      'state of another parameter',
      { expected: { ...byHand.expected, state: { momentum: [[0, 0], [0]] } } },
      'expected.state.momentum needs 1 entries',
    ],
    [
      'a gradient of another size',
      { grads: [[[1]], [[1, 1]]] },
      'grads[0][0] (golden-checks-weight) has 1 numbers, not 2',
    ],
    [
      'a gradient that is no number',
      { grads: [[[Number.NaN, 1]], [[1, 1]]] },
      'must be a list of finite numbers',
    ],
    ['a learning rate too few', { learningRates: [0.25] }, 'learningRates has 1 numbers, not 2'],
    [
      'an unknown group of learning rates',
      { params: [{ ...byHand.params[0]!, learningRateGroup: 'last' }] },
      'has the learningRateGroup "last", which groupLearningRates does not list',
    ],
    ['a refresh too few', { refreshGrads: [null] }, 'refreshGrads needs 2 entries'],
  ])('fail where the run records %s', async (_, changes, message) => {
    const found = await errors(rule, { ...byHand, ...changes });
    expect(found).toEqual([expect.stringContaining(message), expect.stringContaining(message)]);
    expect(found[0]).toContain('the recorded run sign-momentum/by-hand is malformed');
  });
});

// Worked out by hand: m = g / 2 + m / 2 in every one of these, p -= rate * m.
describe('goldenChecks of runs with', () => {
  const [a, b] = [
    { name: 'golden-checks-a', shape: [1], role: 'matrix', init: [1] },
    { name: 'golden-checks-b', shape: [1], role: 'norm', init: [2] },
  ];
  const averaged: TestedRule = {
    ...rule,
    name: 'averaged',
    signBased: false,
    update({ parameter, gradient, momentum: previous }, { learningRate }) {
      const momentum = lerp(gradient, previous!, 0.5);
      return { parameter: sub(parameter, mul(learningRate, momentum)), momentum };
    },
  };
  const run = (changes: Partial<Trajectory>): Trajectory => ({ ...byHand, params: [a!, b!], ...changes });

  it('missing gradients that were taken for zeros, or left alone', async () => {
    const grads = [
      [[2], [4]],
      [null, [4]],
    ];
    // a: m = 1, p = 1 - 0.25; then with zeros m = 0.5, p -= 0.125 * 0.5.
    const zero = run({
      grads,
      missingGradients: 'zero',
      expected: { steps: [2], params: [[[0.6875], [1.125]]], state: { momentum: [[0.5], [3]] } },
    });
    const skip = run({
      grads,
      expected: { steps: [2], params: [[[0.75], [1.125]]], state: { momentum: [[1], [3]] } },
    });
    expect(await errors(averaged, zero)).toEqual([]);
    expect(await errors(averaged, skip)).toEqual([]);
    expect(await errors(averaged, { ...zero, missingGradients: 'skip' })).toHaveLength(2);
    expect(await errors(averaged, { ...skip, missingGradients: 'zero' })).toHaveLength(2);
  });

  it('a parameter that never had a gradient, whose state was recorded as zeros', async () => {
    const grads = [[[2], null]];
    const never = (momentum: number) =>
      run({
        grads,
        learningRates: [0.25],
        expected: { steps: [1], params: [[[0.75], [2]]], state: { momentum: [[1], [momentum]] } },
      });
    expect(await errors(averaged, never(0))).toEqual([]);
    expect(await errors(averaged, never(0.5))).toHaveLength(2);
  });

  const twoRates = run({
    params: [a!, { ...b!, learningRateGroup: 'last' }],
    learningRates: [0.5, 0.5],
    groupLearningRates: { last: [0.25, 0] },
    grads: [
      [[2], [4]],
      [[2], [4]],
    ],
    // a: m = 1, 1.5; b: m = 2, 3, of which only the first moves it.
    expected: { steps: [2], params: [[[-0.25], [1.5]]], state: { momentum: [[1.5], [3]] } },
  });

  it('two lists of learning rates', async () => {
    expect(await errors(averaged, twoRates)).toEqual([]);
    const exchanged = { ...twoRates, params: [{ ...a!, learningRateGroup: 'last' }, b!] };
    expect(await errors(averaged, exchanged)).toHaveLength(2);
  });

  it('several optimizers, combined', async () => {
    const [First, Second] = [1, 2].map(() => optimizerClass(averaged, `GoldenChecks${++made}`));
    const Signs = optimizerClass(rule, `GoldenChecks${++made}`);
    const golden = (other: typeof Second) => ({
      trajectories: [twoRates],
      membersOf: (trajectory: Trajectory) => [
        { match: { role: 'matrix' }, optimizer: new First!(recordedOptions(trajectory)) },
        { optimizer: new other!(recordedOptions(trajectory)) },
      ],
      combine: (members: readonly RecordedMember[], options: EngineOptions) => new Combined(members, options),
    });
    expect(await messages(goldenChecks(golden(Second)))).toEqual([]);
    expect(await messages(goldenChecks(golden(Signs)))).toHaveLength(2);
  });

  const refreshed: TestedRule = {
    ...averaged,
    name: 'refreshed',
    slots: () => ({ scale: likeParameter }),
    update: ({ parameter, gradient, scale }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, mul(scale!, gradient))),
      scale: scale!,
    }),
    refresh: ({ gradient, scale }) => ({ scale: lerp(gradient, scale!, 0.5) }),
  };
  // The first step is with scale 0; then scale = 3, and the refresh after the second halves it.
  const refreshes: Trajectory = {
    ...byHand,
    params: [a!],
    refreshGrads: [[[6]], [[0]]],
    grads: [[[2]], [[2]]],
    expected: { steps: [1, 2], params: [[[1]], [[0.25]]], state: { scale: [[1.5]] } },
  };

  it('refreshes, and none for a rule that refreshes', async () => {
    expect(await errors(refreshed, refreshes)).toEqual([]);
    expect(await errors(refreshed, { ...refreshes, refreshGrads: [null, [[6]]] })).toHaveLength(2);
    const { refreshGrads: _, ...without } = refreshes;
    const still = {
      ...without,
      expected: { ...without.expected, params: [[[1]], [[1]]], state: { scale: [[0]] } },
    };
    expect(await errors(refreshed, still)).toEqual([
      expect.stringContaining(
        'refreshed refreshes an estimate, and the run has no refresh: record refreshGrads',
      ),
    ]);
  });

  it('averages, and none for a rule that evaluates with one', async () => {
    const evaluated: TestedRule = {
      ...averaged,
      name: 'evaluated',
      average: ({ parameter, momentum }) => sub(parameter, momentum!),
    };
    const averages: Trajectory = {
      ...byHand,
      params: [a!],
      grads: [[[2]], [[2]]],
      // m = 1, 1.5; p = 1 - 0.25 * 1 - 0.125 * 1.5.
      expected: {
        steps: [1, 2],
        params: [[[0.75]], [[0.5625]]],
        averages: [[[-0.25]], [[-0.9375]]],
        state: { momentum: [[1.5]] },
      },
    };
    expect(await errors(evaluated, averages)).toEqual([]);
    const wrong = { ...averages.expected, averages: [[[-0.25]], [[-1]]] };
    expect(await errors(evaluated, { ...averages, expected: wrong })).toHaveLength(2);
    const { averages: _, ...without } = averages.expected;
    expect(await errors(evaluated, { ...averages, expected: without })).toEqual([
      expect.stringContaining(
        'evaluated evaluates with an average, and the run has none: record expected.averages',
      ),
    ]);
  });
});

describe('readTrajectories', () => {
  it('refuses a folder without recorded runs', () => {
    expect(() => readTrajectories(new URL('.', import.meta.url))).toThrow('there are no recorded runs in');
  });

  it('names the file that holds a malformed run', () => {
    const folder = mkdtempSync(join(tmpdir(), 'runs-'));
    const read = (text: string) => () => {
      writeFileSync(join(folder, 'wrong.json'), text);
      return readTrajectories(pathToFileURL(`${folder}/`));
    };
    try {
      expect(read(JSON.stringify(byHand))()).toEqual([byHand]);
      const early = JSON.stringify({ ...byHand, expected: { ...byHand.expected, steps: [0, 1] } });
      expect(read(early)).toThrow(
        /wrong\.json: the recorded run sign-momentum\/by-hand is malformed: expected\.steps\[0\] is 0/,
      );
      expect(read('{}')).toThrow(/wrong\.json: /);
      expect(read('{"a":')).toThrow(/wrong\.json: /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
