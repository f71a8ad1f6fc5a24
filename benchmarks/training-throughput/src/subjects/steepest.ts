import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { loadLanguageModel } from '@steepest/lm-models';
import { AdamW } from '@steepest/optim-adam';
import { threadUse, useThreads } from '@steepest/wasm-kernels';
import type { PrepareSubject, TrainingStep } from './subject.ts';

/** The packages of this repository, as an application uses them. */
export const prepareSteepest: PrepareSubject = async ({ task, weights, batch }, threads) => {
  await useThreads({ threads });
  await tf.setBackend('wasm');
  const model = loadLanguageModel(weights);
  const { learningRate, beta1, beta2, epsilon, weightDecay } = task;
  const optimizer = new AdamW({ learningRate, beta1, beta2, epsilon, weightDecay });
  const train: TrainingStep = async (step) => {
    const tokens = tf.tensor2d(batch(step), [task.sequences, task.positions + 1], 'int32');
    const loss = optimizer.minimize(() => model.loss(tokens).total, true) as tf.Scalar;
    const value = (await loss.data())[0]!;
    tf.dispose([tokens, loss]);
    return value;
  };
  return { train, dividedMilliseconds: () => threadUse()?.dividedMilliseconds };
};
