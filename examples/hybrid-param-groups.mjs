// A hybrid of Zhao et al. 2024 (arXiv 2407.07972): most of a language model learns by SGD, and only its
// head and its layer norms by an adaptive optimizer.

import { prepareBackend } from '@steepest/backend';
import { openTextData } from '@steepest/c4-data';
import { createLanguageModel } from '@steepest/lm-models';
import { Adalayer } from '@steepest/optim-adalayer';
import { Sgd } from '@steepest/optim-sgd';
import { byRole, combine } from '@steepest/param-groups';
import * as tf from '@tensorflow/tfjs';

await prepareBackend({ backend: 'wasm' });
const data = await openTextData({
  source: { type: 'embedded' },
  tokenizer: 'embedded',
  contextLength: 64,
  batchSize: 4,
  seed: 1,
});
const model = createLanguageModel({
  size: 'nano',
  vocabularySize: data.vocabularySize,
  contextLength: 64,
  seed: 1,
});
const optimizer = combine(
  [
    { match: byRole('lastLayer', 'norm'), optimizer: new Adalayer({ learningRate: 3e-3 }) },
    { optimizer: new Sgd({ learningRate: 0.3, momentum: 0.9, momentumForm: 'average' }) },
  ],
  { clipGlobalNorm: 1 },
);

for (let step = 1; step <= 100; step++) {
  const { tokens, batchSize, sequenceLength } = data.train.next();
  const batch = tf.tensor2d(tokens, [batchSize, sequenceLength], 'int32');
  const loss = optimizer.minimize(() => model.loss(batch).total, true);
  if (step === 1 || step % 20 === 0) {
    console.log(
      `step ${step}: loss ${(await loss.data())[0].toFixed(3)}, ` +
        `gradient norm ${(await optimizer.gradientNorm()).toFixed(2)}`,
    );
  }
  tf.dispose([batch, loss]);
}
const perParameter = optimizer.stateBytes() / model.parameterCount();
console.log(`${perParameter.toFixed(2)} bytes of state per parameter; Adam keeps 8`);
