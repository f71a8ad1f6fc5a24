import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  defineUpdateRule,
  Float64Optimizer,
  flag,
  likeParameter,
  mul,
  oneOf,
  optimizerClass,
  positiveInteger,
  recordOf,
  sub,
  transform,
  type UpdateRule,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

describe('a setting', () => {
  it('of words takes one of them', () => {
    const setting = oneOf(['mean', 'sum'], 'sum', 'How');
    expect(setting).toMatchObject({ default: 'sum', description: 'How', choices: ['mean', 'sum'] });
    for (const word of ['mean', 'sum']) expect(setting.check(word)).toBeUndefined();
    for (const other of ['Mean', '', 0, undefined]) {
      expect(setting.check(other)).toBe('must be one of mean, sum');
    }
  });

  it('of true or false takes those', () => {
    const setting = flag(true, 'Whether');
    expect(setting).toMatchObject({ default: true, description: 'Whether' });
    for (const value of [true, false]) expect(setting.check(value)).toBeUndefined();
    for (const other of [0, 'true', null, undefined]) {
      expect(setting.check(other)).toBe('must be true or false');
    }
  });

  it('that counts takes whole numbers from 1', () => {
    const setting = positiveInteger(5, 'How many');
    expect(setting).toMatchObject({ default: 5, description: 'How many' });
    for (const value of [1, 2, 2 ** 53 - 1]) expect(setting.check(value)).toBeUndefined();
    for (const other of [0, -1, 1.5, '1', 2 ** 53, Infinity, Number.NaN]) {
      expect(setting.check(other)).toBe('must be an integer from 1');
    }
  });
});

const paper = { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' };

/** Descent with decay by default, a setting, and two options that do not go together. */
const rule = defineUpdateRule({
  name: 'bound',
  title: 'Bound',
  paper,
  hyperparameters: {
    learningRate: { default: 0.5, minimum: 0, description: 'Step size' },
    momentum: { default: 0, minimum: 0, maximum: 1, description: 'Decay' },
  },
  settings: { nesterov: flag(false, 'Look ahead') },
  defaults: { weightDecay: 0.5, weightDecayMode: 'fixed' },
  check: ({ settings, constant }) =>
    settings.nesterov && constant('momentum') === 0 ? 'nesterov needs a momentum above 0' : undefined,
  slots: () => ({}),
  update: ({ parameter, gradient }, { learningRate }) => ({
    parameter: sub(parameter, mul(learningRate, gradient)),
  }),
});
const Bound = optimizerClass(rule, 'SteepestTestBound');

describe('defaults of a rule', () => {
  const after = (options: object): number => {
    const optimizer = new Float64Optimizer([{ rule: rule as unknown as UpdateRule, options }]);
    optimizer.add({ name: 'weight', shape: [1], size: 1 }, [8]);
    optimizer.step({ weight: [2] });
    return optimizer.value('weight')[0]!;
  };

  it('hold for its decay where no option is given', () => {
    // 8 (1 - d) - lr g with d = 0.5 of the rule.
    expect(after({})).toBe(3);
    expect(after({ weightDecay: 0.25 })).toBe(5);
    expect(after({ weightDecay: 0 })).toBe(7);
    // 8 (1 - lr d) - lr g.
    expect(after({ weightDecayMode: 'decoupled' })).toBe(5);
    expect(after({ weightDecay: undefined, weightDecayMode: undefined })).toBe(3);
  });

  it('hold in groups that set none, below those of the optimizer', () => {
    expect(after({ groups: [{ match: '*' }] })).toBe(3);
    expect(after({ weightDecay: 0.25, groups: [{ match: '*', weightDecayMode: 'decoupled' }] })).toBe(6);
    expect(new Bound().weightDecay).toBe(0.5);
  });
});

describe('options that do not go together', () => {
  it('are refused at construction, in a group, and when one is set', () => {
    expect(() => new Bound({ nesterov: true })).toThrow(
      new Error('bound: nesterov needs a momentum above 0'),
    );
    expect(() => new Bound({ groups: [{ match: 'a', nesterov: true }] })).toThrow(
      new Error('bound groups[0]: nesterov needs a momentum above 0'),
    );
    const optimizer = new Bound({ momentum: 0.5, groups: [{ match: 'a', nesterov: true }] });
    expect(() => {
      optimizer.momentum = 0;
    }).toThrow('bound groups[0]: nesterov needs a momentum above 0');
    expect(optimizer.momentum).toBe(0.5);
    // A schedule is no constant, and may be 0 at some step.
    optimizer.setHyperparameter('momentum', () => 0);
    expect(optimizer.momentum).toBe(0);
  });
});

describe('a range', () => {
  it.each<[number, boolean]>([
    [0, true],
    [1, true],
    [-Number.MIN_VALUE, false],
    [1 + Number.EPSILON, false],
  ])('from 0 to 1 holds %d: %s', (momentum, holds) => {
    const make = () => new Bound({ momentum });
    if (holds) expect(make).not.toThrow();
    else {
      expect(make).toThrow(
        `bound: momentum must be a finite number, at least 0 and at most 1, or a schedule of such numbers, got ${momentum}`,
      );
    }
  });

  it('of any finite number, at most one, or below one is said', () => {
    const of = (spec: object) =>
      optimizerClass(
        defineUpdateRule({
          ...descentRule,
          name: 'ranged',
          hyperparameters: { learningRate: { default: 0, description: 'Step size', ...spec } },
        } as never),
        'SteepestTestRanged',
      ) as unknown as new (
        options: object,
      ) => object;
    const message = (spec: object, value: unknown): string => {
      try {
        new (of(spec))({ learningRate: value });
        return 'taken';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const or = ', or a schedule of such numbers, got';
    expect(message({}, Infinity)).toBe(`ranged: learningRate must be a finite number${or} Infinity`);
    expect(message({}, -5)).toBe('taken');
    expect(message({ maximum: 2 }, 3)).toBe(
      `ranged: learningRate must be a finite number and at most 2${or} 3`,
    );
    expect(message({ below: 2 }, 2)).toBe(`ranged: learningRate must be a finite number and below 2${or} 2`);
    expect(message({ below: 2 }, 1.5)).toBe('taken');
    expect(message({ maximum: 2 }, 2)).toBe('taken');
  });
});

describe('the record of a rule', () => {
  const recordWith = (methods: Partial<UpdateRule>) =>
    recordOf({ ...(descentRule as unknown as UpdateRule), ...methods });

  it('has the bytes of its slots for a matrix of 1024 x 1024', () => {
    const stateOf = (slots: UpdateRule['slots']) =>
      recordWith({ slots, update: ({ parameter, gradient: _, ...kept }) => ({ parameter, ...kept }) })
        .stateBytesPerParameter;
    expect(stateOf(() => ({}))).toBe(0);
    expect(stateOf(() => ({ a: likeParameter, b: likeParameter }))).toBe(8);
    // A row of 1024 numbers, and two matrices of as many as the parameter has.
    expect(stateOf(() => ({ row: { shape: [1, 1024] } }))).toBe(4 / 1024);
    expect(stateOf(() => ({ left: { shape: [1024, 1024] }, scalar: { shape: [] } }))).toBe(4 + 4 / 1024 ** 2);
    // As many as the default options ask for, a default decay included.
    expect(
      recordWith({
        slots: ({ constant }) => (constant('weightDecay') === 0.5 ? { a: likeParameter } : {}),
        update: ({ parameter, gradient: _, ...kept }) => ({ parameter, ...kept }),
        defaults: { weightDecay: 0.5 },
      }).stateBytesPerParameter,
    ).toBe(4);
    const slots: UpdateRule['slots'] = ({ constant }) =>
      constant('weightDecay') === undefined ? { a: likeParameter } : {};
    const update: UpdateRule['update'] = ({ parameter, gradient: _, ...kept }) => ({ parameter, ...kept });
    expect(
      recordWith({ slots, update, defaults: { weightDecay: (() => 1) as never } }).stateBytesPerParameter,
    ).toBe(4);
    expect(recordWith({ slots, update }).stateBytesPerParameter).toBe(0);
  });

  it('is that of its default settings', () => {
    const settings = { wide: flag(true, 'Keeps two'), form: oneOf(['plain', 'other'], 'plain', 'Form') };
    const wide = recordWith({
      settings,
      slots: ({ settings: { wide: isWide, form } }): Record<string, typeof likeParameter> => ({
        ...(isWide ? { a: likeParameter, b: likeParameter } : {}),
        ...(form === 'plain' ? { c: likeParameter } : {}),
      }),
      update: ({ parameter, gradient: _, ...kept }) => ({ parameter, ...kept }),
    });
    expect(wide.stateBytesPerParameter).toBe(12);
  });

  it('knows what suites have to know of it', () => {
    const none = { signBased: false, ownsDecay: false, refresh: false, average: false, transforms: false };
    expect(recordWith({}).capabilities).toEqual(none);
    expect(recordWith({ signBased: true }).capabilities).toEqual({ ...none, signBased: true });
    expect(recordWith({ ownsDecay: true }).capabilities).toEqual({ ...none, ownsDecay: true });
    const same = { name: 'same', shape: [1024, 1024], onTensors: () => null!, inFloat64: () => null! };
    expect(
      recordWith({
        update: ({ parameter, gradient }) => ({
          parameter: sub(parameter, mul(2, transform(same, [gradient]))),
        }),
      }).capabilities,
    ).toEqual({ ...none, transforms: true });
  });

  it('lists settings with their defaults and descriptions', () => {
    expect(recordOf(rule as unknown as UpdateRule)).toMatchObject({
      name: 'bound',
      title: 'Bound',
      paper,
      settings: [{ name: 'nesterov', default: false, description: 'Look ahead' }],
      hyperparameters: [
        { name: 'learningRate', default: 0.5, description: 'Step size' },
        { name: 'momentum', default: 0, description: 'Decay' },
      ],
    });
  });
});
