// Trains a language model of 0.6 million parameters and lets it speak.
import { prepareBackend } from '@steepest/backend';
import { openTextData } from '@steepest/c4-data';
import { createLanguageModel } from '@steepest/lm-models';
import { cosine } from '@steepest/lr-schedules';
import { AdamW } from '@steepest/optim-adam';
import * as tf from '@tensorflow/tfjs';

const steps = 200;
const contextLength = 64;
const { reason } = await prepareBackend({ backend: 'wasm' });
console.log(reason);
const data = await openTextData({
  source: { type: 'embedded' },
  tokenizer: 'embedded',
  contextLength,
  batchSize: 4,
  seed: 1,
});
const model = createLanguageModel({ size: 'nano', contextLength, seed: 1 });
const optimizer = new AdamW({
  learningRate: cosine({ peak: 1e-2, totalSteps: steps, warmupSteps: 20, endFactor: 0.1 }),
  beta2: 0.95,
  clipGlobalNorm: 1,
});

const asTensor = ({ tokens, batchSize, sequenceLength }) =>
  tf.tensor2d(tokens, [batchSize, sequenceLength], 'int32');
const [held] = data.validation({ sequences: 16, batchSize: 16 });
const validationLoss = async () =>
  (await tf.tidy(() => model.loss(asTensor(held)).crossEntropy).data())[0].toFixed(3);

console.log(`step 0: validation loss ${await validationLoss()}`);
for (let step = 1; step <= steps; step++) {
  const batch = asTensor(data.train.next());
  optimizer.minimize(() => model.loss(batch).total);
  batch.dispose();
  if (step % 50 === 0) console.log(`step ${step}: validation loss ${await validationLoss()}`);
}

const prompt = 'The people of the United States';
const ids = data.tokenizer.encode(prompt);
const continuation = await model.generate({
  prompt: ids,
  maxTokens: 40,
  temperature: 0.7,
  topK: 40,
  seed: 1,
});
console.log(`${prompt}${data.tokenizer.decode(continuation, ids)}`);
