import { encodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLanguageModel, type LanguageModel, type LanguageModelOptions } from '../src/index.ts';
import fixture from './fixtures/decoder.json' with { type: 'json' };

// The fixture is PyTorch in float64 over the same float32 weights (tools/reference/lm-models/decoder.py).
// Tolerance: a few dozen float32 roundings (6e-8 each) plus the cpu backend's erf, within 1.5e-7 of the true one.
const tolerance = 3e-6;

let model: LanguageModel | undefined;

interface Variant {
  toggles: object;
  crossEntropy: number;
  total: number;
  logits: number[];
  gradients: Record<string, number[]>;
}

async function modelOf(variant: Variant): Promise<LanguageModel> {
  model = createLanguageModel({ ...fixture.shape, ...variant.toggles, seed: 0 } as LanguageModelOptions);
  const tensors = model.variables.map(({ path, shape }) => {
    const data = Float32Array.from((fixture.weights as Record<string, number[]>)[path]!);
    return [path, { dtype: 'F32' as const, shape, data }] as const;
  });
  model.load(encodeSafetensors(Object.fromEntries(tensors)));
  return model;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `${what}[${i}]`).toBeLessThan(tolerance * scale);
  }
}

/** Claims that a decoder's numbers are those of PyTorch on a backend, in every variant of the fixture. */
export function agreesWithPyTorch(backend: string, description: string): void {
  describe.each(Object.entries(fixture.variants))(
    `a decoder with %s agrees with PyTorch on ${description}`,
    (_, variant) => {
      beforeAll(async () => {
        expect(await tf.setBackend(backend)).toBe(true);
      });
      afterEach(() => model?.dispose());

      const tokens = () => tf.tensor2d(fixture.tokens, undefined, 'int32');
      const columns = fixture.tokens[0]!.length;

      it('in its logits', async () => {
        const logits = (await modelOf(variant)).logits(tf.slice(tokens(), [0, 0], [-1, columns - 1]));
        expect(logits.shape).toEqual([fixture.tokens.length, columns - 1, fixture.shape.vocabularySize]);
        expectClose(await logits.data(), variant.logits, 'logits');
      });

      it('in its loss, with and without z-loss', async () => {
        const { total, crossEntropy } = (await modelOf(variant)).loss(tokens());
        expectClose(await crossEntropy.data(), [variant.crossEntropy], 'cross-entropy');
        expectClose(await total.data(), [variant.total], 'total');
      });

      it('in the gradient of every variable', async () => {
        const language = await modelOf(variant);
        const { grads } = tf.variableGrads(() => language.loss(tokens()).total);
        expect(Object.keys(grads).sort()).toEqual(Object.keys(variant.gradients).sort());
        for (const [path, expected] of Object.entries(variant.gradients)) {
          expectClose(await grads[path]!.data(), expected, path);
        }
      });
    },
  );
}
