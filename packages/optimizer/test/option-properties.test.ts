import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { defineUpdateRule, likeParameter, optimizerClass } from '../src/index.ts';
import { Descent, descentRule, Moments, TestModel } from './test-rules.ts';

const halving = (step: number): number => 1 / 2 ** step;

/** Takes steps with a gradient of 1 for one weight that starts at 0. */
function weightAfter(optimizer: InstanceType<typeof Descent>, change: (step: number) => void): number {
  const weight = tf.variable(tf.zeros([1]), true, 'weight');
  for (let step = 1; step <= 3; step++) {
    change(step);
    tf.tidy(() => optimizer.applyGradients({ weight: tf.ones([1]) }));
  }
  const value = weight.dataSync()[0]!;
  weight.dispose();
  return value;
}

describe('a hyperparameter as a property', () => {
  it('reads as the number of the next step', () => {
    const optimizer = new Moments({ learningRate: halving, beta1: 0.5, weightDecay: (step) => step / 10 });
    const numbers = () => {
      const { learningRate, beta1, beta2, weightDecay } = optimizer;
      return { learningRate, beta1, beta2, weightDecay };
    };
    expect(numbers()).toEqual({ learningRate: 0.5, beta1: 0.5, beta2: 0.99, weightDecay: 0.1 });
    const model = new TestModel();
    model.train(optimizer, 1, 2);
    expect(numbers()).toEqual({ learningRate: 0.125, beta1: 0.5, beta2: 0.99, weightDecay: 3 / 10 });
    model.dispose();
    optimizer.dispose();
  });

  it('obeys an assignment from the next step on', () => {
    const optimizer = new Descent({ learningRate: 0.5 });
    // Steps of 0.5, 0.25 and, after a number was replaced by a schedule, 2^-3: -0.875.
    const value = weightAfter(optimizer, (step) => {
      if (step === 2) optimizer.learningRate *= 0.5;
      if (step === 3) optimizer.learningRate = halving;
    });
    expect(value).toBe(-0.875);
    expect(optimizer.getConfig.bind(optimizer)).toThrow('learningRate is a plain function');
    optimizer.learningRate = 0.25;
    expect(optimizer.getConfig()).toEqual({ learningRate: 0.25, peakLearningRate: 0.5 });
  });

  it('obeys an assignment to every hyperparameter of the rule, as setHyperparameter does', () => {
    const [assigned, set] = [new Moments(), new Moments()];
    assigned.beta1 = 0.5;
    assigned.beta2 = 0.75;
    assigned.epsilon = 1e-3;
    assigned.weightDecay = 0.125;
    set.setHyperparameter('beta1', 0.5);
    set.setHyperparameter('beta2', 0.75);
    set.setHyperparameter('epsilon', 1e-3);
    set.setHyperparameter('weightDecay', 0.125);
    expect(assigned.getConfig()).toEqual({ beta1: 0.5, beta2: 0.75, epsilon: 1e-3, weightDecay: 0.125 });
    expect(assigned.getConfig()).toEqual(set.getConfig());
    expect(assigned.hyperparametersAt()).toEqual(set.hyperparametersAt());
  });

  it('refuses a wrong value and keeps the one it has', () => {
    const optimizer = new Moments({ beta1: 0.5 });
    for (const wrong of [1, -1, Number.NaN, '0.5', null, undefined, [0.9], true, {}]) {
      expect(() => {
        optimizer.beta1 = wrong as never;
      }).toThrow('moments: beta1 must be a finite number, at least 0 and below 1');
      expect(optimizer.beta1).toBe(0.5);
    }
  });

  it('is obeyed in a callback of a LayersModel', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false, kernelInitializer: 'zeros' })],
    });
    model.compile({
      // The gradient of the mean of the predictions is the mean of the inputs, 1.
      loss: (_, predicted) => tf.mean(predicted),
      optimizer: new Descent({ learningRate: 0.5 }),
    });
    const optimizer = model.optimizer as InstanceType<typeof Descent>;
    const seen: number[] = [];
    await model.fit(tf.ones([2, 1]), tf.ones([2, 1]), {
      epochs: 3,
      verbose: 0,
      callbacks: {
        onEpochBegin: async (epoch) => {
          if (epoch === 1) optimizer.learningRate = 0.125;
          seen.push(optimizer.learningRate);
        },
      },
    });
    expect(seen).toEqual([0.5, 0.125, 0.125]);
    expect(model.getWeights()[0]!.dataSync()[0]).toBe(-0.75);
    model.dispose();
  });
});

describe('hyperparameters by group', () => {
  const options = {
    learningRate: halving,
    groups: [{ match: 'a/*', learningRate: 3, beta1: 0.5 }, { match: 'b/*' }],
  };
  const others = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };

  it('are given as numbers at any step, with the target that changes them', () => {
    const optimizer = new Moments(options);
    expect(optimizer.hyperparametersAt(3)).toEqual([
      {
        group: 'moments groups[0]',
        target: { member: 0, group: 0 },
        values: { ...others, learningRate: 3, beta1: 0.5 },
      },
      {
        group: 'moments groups[1]',
        target: { member: 0, group: 1 },
        values: { ...others, learningRate: 0.125 },
      },
      { group: 'moments', target: { member: 0 }, values: { ...others, learningRate: 0.125 } },
    ]);
    for (const { target } of optimizer.hyperparametersAt()) {
      optimizer.setHyperparameter('learningRate', 7, target);
    }
    expect(optimizer.hyperparametersAt(3).map(({ values }) => values.learningRate)).toEqual([7, 7, 7]);
  });

  it('are given one at a time', () => {
    const optimizer = new Moments(options);
    expect(optimizer.hyperparameterAt('learningRate', { step: 2 })).toBe(0.25);
    expect(optimizer.hyperparameterAt('learningRate', { step: 2, target: 0 })).toBe(3);
    expect(optimizer.hyperparameterAt('learningRate', { step: 2, target: 1 })).toBe(0.25);
    expect(optimizer.hyperparameterAt('beta1', { target: 0 })).toBe(0.5);
    expect(() => optimizer.hyperparameterAt('beta3')).toThrow(
      'moments has no option "beta3". Known options: ',
    );
    expect(() => optimizer.hyperparameterAt('beta1', { target: 2 })).toThrow('moments has no groups[2]');
  });
});

describe('an option that is settled when the optimizer is made', () => {
  it.each([
    'flavour',
    'weightDecayMode',
    'accumulationSteps',
    'maximize',
    'skipNonFinite',
    'averageDecay',
    'recordMetrics',
    'groups',
    'peakLearningRate',
    'lazyRows',
  ])('%s refuses an assignment, which would change nothing', (name) => {
    const optimizer = new Moments() as unknown as Record<string, unknown>;
    expect(() => {
      optimizer[name] = 1;
    }).toThrow(`moments: ${name} cannot be assigned; make another optimizer with it`);
  });

  it('can be read', () => {
    const optimizer = new Moments({ clipGlobalNorm: 2 }) as unknown as Record<string, unknown>;
    expect(optimizer.clipGlobalNorm).toBe(2);
    expect(optimizer.clipValue).toBeUndefined();
    expect(optimizer.flavour).toBe('plain_flavour');
  });
});

it('the compiler knows the names of the hyperparameters', () => {
  const optimizer = new Descent();
  // @ts-expect-error: not a name of this rule.
  expect(() => optimizer.setHyperparameter('lr', 1)).toThrow('descent has no option "lr"');
  // @ts-expect-error: no property of this optimizer.
  expect(optimizer.beta1).toBeUndefined();
  const rate: number = optimizer.learningRate;
  expect(rate).toBe(0.5);
});

it('a rule cannot name an option like something that every optimizer has', () => {
  const rule = defineUpdateRule<string>({
    ...descentRule,
    name: 'clashing',
    hyperparameters: { ...descentRule.hyperparameters, iterations: { default: 1, description: 'A clash' } },
  });
  const Clashing = optimizerClass(rule, 'SteepestTestClashing');
  expect(() => new Clashing()).toThrow(
    'clashing: "iterations" is a property of every optimizer and cannot name an option of a rule',
  );
});

it('a slot may be named like a hyperparameter', () => {
  const { title, paper, hyperparameters } = descentRule;
  const rule = defineUpdateRule({
    name: 'homonym',
    title,
    paper,
    hyperparameters: { ...hyperparameters, momentum: { default: 0.5, description: 'Decay' } },
    slots: () => ({ momentum: likeParameter }),
    update: ({ parameter, momentum }) => ({ parameter, momentum: momentum! }),
  });
  const Homonym = optimizerClass(rule, 'SteepestTestHomonym');
  expect(new Homonym().momentum).toBe(0.5);
});
