import { defineUpdateRule, lerp, likeParameter, mul, optimizerClass, sub } from '@steepest/optimizer';
import { decodeSafetensors, encodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import type { BatchShape, ShapePhase, TokenBatch, TrainableModel, TrainingData } from '../src/index.ts';

const vocabularySize = 11;
const width = 6;

/** A fixed stream of numbers in [0, 1): the Lehmer generator of Park and Miller (1988). */
function numbers(seed: number): { next(): number; state(): number } {
  let state = seed;
  return {
    next: () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    },
    state: () => state,
  };
}

/** A model that predicts the next token from the last one alone. */
export class TinyModel implements TrainableModel {
  readonly variables: tf.Variable<tf.Rank.R2>[];

  constructor(seed = 7) {
    const random = numbers(seed);
    this.variables = ['embedding/weight', 'head/weight'].map((name) => {
      const values = Float32Array.from({ length: vocabularySize * width }, () => random.next() - 0.5);
      const initial = tf.tensor2d(values, [vocabularySize, width]);
      const variable = tf.variable(initial, true, name) as tf.Variable<tf.Rank.R2>;
      initial.dispose();
      return variable;
    });
  }

  loss(tokens: tf.Tensor2D): { total: tf.Scalar; crossEntropy: tf.Scalar } {
    const [batchSize, length] = tokens.shape;
    const column = (start: number) =>
      tf.reshape(tf.slice(tokens, [0, start], [batchSize, length - 1]), [-1]) as tf.Tensor1D;
    const logits = this.rows(column(0));
    const normalizer = tf.logSumExp(logits, 1);
    const chosen = tf.sum(tf.mul(logits, tf.cast(tf.oneHot(column(1), vocabularySize), 'float32')), 1);
    const crossEntropy = tf.mean(tf.sub(normalizer, chosen)) as tf.Scalar;
    const total = tf.add(crossEntropy, tf.mul(1e-4, tf.mean(tf.square(normalizer)))) as tf.Scalar;
    return { total, crossEntropy };
  }

  logits(tokens: tf.Tensor2D): tf.Tensor3D {
    return tf.reshape(this.rows(tf.reshape(tokens, [-1])), [...tokens.shape, vocabularySize]);
  }

  private rows(tokens: tf.Tensor1D): tf.Tensor2D {
    const [embedding, head] = this.variables as [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R2>];
    const hidden = tf.matMul(tf.cast(tf.oneHot(tokens, vocabularySize), 'float32'), embedding);
    return tf.matMul(hidden, head, false, true) as tf.Tensor2D;
  }

  async save(): Promise<Uint8Array> {
    const entries = this.variables.map(async (variable) => {
      const data = (await variable.data()) as Float32Array;
      return [variable.name, { dtype: 'F32' as const, shape: variable.shape, data }] as const;
    });
    return encodeSafetensors(Object.fromEntries(await Promise.all(entries)));
  }

  load(bytes: Uint8Array): void {
    const { tensors } = decodeSafetensors(bytes);
    for (const variable of this.variables) {
      const { data } = tensors[variable.name]!;
      const value = tf.tensor(data as Float32Array, variable.shape) as tf.Tensor2D;
      variable.assign(value);
      value.dispose();
    }
  }

  dispose(): void {
    for (const variable of this.variables) variable.dispose();
  }
}

/** Sequences in which most tokens follow from the one before: t -> 3t + 1. */
export function tinyData(batchSize = 4, contextLength = 8): TrainingData {
  let random = numbers(1);
  const sequence = (source: { next(): number }, length: number) => {
    let token = Math.floor(source.next() * vocabularySize);
    return Array.from({ length }, () => {
      const noise = source.next();
      token = noise < 0.1 ? Math.floor(noise * 10 * vocabularySize) : (3 * token + 1) % vocabularySize;
      return token;
    });
  };
  const batch = (source: { next(): number }, shape: BatchShape): TokenBatch => {
    const sequenceLength = shape.contextLength + 1;
    const rows = Array.from({ length: shape.batchSize }, () => sequence(source, sequenceLength));
    return { tokens: Int32Array.from(rows.flat()), batchSize: shape.batchSize, sequenceLength };
  };
  const own = { batchSize, contextLength };
  return {
    train: {
      next: (shape = own) => batch(random, shape),
      position: () => ({ state: random.state() }),
      seek: (position) => {
        random = numbers((position as { state: number }).state);
      },
    },
    validation: ({ sequences }) => {
      const source = numbers(99);
      const whole = Array.from({ length: Math.floor(sequences / batchSize) }, () => batch(source, own));
      const rest = sequences % batchSize;
      return rest === 0 ? whole : [...whole, batch(source, { ...own, batchSize: rest })];
    },
  };
}

/** Phases of seven steps each, of four shapes in turn. */
export function restlessPhases(steps: number): ShapePhase[] {
  return Array.from({ length: Math.ceil(steps / 7) }, (_, index) => ({
    fromStep: 7 * index,
    contextLength: 2 + 2 * (index % 4),
    batchSize: 4 - (index % 4),
  }));
}

/** A momentum rule with a state to lose: bias-free EMA of the gradient. */
const tinyRule = defineUpdateRule({
  name: 'tiny',
  title: 'Tiny',
  paper: { authors: 'none', year: 2024, title: 'none', source: 'none' },
  hyperparameters: { learningRate: { default: 0.5, description: 'Step size' } },
  slots: () => ({ momentum: likeParameter }),
  update({ parameter, gradient, momentum }, { learningRate }) {
    const average = lerp(gradient, momentum!, 0.9);
    return { parameter: sub(parameter, mul(learningRate, average)), momentum: average };
  },
});

/** The optimizer of the tests, on the real engine. */
export const TinyOptimizer = optimizerClass(tinyRule, 'TrainerTestTiny');

/** The learning rate of the tests, which depends on the step so that a lost step count would show. */
export const tinyRate = (step: number): number => 1 / (1 + step / 50);

/** The rest of a run of the tiny model: 20 steps, with every kind of event in them. */
export const tinySettings = {
  steps: 20,
  evaluation: { every: 5, sequences: 6 },
  log: { every: 2 },
  checkpoint: { every: 3 },
  config: { seed: 7 },
} as const;
