// Lion in a tf.LayersModel: any optimizer of Steepest goes where TensorFlow.js takes one of its own.
import { Lion } from '@steepest/optim-lion';
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');

// Points of the plane in two classes: inside and outside a circle that halves the square.
const points = tf.randomUniform([512, 2], -1, 1, 'float32', 1);
const inside = tf.lessEqual(tf.sum(tf.square(points), 1, true), 2 / Math.PI);
const labels = tf.cast(inside, 'float32');

const model = tf.sequential({
  layers: [
    tf.layers.dense({
      inputShape: [2],
      units: 16,
      activation: 'tanh',
      kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
    }),
    tf.layers.dense({
      units: 1,
      activation: 'sigmoid',
      kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }),
    }),
  ],
});
const optimizer = new Lion({ learningRate: 3e-3, weightDecay: 0.01 });
model.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy'] });

const { history } = await model.fit(points, labels, {
  epochs: 60,
  batchSize: 32,
  shuffle: false,
  verbose: 0,
});
for (let epoch = 0; epoch < 60; epoch += 20) {
  console.log(`epoch ${epoch + 1}: loss ${history.loss[epoch].toFixed(3)}`);
}
console.log(`epoch 60: loss ${history.loss.at(-1).toFixed(3)}, accuracy ${history.acc.at(-1).toFixed(3)}`);
console.log(`${optimizer.iterations} steps, ${optimizer.stateBytes()} bytes of state`);
optimizer.dispose();
