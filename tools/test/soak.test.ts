import { prepareBackend } from '@steepest/backend';
import { createLanguageModel } from '@steepest/lm-models';
import { AdamW } from '@steepest/optim-adam';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

const contextLength = 8;
const vocabularySize = 64;
/** What a step keeps shows within hundreds of them; what a thousand keep, in `npm run test:thorough`. */
const soakSteps = process.env.STEEPEST_THOROUGH === '1' ? 10_000 : 1500;

beforeAll(async () => {
  await prepareBackend({ backend: 'wasm' });
});

/** Bytes of the heap of tfjs-backend-wasm. */
function heapBytes(): number {
  const { wasm } = tf.backend() as unknown as {
    wasm: { wasmMemory?: WebAssembly.Memory; asm?: { memory: WebAssembly.Memory } };
  };
  return (wasm.wasmMemory ?? wasm.asm!.memory).buffer.byteLength;
}

/** Trains a very small decoder; `observe` is called after every step. */
async function train(steps: number, observe?: (step: number) => void): Promise<Float32Array[]> {
  const model = createLanguageModel({
    size: 'nano',
    modelWidth: 16,
    layers: 1,
    heads: 2,
    vocabularySize,
    contextLength,
    seed: 1,
  });
  const optimizer = new AdamW({ learningRate: 1e-3, clipGlobalNorm: 1, averageDecay: 0.99 });
  for (let step = 1; step <= steps; step++) {
    const tokens = Int32Array.from(
      { length: 2 * (contextLength + 1) },
      (_, index) => (index * (1 + (step % 7)) + step) % vocabularySize,
    );
    const batch = tf.tensor2d(tokens, [2, contextLength + 1], 'int32');
    optimizer.minimize(() => model.loss(batch).total);
    batch.dispose();
    observe?.(step);
  }
  const values = await Promise.all(
    model.variables.map(async (variable) => (await variable.data()).slice() as Float32Array),
  );
  optimizer.dispose();
  model.dispose();
  return values;
}

describe('training on the wasm backend', () => {
  it(`keeps tensors, bytes and the heap flat over ${soakSteps} steps`, async () => {
    const settled = 100;
    let first: { numTensors: number; numBytes: number; heap: number } | undefined;
    const seen = () => {
      const { numTensors, numBytes } = tf.memory();
      return { numTensors, numBytes, heap: heapBytes() };
    };
    await train(soakSteps, (step) => {
      if (step === settled) first = seen();
      if (step > settled && step % 100 === 0) expect(seen()).toEqual(first);
    });
    expect(first).toBeDefined();
  });

  it('gives the same bits run to run', async () => {
    expect(await train(300)).toEqual(await train(300));
  });
});
