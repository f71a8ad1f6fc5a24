import { prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';

await prepareBackend({ backend: 'wasm' });
const big = [];
for (let i = 0; i < 12; i++) {
  try {
    const t = tf.fill([2 ** 27], i + 1);
    big.push(t);
    console.log(i, 'ok', (t.dataId, 512 * (i + 1)) + ' MiB');
  } catch (e) {
    console.log(i, e.constructor.name, String(e.message).slice(0, 200));
  }
}
for (const f of [
  () => tf.add(tf.scalar(1), tf.scalar(2)).dataSync(),
  () => tf.zeros([2 ** 20]).dataSync().length,
  () => tf.tensor1d(new Float32Array(2 ** 26)),
  () => tf.zeros([2 ** 30]),
  () => tf.fill([2 ** 30], 1),
  () => tf.tensor(new Float32Array(2 ** 30 - 1)),
])
  try {
    console.log(f.toString().slice(0, 60), String(f()).slice(0, 100));
  } catch (e) {
    console.log(f.toString().slice(0, 60), e.constructor.name, String(e.message).slice(0, 200));
  }
