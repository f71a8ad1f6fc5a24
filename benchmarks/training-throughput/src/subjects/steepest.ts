import { prepareBackend } from '@steepest/backend';
import { loadLanguageModel } from '@steepest/lm-models';
import { AdamW } from '@steepest/optim-adam';
import { threadUse } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { MissingSubject, type PrepareSubject, type TrainingStep } from './subject.ts';

/** The packages of this repository, as an application uses them on a backend. */
export const prepareSteepest =
  (backend: 'wasm' | 'node' | 'node-gpu' | 'webgpu'): PrepareSubject =>
  async ({ task, weights, batch }, threads) => {
    await prepareBackend({ backend, threads }).catch((error: Error) => {
      throw new MissingSubject(error.message);
    });
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
    return backend === 'wasm'
      ? { train, dividedMilliseconds: () => threadUse()?.dividedMilliseconds }
      : { train };
  };
