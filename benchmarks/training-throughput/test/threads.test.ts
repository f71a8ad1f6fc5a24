import { createLanguageModel } from '@steepest/lm-models';
import { Adafactor } from '@steepest/optim-adafactor';
import { Adalayer } from '@steepest/optim-adalayer';
import { AdamW } from '@steepest/optim-adam';
import { Muon } from '@steepest/optim-muon';
import { Soap } from '@steepest/optim-soap';
import { setThreads, threadUse, useThreads } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';

const sequences = 8;
const positions = 48;
const model = { modelWidth: 64, layers: 2, heads: 4, vocabularySize: 700, contextLength: positions, seed: 3 };
const stock = tf.findBackendFactory('wasm');

// Element by element, with means over rows, columns and blocks, and by products of matrices; all with a global norm.
const optimizers = {
  AdamW: () => new AdamW({ learningRate: 3e-3, weightDecay: 0.1, clipGlobalNorm: 1, averageDecay: 0.9 }),
  Adafactor: () => new Adafactor({ learningRate: 3e-3, clipGlobalNorm: 1 }),
  Adalayer: () => new Adalayer({ learningRate: 3e-3, clipGlobalNorm: 1 }),
  Muon: () => new Muon({ learningRate: 0.02, clipGlobalNorm: 1 }),
  SOAP: () => new Soap({ learningRate: 3e-3, clipGlobalNorm: 1 }),
};

async function train(
  newOptimizer: () => AdamW | Adafactor | Adalayer | Muon | Soap,
  threads: number,
  inStep: (step: number) => number = () => threads,
): Promise<{ losses: number[]; weights: Int32Array[] }> {
  tf.removeBackend('wasm');
  if (threads === 1) tf.registerBackend('wasm', stock, 2);
  expect(await useThreads({ threads })).toMatchObject({ threads });
  await tf.setBackend('wasm');
  tf.matMul(tf.ones([500, 500]), tf.ones([500, 500])).dispose();
  while ((threadUse()?.started ?? 1) < threads) await new Promise((resolve) => setTimeout(resolve, 5));
  const trained = createLanguageModel(model);
  const optimizer = newOptimizer();
  // Muon takes matrices only; for SOAP, eigenvectors of a whole vocabulary would take minutes.
  const longest = newOptimizer === optimizers.SOAP ? 256 : 700;
  const matrices = trained.variables.filter(({ rank, shape }) => rank === 2 && Math.max(...shape) <= longest);
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const ids = Int32Array.from(
      { length: sequences * (positions + 1) },
      (_, i) => (i * i + 17 * i * (step % 2)) % 700,
    );
    expect(setThreads(inStep(step))).toBe(inStep(step));
    const tokens = tf.tensor2d(ids, [sequences, positions + 1], 'int32');
    losses.push(optimizer.minimize(() => trained.loss(tokens).total, true, matrices)!.dataSync()[0]!);
    tokens.dispose();
  }
  const weights = trained.variables.map(
    (variable) => new Int32Array(Float32Array.from(variable.dataSync()).buffer),
  );
  trained.dispose();
  optimizer.dispose();
  return { losses, weights };
}

it.each(Object.entries(optimizers))(
  'trains with %s to the same bits on one thread, two, three, and numbers that change',
  async (_, newOptimizer) => {
    const alone = await train(newOptimizer, 1);
    expect(alone.losses.at(-1)).toBeLessThan(alone.losses[0]!);
    const changing = (step: number): number => 1 + ((2 * step) % 3);
    const runs = [
      () => train(newOptimizer, 2),
      () => train(newOptimizer, 3),
      () => train(newOptimizer, 3, changing),
    ];
    for (const run of runs) {
      const together = await run();
      expect(together.losses).toEqual(alone.losses);
      for (const [index, bits] of together.weights.entries()) {
        expect(bits.findIndex((word, at) => word !== alone.weights[index]![at])).toBe(-1);
      }
    }
  },
);
