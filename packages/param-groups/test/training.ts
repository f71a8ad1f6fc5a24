import type { Optimizer } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';

/** Shapes and roles of a model small enough to train on the plain CPU backend. */
export const modelParameters = [
  { name: 'embedding/weight', shape: [6, 4], role: 'embedding' },
  { name: 'blocks/0/attention/weight', shape: [4, 4], role: 'attention' },
  { name: 'blocks/0/norm/scale', shape: [4], role: 'norm' },
  { name: 'blocks/1/mlp/weight', shape: [4, 8], role: 'mlp' },
  { name: 'finalNorm/scale', shape: [4], role: 'norm' },
  { name: 'head/weight', shape: [6, 4], role: 'lastLayer' },
] as const;

/** Exactly repeatable numbers without a random generator. */
function wave(size: number, phase: number): number[] {
  return Array.from({ length: size }, (_, index) => Math.sin(index * 1.7 + phase));
}

/** Trains the parameters named (all by default) on fixed gradients; returns their values, and disposes everything. */
export async function train(
  optimizer: Optimizer,
  steps: number,
  names: readonly string[] = modelParameters.map(({ name }) => name),
): Promise<Record<string, Float32Array>> {
  const chosen = modelParameters.filter(({ name }) => names.includes(name));
  const variables = chosen.map(({ name, shape, role }) => {
    const initial = tf.tensor(wave(tf.util.sizeFromShape([...shape]), 0.3), [...shape]);
    return Object.assign(tf.variable(initial, true, name), { role });
  });
  for (let step = 1; step <= steps; step++) {
    tf.tidy(() => {
      const gradients = chosen.map(({ name, shape }) => {
        const gradient = tf.tensor(wave(tf.util.sizeFromShape([...shape]), step + name.length), [...shape]);
        return [name, gradient] as const;
      });
      optimizer.applyGradients(Object.fromEntries(gradients));
    });
  }
  const values: Record<string, Float32Array> = {};
  for (const variable of variables) {
    values[variable.name] = (await variable.data()) as Float32Array;
    variable.dispose();
  }
  optimizer.dispose();
  return values;
}
