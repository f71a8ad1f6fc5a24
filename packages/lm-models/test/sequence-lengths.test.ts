import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import { createLanguageModel, type LanguageModel } from '../src/index.ts';

const shape = { modelWidth: 16, layers: 2, heads: 2, vocabularySize: 31, seed: 5 };
const longest = 24;

function tokensOf(contextLength: number): tf.Tensor2D {
  const columns = contextLength + 1;
  const tokens = Int32Array.from({ length: 3 * columns }, (_, index) => (index * index) % 31);
  return tf.tensor2d(tokens, [3, columns]);
}

/** Loss and gradients of a batch, as plain numbers by the variables' paths. */
function step(model: LanguageModel, contextLength: number): Record<string, Float32Array> {
  const tokens = tokensOf(contextLength);
  const { value, grads } = tf.variableGrads(() => model.loss(tokens).total, [...model.variables]);
  const numbers = Object.fromEntries(
    model.variables.map(({ path, name }) => [path, grads[name]!.dataSync() as Float32Array]),
  );
  const loss = value.dataSync() as Float32Array;
  tf.dispose([tokens, value, grads]);
  return { ...numbers, loss };
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  it.each([1, 7, 8, 16, 23])(
    `a model of ${longest} tokens is on sequences of %i, bit for bit, the model made for them`,
    async (length) => {
      await tf.setBackend(backend);
      const made = createLanguageModel({ ...shape, contextLength: length });
      const expected = step(made, length);
      made.dispose();
      const model = createLanguageModel({ ...shape, contextLength: longest });
      step(model, longest);
      expect(step(model, length)).toEqual(expected);
      model.dispose();
    },
  );

  it('a change of length leaves no tensor behind, compiles nothing and is forgotten', async () => {
    await tf.setBackend(backend);
    const model = createLanguageModel({ ...shape, contextLength: longest });
    const first = step(model, 8);
    const tensors = tf.memory().numTensors;
    const bytes = tf.memory().numBytes;
    const compilers = [vi.spyOn(WebAssembly, 'Module'), vi.spyOn(WebAssembly, 'Instance')];
    for (const length of [16, longest, 3, 16, 1]) {
      step(model, length);
      expect(tf.memory()).toMatchObject({ numTensors: tensors, numBytes: bytes });
    }
    expect(step(model, 8)).toEqual(first);
    for (const compiler of compilers) expect(compiler).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    model.dispose();
  });
});
