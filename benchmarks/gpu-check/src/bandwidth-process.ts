// `bandwidth-process.ts DEVICE ELEMENTS`: prints what updates of a parameter of that size move, as one line of JSON.
import { prepareBackend } from '@steepest/backend';
import * as tf from '@tensorflow/tfjs';
import type { Bandwidth } from './bandwidth.ts';
import { measureBandwidth } from './measure-bandwidth.ts';

const [device, elements] = process.argv.slice(2) as ['gpu' | 'cpu', string];
try {
  const { reason } = await prepareBackend({ backend: device === 'gpu' ? 'node-gpu' : 'node' });
  await tf.ready();
  const bandwidth: Bandwidth = { reason, ...(await measureBandwidth(Number(elements))) };
  console.log(JSON.stringify(bandwidth));
} catch (error) {
  console.log(JSON.stringify({ problem: (error as Error).message }));
}
