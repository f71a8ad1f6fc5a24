import { AdamW } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import * as tf from '@tensorflow/tfjs';
import type { Transfer } from './bandwidth.ts';

/** Repetitions before a time is taken, of which the fastest counts. */
const turns = 3;
const turnMilliseconds = 300;

/**
 * Times AdamW and Lion on one parameter, and a copy by the same backend: a product with 1, which reads and writes every element
 * once. An update reads the gradient, and reads and writes the parameter and its state.
 */
export async function measureBandwidth(
  elements: number,
): Promise<{ readonly copy: Transfer; readonly updates: readonly Transfer[] }> {
  const parameter = tf.variable(tf.randomNormal([elements], 0, 1, 'float32', 1));
  const gradient = tf.randomNormal([elements], 0, 1, 'float32', 2);
  const copy = await timed('copy', 8 * elements, gradient, () => tf.mul(gradient, 1).dispose());
  const updates: Transfer[] = [];
  for (const [name, optimizer] of [
    ['adamw', new AdamW({ learningRate: 1e-3 })],
    ['lion', new Lion({ learningRate: 1e-4 })],
  ] as const) {
    const { stateBytesPerParameter } = optimizer.describe();
    const bytes = (4 + 2 * (4 + stateBytesPerParameter)) * elements;
    const step = () => optimizer.applyGradients({ [parameter.name]: gradient });
    updates.push(await timed(name, bytes, parameter, step));
    optimizer.dispose();
  }
  tf.dispose([parameter, gradient]);
  return { copy, updates };
}

/** The fastest of some turns, each ended by reading one element, which waits for a device. */
async function timed(name: string, bytes: number, read: tf.Tensor, run: () => void): Promise<Transfer> {
  const wait = async (): Promise<void> => {
    const one = tf.slice(read, 0, 1);
    await one.data();
    one.dispose();
  };
  const turn = async (repetitions: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < repetitions; i++) run();
    await wait();
    return (performance.now() - start) / repetitions;
  };
  // The first run compiles and allocates.
  await turn(1);
  const repetitions = Math.max(1, Math.min(1000, Math.round(turnMilliseconds / (await turn(2)))));
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < turns; i++) milliseconds = Math.min(milliseconds, await turn(repetitions));
  return { name, milliseconds, gigabytesPerSecond: bytes / milliseconds / 1e6 };
}
