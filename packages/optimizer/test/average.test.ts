import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  add,
  defineUpdateRule,
  Float64Optimizer,
  likeParameter,
  mul,
  optimizerClass,
  sub,
} from '../src/index.ts';
import { Descent, descentRule } from './test-rules.ts';

let weight: tf.Variable;
beforeEach(() => {
  weight = tf.variable(tf.tensor1d([8, -4]), true, 'weight');
});
afterEach(() => weight.dispose());

const apply = (optimizer: { applyGradients(g: Record<string, tf.Tensor>): void }): void =>
  tf.tidy(() => optimizer.applyGradients({ weight: tf.tensor1d([2, 2]) }));
const values = async (): Promise<number[]> => [...(await weight.data())];

describe('averageDecay', () => {
  it('averages from the parameter before its first step: average = d * average + (1 - d) * parameter', async () => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    apply(optimizer); // parameter 6, average 7
    apply(optimizer); // parameter 4, average 5.5
    expect(await values()).toEqual([4, -8]);
    optimizer.swapInAverage();
    expect(await values()).toEqual([5.5, -6.5]);
    optimizer.swapOutAverage();
    expect(await values()).toEqual([4, -8]);
    optimizer.dispose();
  });

  it('is what a Float64Optimizer gives as the average', () => {
    const optimizer = new Float64Optimizer([{ rule: descentRule as never, options: { learningRate: 1 } }], {
      averageDecay: 0.5,
    });
    optimizer.add({ name: 'weight', shape: [2], size: 2 }, [8, -4]);
    for (let step = 0; step < 2; step++) optimizer.step({ weight: [2, 2] });
    expect([...optimizer.value('weight')]).toEqual([4, -8]);
    expect([...optimizer.average('weight')]).toEqual([5.5, -6.5]);
  });

  it('may be a schedule', async () => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: (step) => (step === 1 ? 0 : 0.75) });
    apply(optimizer); // parameter 6, average 6
    apply(optimizer); // parameter 4, average 5.5
    optimizer.swapInAverage();
    expect((await values())[0]).toBe(5.5);
    optimizer.dispose();
  });

  it('is that of a variable which was made anew under its name, as of a model that was built again', async () => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    apply(optimizer); // parameter 6, average 7
    const trained = weight.dataSync();
    weight.dispose();
    weight = tf.variable(tf.tensor1d(trained as Float32Array), true, 'weight');
    optimizer.swapInAverage();
    expect(await values()).toEqual([7, -5]);
    optimizer.swapOutAverage();
    expect(await values()).toEqual([6, -6]);
    optimizer.dispose();
  });

  it('continues training after a swap as if there had been none, and holds no tensor of it', async () => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    apply(optimizer);
    const { numTensors } = tf.memory();
    optimizer.swapInAverage();
    optimizer.swapOutAverage();
    expect(tf.memory().numTensors).toBe(numTensors);
    apply(optimizer);
    expect(await values()).toEqual([4, -8]);
    optimizer.dispose();
  });

  it('is saved, and swaps in after loading before any step', async () => {
    const optimizer = new Descent({ learningRate: 1, averageDecay: 0.5 });
    apply(optimizer);
    const state = await optimizer.state();
    optimizer.dispose();
    const loaded = new Descent({ learningRate: 1, averageDecay: 0.5 });
    await loaded.loadState(state);
    loaded.swapInAverage();
    expect(await values()).toEqual([7, -5]);
    loaded.dispose();
    expect(await values()).toEqual([6, -6]);
  });

  it('while swapped in refuses to step and to be saved, and out of turn to swap', async () => {
    const optimizer = new Descent({ averageDecay: 0.5 });
    expect(() => optimizer.swapOutAverage()).toThrow(
      'descent: the average is not in; swapInAverage comes first',
    );
    apply(optimizer);
    optimizer.swapInAverage();
    expect(() => optimizer.swapInAverage()).toThrow('descent: the average is in already');
    expect(() => apply(optimizer)).toThrow(
      'descent cannot take a step while the average is in; call swapOutAverage first',
    );
    expect(() => optimizer.applyAccumulated()).toThrow('descent cannot take a step while the average is in');
    await expect(optimizer.state()).rejects.toThrow('descent cannot be saved while the average is in');
    await expect(optimizer.getWeights()).rejects.toThrow('descent cannot be saved while the average is in');
    optimizer.dispose();
  });

  it('is what an optimizer without one asks for', () => {
    const optimizer = new Descent();
    apply(optimizer);
    expect(() => optimizer.swapInAverage()).toThrow(
      'descent keeps no average of the parameters; give it averageDecay, such as 0.999',
    );
    optimizer.dispose();
  });
});

describe('a rule with an average, group numbers, a refresh and its own decay', () => {
  const rule = defineUpdateRule({
    name: 'everything',
    title: 'Everything',
    paper: { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' },
    hyperparameters: { learningRate: { default: 1, minimum: 0, description: 'Step size' } },
    ownsDecay: true,
    groupState: {
      initial: { rateSum: 0 },
      next: ({ rateSum, learningRate }) => ({ rateSum: add(rateSum!, learningRate) }),
    },
    slots: () => ({ curvature: likeParameter }),
    update: ({ parameter, gradient, curvature }, { learningRate, decay, rateSum, iteration, step }) => ({
      parameter: sub(
        sub(parameter, mul(learningRate, gradient)),
        add(mul(decay, parameter), add(mul(1000, rateSum!), add(mul(10, iteration), step))),
      ),
      curvature: curvature!,
    }),
    refresh: ({ gradient, curvature }) => ({ curvature: add(curvature!, mul(gradient, gradient)) }),
    average: ({ parameter, curvature }) => add(parameter, curvature!),
  });
  const Everything = optimizerClass(rule, 'SteepestTestEverything');

  it('sees group numbers, iteration, step and decay', async () => {
    const optimizer = new Everything({ learningRate: (step) => step, weightDecay: 0.25 });
    tf.tidy(() => optimizer.applyGradients({})); // counts, although no gradient came
    apply(optimizer); // 8 - 2 * 2 - (0.5 * 8 + 1000 * (1 + 2) + 10 * 2 + 1)
    expect((await values())[0]).toBe(8 - 4 - (4 + 3000 + 20 + 1));
    optimizer.dispose();
  });

  it('saves its group numbers in every form', async () => {
    const optimizer = new Everything({ learningRate: 0.1 });
    apply(optimizer);
    apply(optimizer);
    expect((await optimizer.state()).groups).toEqual([{ rateSum: 0.1 + 0.1 }]);
    const other = new Everything({ learningRate: 0.1 });
    await other.setWeights(await optimizer.getWeights());
    expect((await other.state()).groups).toEqual([{ rateSum: 0.1 + 0.1 }]);
    optimizer.dispose();
    other.dispose();
  });

  it('refreshes slots without a step, and evaluates with its average', async () => {
    const optimizer = new Everything({ learningRate: 0 });
    apply(optimizer);
    const before = await values();
    tf.tidy(() => optimizer.applyRefresh({ weight: tf.tensor1d([3, 5]) }));
    expect(await values()).toEqual(before);
    expect(optimizer.iterations).toBe(1);
    optimizer.swapInAverage();
    expect(await values()).toEqual([before[0]! + 9, before[1]! + 25]);
    optimizer.swapOutAverage();
    expect(await values()).toEqual(before);
    optimizer.dispose();
  });

  it('is described by its capabilities', () => {
    const optimizer = new Everything();
    expect(optimizer.describe().capabilities).toEqual({
      signBased: false,
      ownsDecay: true,
      refresh: true,
      average: true,
      transforms: false,
    });
  });

  it('takes no averageDecay besides its own average', () => {
    expect(() => new Everything({ averageDecay: 0.9 })).toThrow(
      'everything: averageDecay is for optimizers without an average of their own',
    );
  });

  it('is the only kind that takes applyRefresh', () => {
    const optimizer = new Descent();
    const gradient = tf.tensor1d([1, 1]);
    expect(() => optimizer.applyRefresh({ weight: gradient })).toThrow(
      'descent refreshes nothing: its rule takes gradients by applyGradients only',
    );
    gradient.dispose();
    optimizer.dispose();
  });
});
