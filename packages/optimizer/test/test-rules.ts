import * as tf from '@tensorflow/tfjs';
import {
  add,
  defineUpdateRule,
  div,
  lerp,
  likeParameter,
  mul,
  type Optimizer,
  type OptimizerOptions,
  optimizerClass,
  pow,
  type SlotSpec,
  sqrt,
  square,
  sub,
} from '../src/index.ts';

const paper = { authors: 'nobody', year: 2000, title: 'A rule for tests', source: 'none' };

/** Plain gradient descent, whose effect every test can work out by hand. */
export const descentRule = defineUpdateRule({
  name: 'descent',
  title: 'Descent',
  paper,
  hyperparameters: { learningRate: { default: 0.5, minimum: 0, description: 'Step size' } },
  slots: () => ({}) as Record<string, SlotSpec>,
  update: ({ parameter, gradient }, { learningRate }) => ({
    parameter: sub(parameter, mul(learningRate, gradient)),
  }),
});
export const Descent = optimizerClass(descentRule, 'SteepestTestDescent');

/** Two slots, a step count in the formula, a setting: what a real rule exercises. */
export const momentsRule = defineUpdateRule({
  name: 'moments',
  title: 'Moments',
  paper,
  hyperparameters: {
    learningRate: { default: 0.01, minimum: 0, description: 'Step size' },
    beta1: { default: 0.9, minimum: 0, below: 1, description: 'Decay of the mean' },
    beta2: { default: 0.99, minimum: 0, below: 1, description: 'Decay of the mean square' },
    epsilon: { default: 1e-8, minimum: 0, description: 'Keeps the denominator from zero' },
  },
  settings: {
    flavour: {
      default: 'plain_flavour' as string,
      description: 'plain_flavour or otherFlavour',
      check: (value) =>
        value === 'plain_flavour' || value === 'otherFlavour'
          ? undefined
          : 'must be plain_flavour or otherFlavour',
    },
  },
  slots: () => ({ momentum: likeParameter, secondMoment: likeParameter }),
  update({ parameter, gradient, ...slots }, { learningRate, beta1, beta2, epsilon, step }, { settings }) {
    const momentum = lerp(gradient, slots.momentum!, beta1);
    const secondMoment = lerp(square(gradient), slots.secondMoment!, beta2);
    const size = sqrt(div(secondMoment, sub(1, pow(beta2, step))));
    const direction = div(div(momentum, sub(1, pow(beta1, step))), add(size, epsilon));
    const factor = settings.flavour === 'otherFlavour' ? 2 : 1;
    return {
      parameter: sub(parameter, mul(mul(learningRate, factor), direction)),
      momentum,
      secondMoment,
    };
  },
});
export type MomentsOptions = OptimizerOptions<typeof momentsRule>;
export const Moments = optimizerClass(momentsRule, 'SteepestTestMoments');

/** Exactly repeatable numbers without a random generator. */
export function wave(size: number, phase: number): Float32Array {
  return Float32Array.from({ length: size }, (_, index) => Math.sin(index * 1.7 + phase));
}

/** A few variables by name, with gradients that depend on the name and the step alone. */
export class TestModel {
  readonly variables: tf.Variable[];

  constructor(shapes: Readonly<Record<string, readonly number[]>> = { 'a/weight': [3, 2], 'b/weight': [4] }) {
    this.variables = Object.entries(shapes).map(([name, shape]) =>
      tf.variable(
        tf.tensor(wave(tf.util.sizeFromShape([...shape]), name.charCodeAt(0)), [...shape]),
        true,
        name,
      ),
    );
  }

  /** Gradients of a step, by name; a suffix such as `_1` of a name plays no part. The caller disposes them. */
  gradients(step: number): Record<string, tf.Tensor> {
    return Object.fromEntries(
      this.variables.map(({ name, size, shape }) => [
        name,
        tf.tensor(wave(size, step + name.charCodeAt(0)), shape),
      ]),
    );
  }

  /** Takes the steps `from` to `to`, both included. */
  train(optimizer: Optimizer, from: number, to: number): void {
    for (let step = from; step <= to; step++) tf.tidy(() => optimizer.applyGradients(this.gradients(step)));
  }

  /** Present values, in the order of the shapes. */
  async values(): Promise<Float32Array[]> {
    return Promise.all(this.variables.map(async (v) => (await v.data()).slice() as Float32Array));
  }

  dispose(): void {
    for (const variable of this.variables) variable.dispose();
  }
}

/** Trains a fresh model for `steps` steps and returns its values; disposes model and optimizer. */
export async function trainedValues(
  optimizer: Optimizer,
  steps: number,
  shapes?: Readonly<Record<string, readonly number[]>>,
): Promise<Float32Array[]> {
  const model = new TestModel(shapes);
  model.train(optimizer, 1, steps);
  const values = await model.values();
  model.dispose();
  optimizer.dispose();
  return values;
}
