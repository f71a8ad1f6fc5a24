import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  defineUpdateRule,
  likeParameter,
  type Optimizer,
  optimizerClass,
  type StepEvent,
} from '../src/index.ts';
import { registerImitation } from './imitation-backend.ts';
import { Descent, descentRule, Moments } from './test-rules.ts';

let weight: tf.Variable;
beforeEach(async () => {
  await tf.setBackend('cpu');
  weight = tf.variable(tf.tensor1d([4]), true, 'weight');
});
afterEach(() => {
  weight.dispose();
  vi.restoreAllMocks();
});
const step = (optimizer: Optimizer, gradient = 1): void =>
  tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([gradient]) }));
const value = (): number => weight.dataSync()[0]!;

it.each<[string, (optimizer: Optimizer) => Promise<void>]>([
  [
    'loadState',
    async (o) => o.loadState({ schemaVersion: 1, optimizer: 'descent', step: 7, parameters: {} }),
  ],
  ['setWeights', async (o) => o.setWeights([])],
])('a step while %s is under way is kept, and the state is not loaded', async (_, load) => {
  const optimizer = new Descent({ learningRate: 1 });
  const loading = load(optimizer);
  step(optimizer);
  await expect(loading).rejects.toThrow(
    'descent was trained while its state was being loaded; await that first',
  );
  expect([value(), optimizer.iterations]).toEqual([3, 1]);
  optimizer.dispose();
});

describe('calls that have to wait', () => {
  const at = (steps: number) => ({
    schemaVersion: 1 as const,
    optimizer: 'descent',
    step: steps,
    parameters: {},
  });
  const trained = (steps: number): Optimizer => {
    const optimizer = new Moments();
    for (let count = 1; count <= steps; count++) step(optimizer, count);
    return optimizer;
  };

  it('load one after the other, past those that fail', async () => {
    const optimizer = new Descent();
    const loads = [at(7), { ...at(8), optimizer: 'lion' }, at(9)].map((state) => optimizer.loadState(state));
    const iter = tf.scalar(4, 'int32');
    loads.push(optimizer.setWeights([{ name: 'iter', tensor: iter }]), optimizer.loadState(at(-1)));
    const seen = loads.map((load) => load.then(() => optimizer.iterations, String));
    expect(await Promise.all(seen)).toEqual([
      7,
      'Error: state of "lion" cannot be loaded into "descent"',
      9,
      4,
      'Error: state of "descent": step must be a whole number of at least 0, got -1',
    ]);
    expect(optimizer.iterations).toBe(4);
    iter.dispose();
    optimizer.dispose();
  });

  it('load nothing after a step, also those whose turn comes later', async () => {
    const optimizer = new Descent({ learningRate: 1 });
    const loads = [at(7), at(8)].map((state) => optimizer.loadState(state));
    step(optimizer);
    for (const { status } of await Promise.allSettled(loads)) expect(status).toBe('rejected');
    expect([value(), optimizer.iterations]).toEqual([3, 1]);
    optimizer.dispose();
  });

  it.each(['applied', 'dropped'])('load nothing after micro-batches are %s', async (what) => {
    const optimizer = new Descent({ learningRate: 1, accumulationSteps: 3 });
    step(optimizer);
    const loading = optimizer.loadState(at(7));
    if (what === 'applied') optimizer.applyAccumulated();
    else optimizer.dropAccumulated();
    await expect(loading).rejects.toThrow('descent was trained while its state was being loaded');
    optimizer.dispose();
  });

  it('load the state of the moment of the call, whatever becomes of its arrays', async () => {
    const [first, second] = [trained(2), new Moments()];
    const state = await first.state();
    const before = structuredClone(state);
    const loading = second.loadState(state);
    const { parameters } = state as { parameters: Record<string, { step: number; slots: object }> };
    for (const slot of Object.values(parameters.weight!.slots)) slot.data.fill(9);
    Object.assign(parameters.weight!, { step: 99 });
    Object.assign(state, { step: 99 });
    await loading;
    expect(await second.state()).toEqual(before);
    for (const each of [first, second]) each.dispose();
  });

  it('load elements of a Buffer that are overwritten after the call', async () => {
    const optimizer = new Moments({ stateFormat: '8bit', stateMinimumSize: 1 });
    step(optimizer);
    const state = await optimizer.state();
    const before = structuredClone(state);
    const slots = Object.values(state.parameters.weight!.slots) as { data: Uint8Array }[];
    for (const slot of slots) slot.data = Buffer.from(slot.data);
    const loading = optimizer.loadState(state);
    for (const slot of slots) slot.data.fill(9);
    await loading;
    expect(await optimizer.state()).toEqual(before);
    optimizer.dispose();
  });

  it('give and take the weights of the moment of the call, whatever steps follow', async () => {
    const [first, second] = [trained(2), new Moments()];
    const before = await first.state();
    const tensors = tf.memory().numTensors;
    const saving = first.getWeights();
    step(first, 3);
    const weights = await saving;
    const again = await first.getWeights();
    expect(weights[0]!.tensor.isDisposed).toBe(true);
    const loading = second.setWeights(again);
    const after = await first.state();
    step(first, 4);
    await loading;
    expect(await second.state()).toEqual(after);
    expect(after.step).toBe(3);

    const [one, other] = await Promise.all([second.getWeights(), second.getWeights()]);
    for (const each of [one, other]) {
      const third = new Moments();
      await third.setWeights(each);
      expect(await third.state()).toEqual(after);
      third.dispose();
    }
    second.dispose();
    step(first, 5);
    expect(tf.memory().numTensors).toBe(tensors);

    const late = trained(2);
    const lateBefore = await late.state();
    const lateSaving = late.getWeights();
    step(late, 3);
    await second.setWeights(await lateSaving);
    expect(await second.state()).toEqual(lateBefore);
    expect(lateBefore).toEqual(before);
    for (const each of [first, second, late]) each.dispose();
  });
});

describe('while the average is in', () => {
  it.each<[string, (optimizer: Optimizer) => unknown]>([
    ['take a step', (o) => o.applyGradients({})],
    ['take a step', (o) => o.applyAccumulated()],
    ['refresh', (o) => o.applyRefresh({})],
    ['be saved', (o) => o.state()],
    ['be saved', (o) => o.getWeights()],
    ['load state', (o) => o.loadState({ schemaVersion: 1, optimizer: 'descent', step: 0, parameters: {} })],
    ['load state', (o) => o.setWeights([])],
    ['restore state', (o) => o.claimState([weight])],
    ['drop state', (o) => o.dropState('weight')],
  ])('an optimizer does not %s, and continues afterwards', async (action, call) => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    step(optimizer);
    optimizer.swapInAverage();
    expect(value()).toBe(3.5);
    await expect(async () => call(optimizer)).rejects.toThrow(
      `descent cannot ${action} while the average is in; call swapOutAverage first`,
    );
    expect(value()).toBe(3.5);
    optimizer.swapOutAverage();
    expect([value(), optimizer.iterations]).toEqual([3, 1]);
    await call(optimizer);
    optimizer.dispose();
  });

  it('disposing puts the training value back, and the optimizer may be used again', () => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    step(optimizer);
    optimizer.swapInAverage();
    optimizer.dispose();
    expect(value()).toBe(3);
    step(optimizer);
    expect(value()).toBe(2);
    optimizer.swapInAverage();
    optimizer.dispose();
  });

  it('an optimizer that has an average and has taken no step has nothing to swap', () => {
    const optimizer = new Descent({ averageDecay: 0.5 });
    optimizer.swapInAverage();
    expect(value()).toBe(4);
    optimizer.swapOutAverage();
    optimizer.dispose();
  });
});

describe('micro-batches that are closed or dropped', () => {
  it('are counted, and none are closed where none came', () => {
    const optimizer = new Descent({ learningRate: 1, accumulationSteps: 3 });
    expect([optimizer.applyAccumulated(), optimizer.dropAccumulated(), optimizer.iterations]).toEqual([
      0, 0, 0,
    ]);
    step(optimizer, 2);
    expect([optimizer.applyAccumulated(), optimizer.iterations, value()]).toEqual([1, 1, 2]);
    step(optimizer, 2);
    step(optimizer, 2);
    expect([optimizer.dropAccumulated(), optimizer.dropAccumulated()]).toEqual([2, 0]);
    expect([optimizer.applyAccumulated(), optimizer.iterations, value()]).toEqual([0, 1, 2]);
    // The next step needs three again.
    for (const gradient of [1, 1, 1]) step(optimizer, gradient);
    expect([optimizer.iterations, value()]).toEqual([2, 1]);
    optimizer.dispose();
  });
});

describe('an optimizer that was disposed and is used again', () => {
  it('begins anew: with its first step, and the whole of an accumulation', async () => {
    const schedule = (at: number) => (at === 1 ? 1 : 1000);
    const optimizer = new Descent({ learningRate: schedule, accumulationSteps: 2, skipNonFinite: true });
    for (const gradient of [0, 0, NaN, 8]) step(optimizer, gradient);
    expect(await optimizer.state()).toMatchObject({ step: 1, skippedSteps: 1, microStep: 1 });
    optimizer.dispose();
    const nothing = { schemaVersion: 1, optimizer: 'descent', step: 0, parameters: {} };
    expect(await optimizer.state()).toEqual(nothing);
    // Their mean is 1.
    for (const gradient of [0.5, 1.5]) step(optimizer, gradient);
    expect([optimizer.iterations, value()]).toEqual([1, 3]);
    optimizer.dispose();
  });
});

describe('claimState', () => {
  it('takes no variable that only has the name of one', () => {
    const optimizer = new Descent();
    const gone = tf.variable(tf.zeros([1]), true, 'gone');
    gone.dispose();
    const namesake = { name: 'weight', shape: [1] };
    for (const wrong of [gone, namesake, null]) {
      expect(() => optimizer.claimState([weight, wrong as never])).toThrow(
        'descent: claimState takes variables that exist, of a model such as model.trainableWeights.map((weight) => weight.read())',
      );
    }
  });
});

describe('step hooks', () => {
  it('are called on the object that they are of, each as often as it was added', () => {
    const counting = {
      seen: [] as number[],
      beforeStep(this: { seen: number[] }, { step: now }: StepEvent) {
        this.seen.push(now);
      },
      afterStep(this: { seen: number[] }, { step: now }: StepEvent) {
        this.seen.push(-now);
      },
    };
    const optimizer = new Descent();
    const remove = optimizer.addStepHook(counting);
    optimizer.addStepHook(counting);
    step(optimizer);
    expect(counting.seen).toEqual([1, 1, -1, -1]);
    remove();
    step(optimizer);
    expect(counting.seen).toEqual([1, 1, -1, -1, 2, -2]);
    optimizer.dispose();
  });

  it('may be one of the two alone, and see gradients that are copies, disposed afterwards', () => {
    const optimizer = new Descent({ learningRate: 1 });
    const events: StepEvent[] = [];
    optimizer.addStepHook({ afterStep: (event) => void events.push(event) });
    optimizer.addStepHook({
      beforeStep: ({ gradients }) => {
        expect(gradients.map(({ name }) => name)).toEqual(['weight']);
        gradients[0]!.tensor.dispose();
      },
    });
    const before = tf.memory().numTensors;
    const gradient = tf.tensor1d([3]);
    optimizer.applyGradients({ weight: gradient });
    expect(value()).toBe(1);
    expect(gradient.isDisposed).toBe(false);
    gradient.dispose();
    expect(events[0]!.gradients[0]!.tensor.isDisposed).toBe(true);
    expect(tf.memory().numTensors).toBe(before);
    optimizer.dispose();
  });

  it('that throw leave no tensor of the step behind, and nothing has changed', async () => {
    const optimizer = new Descent({ learningRate: 1 });
    const variable = tf.engine().registeredVariables.weight as tf.Variable;
    const loss = () => tf.sum(tf.square(variable)) as tf.Scalar;
    optimizer.addStepHook({
      beforeStep: () => {
        throw new Error('not now');
      },
    });
    const [before, weight] = [tf.memory().numTensors, value()];
    expect(() => optimizer.minimize(loss)).toThrow('not now');
    expect(() => optimizer.minimize(loss, true, [variable])).toThrow('not now');
    await expect(optimizer.minimizeAsync(loss, true)).rejects.toThrow('not now');
    const twice = 'two gradients are given for variable "weight"';
    expect(() => optimizer.minimize(loss, true, [variable, variable])).toThrow(twice);
    await expect(optimizer.minimizeAsync(loss, true, [variable, variable])).rejects.toThrow(twice);
    expect([tf.memory().numTensors, value(), optimizer.iterations]).toEqual([before, weight, 0]);
    optimizer.dispose();
  });

  it.each([{}, { beforeStep: undefined }, { beforeStep: () => {}, afterStep: 'no' }, 7, undefined])(
    'are no %o',
    (hook) => {
      expect(() => new Descent().addStepHook(hook as never)).toThrow(
        'a step hook must be an object such as { beforeStep: (event) => { ... } }, with afterStep or both, got ',
      );
    },
  );

  it('hear of no step that is skipped', () => {
    const optimizer = new Descent({ skipNonFinite: true });
    const heard = vi.fn();
    optimizer.addStepHook({ beforeStep: heard, afterStep: heard });
    step(optimizer, Number.NaN);
    expect(heard).not.toHaveBeenCalled();
    optimizer.dispose();
  });
});

describe('a backend that cannot be read at once', () => {
  it('is named where skipNonFinite has to read, and nothing has changed', async () => {
    const restore = registerImitation('webgl');
    try {
      await tf.setBackend('webgl');
      const own = tf.variable(tf.tensor1d([4]), true, 'on-device');
      const optimizer = new Descent({ skipNonFinite: true });
      const gradient = tf.tensor1d([1]);
      const before = tf.memory().numTensors;
      const reading = vi.spyOn(tf.Tensor.prototype, 'dataSync').mockImplementation(() => {
        throw new Error('not at once');
      });
      expect(() => optimizer.applyGradients({ 'on-device': gradient })).toThrow(
        expect.objectContaining({
          message:
            'skipNonFinite reads one number per step, which the backend "webgl" cannot do synchronously; ' +
            'await minimizeAsync or applyGradientsAsync instead',
          cause: new Error('not at once'),
        }),
      );
      reading.mockRestore();
      expect([tf.memory().numTensors, optimizer.iterations, own.dataSync()[0]]).toEqual([before, 0, 4]);
      tf.dispose([own, gradient]);
      optimizer.dispose();
    } finally {
      await tf.setBackend('cpu');
      restore();
    }
  });
});

describe('an option of an optimizer', () => {
  it('is no property that lists and copies show, and may be defined anew', () => {
    const optimizer = new Moments({ clipValue: 2 });
    for (const name of ['beta1', 'flavour', 'groups', 'lr']) {
      expect(Object.keys(optimizer)).not.toContain(name);
      expect(Object.getOwnPropertyDescriptor(optimizer, name)).toMatchObject({ configurable: true });
    }
  });

  it('that is settled reads as it was given, or as its default', () => {
    const groups = [{ match: 'weight' }];
    const optimizer = new Moments({
      groups,
      flavour: 'otherFlavour',
      peakLearningRate: 2,
    }) as unknown as Record<string, unknown>;
    expect(optimizer.groups).toEqual(groups);
    expect([optimizer.flavour, optimizer.peakLearningRate]).toEqual(['otherFlavour', 2]);
    expect([optimizer.weightDecayMode, optimizer.accumulationSteps, optimizer.lr]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(new Moments({ accumulationSteps: 3, recordMetrics: true })).toMatchObject({
      accumulationSteps: 3,
      recordMetrics: true,
    });
  });

  it('of another library is refused with the names that this optimizer has', () => {
    const optimizer = new Moments() as unknown as Record<string, unknown>;
    expect(() => {
      optimizer.lr = 1;
    }).toThrow(
      'moments has no option "lr"; did you mean "learningRate"? Known options: learningRate, weightDecay, beta1, beta2, epsilon, flavour, ',
    );
  });

  it('must be an object', () => {
    for (const wrong of [null, 3, 'fast']) {
      expect(() => new Descent(wrong as never)).toThrow(
        `descent: options must be an object such as { learningRate: 1e-3 }, got ${String(wrong)}`,
      );
    }
  });
});

describe('a group', () => {
  it.each<[unknown, string]>([
    [null, 'descent groups[0] must be an object with a match, got null (null)'],
    ['weight', 'descent groups[0] must be an object with a match, got "weight" (string)'],
    [{}, 'descent groups[0] needs a match: a glob, a pattern or a function'],
    [
      { match: '*', clipValue: 1 },
      'descent groups[0]: clipValue holds for all groups together; give it beside groups',
    ],
    [{ match: '*', groups: [] }, 'descent groups[0] has no option "groups"'],
    [{ match: '*', peakLearningRate: 1 }, 'descent groups[0] has no option "peakLearningRate"'],
    [
      { match: '*', learningRate: -1 },
      'descent groups[0]: learningRate must be a finite number and at least 0',
    ],
    [{ match: '*', trainable: null }, 'descent groups[0]: trainable must be true or false, got null (null)'],
    [{ match: '*', weightDecayMode: 'none' }, 'descent groups[0]: weightDecayMode must be one of decoupled,'],
  ])('is refused: %j', (group, message) => {
    expect(() => new Descent({ groups: [group as never] })).toThrow(message);
  });
});

describe('independent decay', () => {
  const mode = { weightDecay: 0.25, weightDecayMode: 'independent' as const };

  it('needs a peak above 0', () => {
    for (const options of [{ learningRate: 0 }, { learningRate: 0.5, peakLearningRate: 0 }]) {
      expect(() => new Descent({ ...mode, ...options })).toThrow(
        'descent: weightDecayMode "independent" divides by the peak learning rate, which is not known here',
      );
    }
    // No decay needs none.
    expect(() => new Descent({ ...mode, weightDecay: 0, learningRate: 0 })).not.toThrow();
    expect(() => new Descent({ ...mode, weightDecayMode: 'fixed', learningRate: 0 })).not.toThrow();
  });

  it('takes the peak that a schedule tells of itself', () => {
    const optimizer = new Descent({ ...mode, learningRate: Object.assign(() => 0.5, { peak: 2 }) });
    step(optimizer, 0);
    // 4 (1 - d lr / peak).
    expect(value()).toBe(4 * (1 - (0.25 * 0.5) / 2));
    optimizer.dispose();
  });

  it('keeps its peak in the saved options, once, whatever the rate becomes', () => {
    const optimizer = new Descent({ ...mode, learningRate: 0.5, groups: [{ match: 'other' }] });
    optimizer.setHyperparameter('learningRate', 0.125, 0);
    expect(optimizer.getConfig()).not.toHaveProperty('peakLearningRate');
    optimizer.setHyperparameter('learningRate', 0.25);
    optimizer.learningRate = 0.0625;
    expect(optimizer.getConfig()).toMatchObject({ learningRate: 0.0625, peakLearningRate: 0.5 });
    const initial = new Descent();
    initial.learningRate = 2;
    // The default rate of the rule.
    expect(initial.getConfig()).toMatchObject({ learningRate: 2, peakLearningRate: 0.5 });
    const still = new Descent({ learningRate: 0 });
    still.learningRate = 1;
    expect(still.getConfig()).toEqual({ learningRate: 1 });
  });

  it('changes a group of the saved options where that is meant', () => {
    const groups = [{ match: 'a' }, { match: 'b' }];
    const optimizer = new Descent({ groups });
    optimizer.setHyperparameter('learningRate', 0.25, { member: 0, group: 1 });
    optimizer.setTrainable(false, 0);
    optimizer.setHyperparameter('weightDecay', 0.5, { member: 0 });
    const match = (name: string) => ({ match: { name } });
    expect(optimizer.getConfig()).toEqual({
      weightDecay: 0.5,
      groups: [
        { ...match('a'), trainable: false },
        { ...match('b'), learningRate: 0.25 },
      ],
    });
    expect(groups).toEqual([{ match: 'a' }, { match: 'b' }]);
  });
});

describe('lazy rows', () => {
  const tensorOf = (values: number[]): tf.Tensor3D => tf.tensor3d(values, [2, 1, 2]);

  it('are along the first axis, whatever the others are', () => {
    const stack = tf.variable(tensorOf([1, 2, 3, 4]), true, 'stack');
    const optimizer = new Descent({ learningRate: 1, weightDecay: 0.5, lazyRows: 'stack' });
    tf.tidy(() => optimizer.applyGradients({ stack: tensorOf([0, 0, 0, 1]) }));
    // The second row has a gradient: 3 (1 - 0.5) and 4 (1 - 0.5) - 1.
    expect([...stack.dataSync()]).toEqual([1, 2, 1.5, 1]);
    stack.dispose();
    optimizer.dispose();
  });

  it.each<[string, object, string]>([
    ['average', { average: ({ parameter }: never) => parameter }, 'its average changes in every step'],
    [
      'start',
      { startsAtFirstGradient: true },
      'its state starts at the first gradient of the matrix, not at that of a row',
    ],
    [
      'start that depends on options',
      {
        startsAtFirstGradient: ({ constant }: { constant(name: string): unknown }) =>
          constant('learningRate') === 0.5,
      },
      'its state starts at the first gradient of the matrix',
    ],
    [
      'slot without rows',
      {
        slots: () => ({ each: { shape: [2] } }),
        update: ({ parameter, each }: never) => ({ parameter, each }),
      },
      'its each [2] has no row for each of 2 rows',
    ],
  ])('are refused by a rule with its own %s', (_, parts, message) => {
    const Other = optimizerClass(
      defineUpdateRule({ ...descentRule, name: 'other', ...parts } as never),
      'SteepestTestRows',
    );
    const matrix = tf.variable(tf.ones([2, 2]), true, 'matrix');
    const optimizer = new Other({ lazyRows: 'matrix' } as never);
    expect(() => tf.tidy(() => optimizer.applyGradients({ matrix: tf.ones([2, 2]) }))).toThrow(message);
    matrix.dispose();
  });

  it('are taken by a rule whose start depends on other options', () => {
    const rule = {
      ...descentRule,
      name: 'other',
      slots: () => ({ kept: likeParameter }),
      update: ({ parameter, kept }: never) => ({ parameter, kept }),
      startsAtFirstGradient: () => false,
    };
    const Other = optimizerClass(defineUpdateRule(rule as never), 'SteepestTestRows');
    const matrix = tf.variable(tf.ones([2, 2]), true, 'matrix');
    const optimizer = new Other({ lazyRows: 'matrix' } as never);
    expect(() => tf.tidy(() => optimizer.applyGradients({ matrix: tf.ones([2, 2]) }))).not.toThrow();
    matrix.dispose();
    optimizer.dispose();
  });
});
