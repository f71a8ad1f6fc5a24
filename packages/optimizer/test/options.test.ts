import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { optimizerClass } from '../src/index.ts';
import { Descent, Moments, momentsRule, TestModel } from './test-rules.ts';

const known =
  'learningRate, beta1, beta2, epsilon, flavour, weightDecay, weightDecayMode, trainable, stateFormat, stateMinimumSize';

describe('an option is refused', () => {
  it.each([
    [
      { learningrate: 0.1 },
      `moments has no option "learningrate"; did you mean "learningRate"? Known options: ${known}, groups, peakLearningRate, clipGlobalNorm, clipEpsilon, clipValue, accumulationSteps, maximize, skipNonFinite, lazyRows, gradientFilter, cautious, averageDecay, recordMetrics`,
    ],
    [
      { learningRate: '0.1' },
      'moments: learningRate must be a finite number and at least 0, or a schedule of such numbers, got "0.1" (string)',
    ],
    [
      { beta1: 1 },
      'moments: beta1 must be a finite number, at least 0 and below 1, or a schedule of such numbers, got 1',
    ],
    [
      { epsilon: Number.NaN },
      'moments: epsilon must be a finite number and at least 0, or a schedule of such numbers, got NaN',
    ],
    [
      { weightDecay: -1 },
      'moments: weightDecay must be a finite number and at least 0, or a schedule of such numbers, got -1',
    ],
    [
      { weightDecayMode: 'L2' },
      'moments: weightDecayMode must be one of decoupled, independent, fixed, l2, got "L2" (string)',
    ],
    [{ flavour: 3 }, 'moments: flavour must be plain_flavour or otherFlavour, got 3'],
    [{ trainable: 'no' }, 'moments: trainable must be true or false, got "no" (string)'],
    [{ clipGlobalNorm: 0 }, 'moments: clipGlobalNorm must be a positive number, got 0'],
    [
      { peakLearningRate: -1 },
      'moments: peakLearningRate must be a finite number and at least 0, or a schedule of such numbers, got -1',
    ],
    [{ groups: { match: '*' } }, 'moments: groups must be a list, got {"match":"*"} (object)'],
    [{ groups: [{ beta1: 0.5 }] }, 'moments groups[0] needs a match: a glob, a pattern or a function'],
    [
      { groups: [{ match: '*', beta: 0.5 }] },
      `moments groups[0] has no option "beta"; did you mean "beta1"? Known options: ${known}, match`,
    ],
    [
      { groups: [{ match: { nam: '*' } }] },
      'match has the unknown key "nam"; known keys: name, role, rank, minimumSize, maximumSize, anyOf, allOf, not',
    ],
    [{ groups: [{ match: {} }] }, 'match is an empty pattern: it would select nothing on purpose'],
    [{ groups: [{ match: 3 }] }, 'match must be a name glob, a pattern or a function, got 3'],
    [
      { learningRate: () => 0.1, weightDecay: 0.1, weightDecayMode: 'independent' },
      'moments: weightDecayMode "independent" divides by the peak learning rate, which is not known here; give peakLearningRate as a positive number',
    ],
  ])('%o', (options, message) => {
    expect(() => new Moments(options as never)).toThrow(new Error(message));
  });

  it('that is not an object', () => {
    expect(() => new Descent(0.1 as never)).toThrow(
      'descent: options must be an object such as { learningRate: 1e-3 }, got 0.1',
    );
  });

  it('when a schedule leaves its range, naming the step', () => {
    const model = new TestModel();
    const optimizer = new Moments({ learningRate: (step) => 2 - step });
    model.train(optimizer, 1, 2);
    expect(() => model.train(optimizer, 3, 3)).toThrow(
      'moments: the schedule of learningRate must give a finite number and at least 0, gave -1 at step 3',
    );
    model.dispose();
    optimizer.dispose();
  });
});

describe('a schedule that gives no number', () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [undefined, 'undefined (undefined)'],
    [null, 'null (null)'],
    ['0.1', '"0.1" (string)'],
    [true, 'true (boolean)'],
    [[0.1], '[0.1] (object)'],
    [{}, '{} (object)'],
    [Promise.resolve(0.1), 'a promise'],
    [() => 0.1, 'a function'],
  ];
  it.each(wrong)('%o is said, with the step, and nothing moves', async (value, shown) => {
    for (const name of ['learningRate', 'beta1', 'weightDecay', 'averageDecay']) {
      const model = new TestModel();
      const optimizer = new Moments({ [name]: (step: number) => (step === 3 ? value : 0.5) } as never);
      model.train(optimizer, 1, 2);
      const before = [await model.values(), await optimizer.state()];
      expect(() => model.train(optimizer, 3, 3)).toThrow(
        `moments: the schedule of ${name} must give a finite number`,
      );
      expect(() => model.train(optimizer, 3, 3)).toThrow(`gave ${shown} at step 3`);
      expect([await model.values(), await optimizer.state()]).toEqual(before);
      model.dispose();
      optimizer.dispose();
    }
  });
});

describe('an option of another type is refused', () => {
  const circle: { self?: object } = {};
  circle.self = circle;
  const others = [circle, null, '1', '', Number.NaN, [], [1], {}, true, Symbol.iterator, 10n];
  it.each([
    ...['learningRate', 'beta1', 'weightDecay', 'peakLearningRate', 'averageDecay'],
    ...['clipGlobalNorm', 'clipValue', 'accumulationSteps', 'maximize', 'skipNonFinite', 'recordMetrics'],
    ...['weightDecayMode', 'flavour', 'groups', 'trainable'],
  ])('%s', (name) => {
    for (const value of others) {
      if (value === true && ['maximize', 'skipNonFinite', 'recordMetrics', 'trainable'].includes(name))
        continue;
      if (Array.isArray(value) && value.length === 0 && name === 'groups') continue;
      const where = name === 'groups' ? /^moments/ : `moments: ${name} must be`;
      expect(() => new Moments({ [name]: value } as never), `${name}: ${String(value)}`).toThrow(where);
    }
  });
});

it('undefined means the default, so options may be passed on', () => {
  expect(() => new Moments({ learningRate: undefined } as never)).not.toThrow();
});

it('an optimizer describes the settings that its rule recommends', () => {
  const recommended = [
    { scale: 'small', settings: { learningRate: 0.5 }, remark: 'constant', source: 'the paper, section 1' },
  ];
  const Recommended = optimizerClass({ ...momentsRule, recommended }, 'SteepestTestRecommended');
  expect(new Recommended().describe().recommended).toEqual(recommended);
});

it('an optimizer describes itself: options with defaults, paper, bytes of state', () => {
  const record = new Moments().describe();
  expect(record).toMatchObject({
    name: 'moments',
    title: 'Moments',
    paper: momentsRule.paper,
    recommended: [],
    // Two float32 slots.
    stateBytesPerParameter: 8,
  });
  expect(record.hyperparameters.map(({ name, default: value }) => [name, value])).toEqual([
    ['learningRate', 0.01],
    ['beta1', 0.9],
    ['beta2', 0.99],
    ['epsilon', 1e-8],
  ]);
  expect(record.settings).toEqual([
    { name: 'flavour', description: 'plain_flavour or otherFlavour', default: 'plain_flavour' },
  ]);
});
