import {
  type AttentionLayout,
  causalAttentionGradientKernel,
  causalAttentionKernel,
  embeddingGradientKernel,
  geluGradientKernel,
  geluKernel,
  layerNormGradientKernel,
  layerNormKernel,
  rmsNormGradientKernel,
  rmsNormKernel,
  rotaryEmbeddingGradientKernel,
  rotaryEmbeddingKernel,
  runKernel,
  softmaxCrossEntropyGradientKernel,
  softmaxCrossEntropyKernel,
} from '@steepest/training-kernels';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { largestDifference, randomValues } from './numbers.ts';
import * as references from './references.ts';
import { differences, type Problem } from './references.ts';

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

function problemOf(
  shapes: Record<string, number[]>,
  attributes: Record<string, number>,
  ids?: number[],
): Problem {
  const inputs = Object.entries(shapes).map(([name, shape], i) => {
    const data = Float64Array.from(randomValues(size(shape), i + 1), (value) => 1.5 * value);
    return [name, { shape, data }] as const;
  });
  return { inputs: Object.fromEntries(inputs), attributes, ...(ids && { ids: Int32Array.from(ids) }) };
}

type Tensors = Record<string, tf.Tensor>;

/** Gradients are written to memory of their own. */
const kept = { overwrite: false };

/** How one operation's two kernels are called; results in the order of its differentiable inputs. */
interface Operation {
  readonly reference: (problem: Problem) => Float64Array;
  readonly differentiable: readonly string[];
  /** The result, and the gradients of the inputs from that of the result. */
  compute(x: Tensors, problem: Problem): { value: tf.Tensor; gradients(g: tf.Tensor): tf.Tensor[] };
}

const operations = {
  LayerNorm: {
    reference: references.layerNorm,
    differentiable: ['x', 'weight'],
    compute: ({ x, weight }, { attributes }) => {
      const inputs = { x: x!, weight: weight! };
      const { y, means, inverses } = runKernel(layerNormKernel, inputs, { epsilon: attributes.epsilon! });
      return {
        value: y,
        gradients: (gradient) =>
          Object.values(runKernel(layerNormGradientKernel, { ...inputs, means, inverses, gradient }, kept)),
      };
    },
  },
  RmsNorm: {
    reference: references.rmsNorm,
    differentiable: ['x', 'weight'],
    compute: ({ x, weight }, { attributes }) => {
      const inputs = { x: x!, weight: weight! };
      const { y, inverses } = runKernel(rmsNormKernel, inputs, { epsilon: attributes.epsilon! });
      return {
        value: y,
        gradients: (gradient) =>
          Object.values(runKernel(rmsNormGradientKernel, { ...inputs, inverses, gradient }, kept)),
      };
    },
  },
  Gelu: {
    reference: references.gelu,
    differentiable: ['x'],
    compute: ({ x }) => ({
      value: runKernel(geluKernel, { x: x! }, {}).y,
      gradients: (gradient) => [runKernel(geluGradientKernel, { x: x!, gradient }, kept).x],
    }),
  },
  RotaryEmbedding: {
    reference: references.rotaryEmbedding,
    differentiable: ['x'],
    compute: ({ x, cosine, sine }, { attributes }) => {
      const tables = { cosine: cosine!, sine: sine! };
      const headWidth = attributes.headWidth!;
      return {
        value: runKernel(rotaryEmbeddingKernel, { x: x!, ...tables }, { headWidth }).y,
        gradients: (gradient) => [
          runKernel(rotaryEmbeddingGradientKernel, { gradient, ...tables }, { headWidth }).x,
        ],
      };
    },
  },
  CausalAttention: {
    reference: references.causalAttention,
    differentiable: ['queries', 'keys', 'values'],
    compute: ({ queries, keys, values }, { attributes }) => {
      const inputs = { queries: queries!, keys: keys!, values: values! };
      const layout = attributes as unknown as AttentionLayout;
      return {
        value: runKernel(causalAttentionKernel, inputs, layout).y,
        gradients: (gradient) =>
          Object.values(
            runKernel(causalAttentionGradientKernel, { ...inputs, gradient }, { ...layout, ...kept }),
          ),
      };
    },
  },
  SoftmaxCrossEntropy: {
    reference: references.softmaxCrossEntropy,
    differentiable: ['logits'],
    compute: ({ logits }, { ids }) => {
      const inputs = { logits: logits!, labels: tf.tensor1d(ids!, 'int32') };
      const { losses, logSumExp, kept: read } = runKernel(softmaxCrossEntropyKernel, inputs, {});
      return {
        value: tf.stack([losses, logSumExp]),
        gradients: (gradient) => {
          const [lossesGradient, logSumExpGradient] = tf.unstack(gradient) as [tf.Tensor, tf.Tensor];
          const saved = { kept: read, labels: inputs.labels, logSumExp, lossesGradient, logSumExpGradient };
          return [runKernel(softmaxCrossEntropyGradientKernel, saved, kept).logits];
        },
      };
    },
  },
  EmbeddingGradient: {
    reference: references.embeddingGradient,
    differentiable: [],
    compute: ({ gradient }, { ids, attributes }) => {
      const inputs = { gradient: gradient!, tokens: tf.tensor1d(ids!, 'int32') };
      const { vocabularySize } = attributes as { vocabularySize: number };
      const { embedding } = runKernel(embeddingGradientKernel, inputs, { vocabularySize });
      return { value: embedding, gradients: () => [] };
    },
  },
} satisfies Record<string, Operation>;

const norm = (rows: number, width: number) =>
  problemOf({ x: [rows, width], weight: [width] }, { epsilon: 1e-5 });
const turn = (sequences: number, positions: number, heads: number, headWidth: number) => {
  const table = [positions, heads * headWidth];
  const x = [sequences * positions, heads * headWidth];
  const { inputs, attributes } = problemOf({ x, cosine: table, sine: table }, { headWidth });
  // The two halves of a head turn by the same angles.
  const angles = inputs.sine!.data.map((_, i) => 0.1 * (i - (i % headWidth)) + (i % (headWidth / 2)));
  const cosine = { shape: table, data: angles.map(Math.cos) };
  const sine = { shape: table, data: angles.map(Math.sin) };
  return { inputs: { ...inputs, cosine, sine }, attributes };
};
const attention = (sequences: number, positions: number, heads: number, headWidth: number) => {
  const shape = [sequences * positions, heads * headWidth];
  return problemOf({ queries: shape, keys: shape, values: shape }, { sequences, positions, heads });
};
const entropy = (rows: number, width: number) =>
  problemOf(
    { logits: [rows, width] },
    {},
    Array.from({ length: rows }, (_, row) => (row * 5 + width - 1) % width),
  );

const lookup = (vocabularySize: number, width: number, ids: number[]) =>
  problemOf({ gradient: [ids.length, width] }, { vocabularySize }, ids);

/** Widths around the four lanes, one row, one head, one position, and more than one block of each kind. */
const problems: Record<keyof typeof operations, Problem[]> = {
  LayerNorm: [
    norm(1, 1),
    norm(1, 5),
    norm(3, 8),
    norm(2, 3),
    norm(65, 6),
    norm(130, 4),
    norm(17, 70),
    norm(2, 600),
  ],
  RmsNorm: [norm(1, 1), norm(3, 5), norm(17, 70), norm(2, 600)],
  Gelu: [[1], [3], [4], [7], [2, 9]].map((shape) => problemOf({ x: shape }, {})),
  RotaryEmbedding: [turn(1, 1, 1, 2), turn(2, 3, 2, 6), turn(2, 2, 3, 8), turn(1, 4, 1, 10)],
  CausalAttention: [
    attention(1, 1, 1, 1),
    attention(2, 3, 2, 3),
    attention(1, 33, 1, 5),
    attention(1, 65, 1, 2),
    attention(1, 20, 2, 8),
    attention(3, 32, 1, 2),
    attention(1, 3, 2, 33),
    attention(1, 2, 1, 36),
  ],
  SoftmaxCrossEntropy: [entropy(1, 1), entropy(1, 7), entropy(3, 8), entropy(2, 1030)],
  EmbeddingGradient: [
    lookup(1, 1, [0]),
    lookup(5, 3, [4, 0, 4, 4]),
    // Ids outside the vocabulary, a gap of more than 256 between two places, and columns for two workgroups.
    lookup(300, 260, [7, -1, 300, ...Array.from({ length: 290 }, (_, i) => (i < 270 ? i + 10 : 7))]),
  ],
};

export const cases = Object.entries(problems).flatMap(([name, list]) =>
  list.map((problem) => {
    const { shape } = Object.values(problem.inputs)[0]!;
    const operation: Operation = operations[name as keyof typeof operations];
    return { name, label: `[${shape}] ${JSON.stringify(problem.attributes)}`, operation, problem };
  }),
);

/** The float32 numbers of a problem as tensors, and the same numbers in float64. */
export function tensorsOf(problem: Problem): Tensors {
  return Object.fromEntries(
    Object.entries(problem.inputs).map(([name, { shape, data }]) => [
      name,
      tf.tensor(Float32Array.from(data), shape),
    ]),
  );
}

/**
 * Claims that the kernels of training compute what their definitions say, on the backend in use.
 *
 * @param memory What the backend counts of its memory
 * @param without Kernels that it does not have
 */
export function agreesWithFloat64(memory: () => number[], without: readonly string[] = []): void {
  describe.each(cases.filter(({ name }) => !without.includes(name)))(
    '$name of $label',
    ({ operation, problem }) => {
      const compute = async () => {
        const results = tf.tidy(() => {
          const { value, gradients } = operation.compute(tensorsOf(problem), problem);
          const ofValue = tf.tensor(randomValues(value.size, 9), value.shape);
          return [value, ...gradients(ofValue)];
        });
        const numbers = await Promise.all(results.map((tensor) => tensor.data()));
        tf.dispose(results);
        return numbers;
      };

      it('agrees with float64, and its gradient with differences in float64', async () => {
        const [value, ...gradients] = await compute();
        const expected = operation.reference(problem);
        // Tens of float32 roundings (6e-8 each) of numbers about 1 in size.
        expect(largestDifference(value!, expected)).toBeLessThan(3e-6);
        const weights = Float64Array.from(randomValues(expected.length, 9));
        const exact = differences(operation.reference, problem, weights, operation.differentiable);
        expect(gradients.length).toBe(exact.length);
        for (const [i, gradient] of gradients.entries()) {
          const scale = Math.max(1, ...exact[i]!.map(Math.abs));
          expect(largestDifference(gradient, exact[i]!) / scale, operation.differentiable[i]).toBeLessThan(
            5e-6,
          );
        }
      });

      it('gives the same bits again, and leaves no tensor or memory behind', async () => {
        const first = await compute();
        const count = () => [tf.memory().numTensors, ...memory()];
        const before = count();
        expect(await compute()).toEqual(first);
        expect(count()).toEqual(before);
      });
    },
  );
}
