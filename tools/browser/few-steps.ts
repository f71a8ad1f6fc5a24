import { createLanguageModel } from '@steepest/lm-models';
import { Adam } from '@steepest/optim-adam';
import * as tf from '@tensorflow/tfjs';

/** The losses of five steps of Adam on a small language model, large enough to be divided between threads. */
export async function lossesOfFewSteps(): Promise<number[]> {
  const model = createLanguageModel({
    ...{ modelWidth: 64, layers: 2, heads: 2, vocabularySize: 512, contextLength: 64, seed: 1 },
    scope: 'few-steps',
  });
  const optimizer = new Adam({ learningRate: 0.01 });
  const tokens = tf.tensor2d(
    Array.from({ length: 8 * 65 }, (_, i) => (i * i) % 512),
    [8, 65],
    'int32',
  );
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const loss = optimizer.minimize(() => model.loss(tokens).total, true, [...model.variables])!;
    losses.push((await loss.data())[0]!);
    loss.dispose();
  }
  tokens.dispose();
  optimizer.dispose();
  model.dispose();
  return losses;
}
