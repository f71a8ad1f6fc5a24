import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { largestDifference, randomValues } from '../reference.ts';
import * as references from './references.ts';
import { differences, type Problem } from './references.ts';

beforeAll(async () => {
  await tf.setBackend('wasm');
});

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
type Run = (name: string, inputs: Tensors, attributes?: object) => tf.Tensor[];

/** How one operation's two kernels are called; results in the order of its differentiable inputs. */
interface Operation {
  readonly reference: (problem: Problem) => Float64Array;
  readonly differentiable: readonly string[];
  /** The result, and the gradients of the inputs from that of the result. */
  compute(run: Run, x: Tensors, problem: Problem): { value: tf.Tensor; gradients(g: tf.Tensor): tf.Tensor[] };
}

const operations = {
  LayerNorm: {
    reference: references.layerNorm,
    differentiable: ['x', 'weight'],
    compute: (run, { x, weight }, { attributes }) => {
      const [value, means, inverses] = run('SteepestLayerNorm', { x: x!, weight: weight! }, attributes);
      const saved = { x: x!, weight: weight!, means: means!, inverses: inverses! };
      return {
        value: value!,
        gradients: (gradient) => run('SteepestLayerNormGradient', { ...saved, gradient }),
      };
    },
  },
  Gelu: {
    reference: references.gelu,
    differentiable: ['x'],
    compute: (run, { x }) => ({
      value: run('SteepestGelu', { x: x! })[0]!,
      gradients: (gradient) => run('SteepestGeluGradient', { x: x!, gradient }),
    }),
  },
  RotaryEmbedding: {
    reference: references.rotaryEmbedding,
    differentiable: ['x'],
    compute: (run, { x, cosine, sine }, { attributes }) => {
      const turn = (tensor: tf.Tensor, backwards: boolean) =>
        run(
          'SteepestRotaryEmbedding',
          { x: tensor, cosine: cosine!, sine: sine! },
          { ...attributes, backwards },
        );
      const forwards = attributes.direction === 1;
      return { value: turn(x!, !forwards)[0]!, gradients: (gradient) => turn(gradient, forwards) };
    },
  },
  CausalAttention: {
    reference: references.causalAttention,
    differentiable: ['queries', 'keys', 'values'],
    compute: (run, x, { attributes }) => ({
      value: run('SteepestCausalAttention', x, attributes)[0]!,
      gradients: (gradient) => run('SteepestCausalAttentionGradient', { ...x, gradient }, attributes),
    }),
  },
  SoftmaxCrossEntropy: {
    reference: references.softmaxCrossEntropy,
    differentiable: ['logits'],
    compute: (run, { logits }, { attributes, ids }) => {
      const labels = tf.tensor1d(ids!, 'int32');
      const [losses, logSumExp] = run('SteepestSoftmaxCrossEntropy', { logits: logits!, labels });
      const partition = tf.mul(tf.mean(tf.square(logSumExp!)), attributes.zLoss!);
      return {
        value: tf.stack([tf.mean(losses!), partition]),
        gradients: (gradient) =>
          run(
            'SteepestSoftmaxCrossEntropyGradient',
            { logits: logits!, labels, logSumExp: logSumExp!, gradient },
            attributes,
          ),
      };
    },
  },
} satisfies Record<string, Operation>;

const norm = (rows: number, width: number) =>
  problemOf({ x: [rows, width], weight: [width] }, { epsilon: 1e-5 });
const turn = (sequences: number, positions: number, heads: number, headWidth: number, direction: number) => {
  const table = [positions, heads * headWidth];
  const x = [sequences * positions, heads * headWidth];
  const { inputs, attributes } = problemOf({ x, cosine: table, sine: table }, { headWidth, direction });
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
const entropy = (rows: number, width: number, zLoss: number) =>
  problemOf(
    { logits: [rows, width] },
    { zLoss },
    Array.from({ length: rows }, (_, row) => (row * 5 + width - 1) % width),
  );

/** Widths around the four lanes, one row, one head, one position, and more than one block of each kind. */
const problems: Record<keyof typeof operations, Problem[]> = {
  LayerNorm: [norm(1, 1), norm(1, 5), norm(3, 8), norm(2, 3), norm(65, 6), norm(130, 4)],
  Gelu: [[1], [3], [4], [7], [2, 9]].map((shape) => problemOf({ x: shape }, {})),
  RotaryEmbedding: [turn(1, 1, 1, 2, 1), turn(2, 3, 2, 6, 1), turn(2, 2, 3, 8, -1), turn(1, 4, 1, 10, 1)],
  CausalAttention: [
    attention(1, 1, 1, 1),
    attention(2, 3, 2, 3),
    attention(1, 33, 1, 5),
    attention(1, 65, 1, 2),
    attention(1, 20, 2, 8),
    attention(3, 32, 1, 2),
  ],
  SoftmaxCrossEntropy: [entropy(1, 1, 0.1), entropy(1, 7, 0), entropy(3, 8, 0.1), entropy(2, 1030, 0.1)],
};

const run: Run = (name, inputs, attributes = {}) => {
  const result = tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as
    | tf.Tensor
    | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
};

const cases = Object.entries(problems).flatMap(([name, list]) =>
  list.map((problem) => {
    const { shape } = Object.values(problem.inputs)[0]!;
    const operation: Operation = operations[name as keyof typeof operations];
    return { name, label: `[${shape}] ${JSON.stringify(problem.attributes)}`, operation, problem };
  }),
);

/** The float32 numbers of a problem as tensors, and the same numbers in float64. */
function tensorsOf(problem: Problem): Tensors {
  return Object.fromEntries(
    Object.entries(problem.inputs).map(([name, { shape, data }]) => [
      name,
      tf.tensor(Float32Array.from(data), shape),
    ]),
  );
}

describe.each(cases)('$name of $label', ({ operation, problem }) => {
  const compute = () =>
    tf.tidy(() => {
      const { value, gradients } = operation.compute(run, tensorsOf(problem), problem);
      const ofValue = tf.tensor(randomValues(value.size, 9), value.shape);
      return [value, ...gradients(ofValue)].map((tensor) => tensor.dataSync());
    });

  it('agrees with float64, and its gradient with differences in float64', () => {
    const [value, ...gradients] = compute();
    const expected = operation.reference(problem);
    // Tens of float32 roundings (6e-8 each) of numbers about 1 in size.
    expect(largestDifference(value!, expected)).toBeLessThan(3e-6);
    const weights = Float64Array.from(randomValues(expected.length, 9));
    const exact = differences(operation.reference, problem, weights, operation.differentiable);
    expect(gradients.length).toBe(exact.length);
    for (const [i, gradient] of gradients.entries()) {
      const scale = Math.max(1, ...exact[i]!.map(Math.abs));
      expect(largestDifference(gradient, exact[i]!) / scale, operation.differentiable[i]).toBeLessThan(5e-6);
    }
  });

  it('gives the same bits again, and leaves no tensor or memory behind', () => {
    const count = () => [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    const before = count();
    const first = compute();
    expect(compute()).toEqual(first);
    expect(count()).toEqual(before);
  });
});

describe('a training kernel on a full heap', () => {
  it.each(cases.slice(0, 1).concat(cases.filter(({ name }) => name === 'CausalAttention').slice(1, 2)))(
    '$name says what it asked for and keeps nothing',
    ({ operation, problem }) => {
      const tensors = tensorsOf(problem);
      const { value, gradients } = operation.compute(run, tensors, problem);
      const before = tf.engine().backend.numDataIds();
      const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
      const malloc = wasm._malloc;
      // The second allocation of each call is refused: the first must be given back.
      for (const call of [() => operation.compute(run, tensors, problem), () => gradients(value)]) {
        let calls = 0;
        const full = vi.spyOn(wasm, '_malloc').mockImplementation((bytes) => {
          if (calls++ < 1) return malloc(bytes);
          throw new Error('the heap is full');
        });
        expect(call).toThrow(/no room for its result of shape \[.*\] \(\d+ bytes asked/);
        full.mockRestore();
        expect(tf.engine().backend.numDataIds()).toBe(before);
      }
    },
  );
});
