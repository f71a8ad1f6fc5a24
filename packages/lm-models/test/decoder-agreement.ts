import { encodeSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLanguageModel, type LanguageModel, type LanguageModelOptions } from '../src/index.ts';
import fixture from './fixtures/decoder.json' with { type: 'json' };
import huggingFace from './fixtures/hugging-face.json' with { type: 'json' };

// The fixtures are PyTorch in float64 over the same float32 weights (tools/reference/lm-models): a decoder of its own
// functions, and LLaMA and GPT-2 of Hugging Face's transformers.
// Tolerance: a few dozen float32 roundings (6e-8 each) plus the cpu backend's erf, within 1.5e-7 of the true one.
const tolerance = 3e-6;

let model: LanguageModel | undefined;

interface Reference {
  readonly name: string;
  readonly options: object;
  readonly tokens: number[][];
  readonly weights: Readonly<Record<string, number[]>>;
  readonly crossEntropy: number;
  readonly total: number;
  readonly logits: readonly number[];
  readonly gradients: Readonly<Record<string, number[]>>;
  /** The Hessian times these gradients, which is half the gradient of the sum of their squares. */
  readonly hessianTimesGradient: Readonly<Record<string, number[]>>;
}

const references: readonly Reference[] = [
  ...Object.entries(fixture.variants).map(([name, { toggles, ...variant }]) => ({
    ...variant,
    name: `a decoder with ${name}`,
    options: { ...fixture.shape, ...toggles },
    tokens: fixture.tokens,
    weights: fixture.weights,
  })),
  ...Object.entries(huggingFace.models).map(([name, reference]) => ({
    ...reference,
    name,
    tokens: huggingFace.tokens,
    // Neither has a z-loss.
    total: reference.crossEntropy,
  })),
];

async function modelOf({ options, weights }: Reference): Promise<LanguageModel> {
  model = createLanguageModel({ ...options, seed: 0 } as LanguageModelOptions);
  const tensors = model.variables.map(({ path, shape }) => {
    const data = Float32Array.from(weights[path]!);
    return [path, { dtype: 'F32' as const, shape, data }] as const;
  });
  model.load(encodeSafetensors(Object.fromEntries(tensors)));
  return model;
}

function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  what: string,
  relative = tolerance,
): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `${what}[${i}]`).toBeLessThan(relative * scale);
  }
}

/** The model of the defaults, GPT-2 and LLaMA, which between them take every operation of a decoder. */
export const fewReferences: readonly Reference[] = references.filter(
  ({ name }) => name.endsWith('qk-norm and z-loss') || name in huggingFace.models,
);

/** Claims that the numbers of references, by default of all, are PyTorch's on a backend. */
export function agreesWithPyTorch(backend: string, description: string, compared = references): void {
  describe.each(compared)(`$name agrees with PyTorch on ${description}`, (reference) => {
    beforeAll(async () => {
      expect(await tf.setBackend(backend)).toBe(true);
    });
    afterEach(() => model?.dispose());

    const tokens = () => tf.tensor2d(reference.tokens, undefined, 'int32');
    const [rows, columns] = [reference.tokens.length, reference.tokens[0]!.length];

    it('in its logits', async () => {
      const language = await modelOf(reference);
      const logits = language.logits(tf.slice(tokens(), [0, 0], [-1, columns - 1]));
      expect(logits.shape).toEqual([rows, columns - 1, language.config.vocabularySize]);
      expectClose(await logits.data(), reference.logits, 'logits');
    });

    it('in its loss, with and without z-loss', async () => {
      const { total, crossEntropy } = (await modelOf(reference)).loss(tokens());
      expectClose(await crossEntropy.data(), [reference.crossEntropy], 'cross-entropy');
      expectClose(await total.data(), [reference.total], 'total');
    });

    it('in the gradient of every variable', async () => {
      const language = await modelOf(reference);
      const { grads } = tf.variableGrads(() => language.loss(tokens()).total);
      expect(Object.keys(grads).sort()).toEqual(Object.keys(reference.gradients).sort());
      for (const [path, expected] of Object.entries(reference.gradients)) {
        expectClose(await grads[path]!.data(), expected, path);
      }
    });

    it('in the product of the Hessian with the gradient', async () => {
      const language = await modelOf(reference);
      const { grads } = tf.variableGrads(() => {
        const inner = tf.variableGrads(() => language.loss(tokens()).total).grads;
        const squares = Object.values(inner).map((gradient) => tf.sum(tf.square(gradient)));
        // Not by tf.addN, which on WebGPU takes seven at most.
        return tf.div(
          squares.reduce((sum, square) => tf.add(sum, square)),
          2,
        ) as tf.Scalar;
      });
      for (const [path, expected] of Object.entries(reference.hessianTimesGradient)) {
        // Through about twice as many operations, with terms that cancel.
        expectClose(await grads[path]!.data(), expected, path, 10 * tolerance);
      }
    });
  });
}
