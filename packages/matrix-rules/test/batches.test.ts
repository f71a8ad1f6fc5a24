import type { TensorTransform } from '@steepest/optimizer';
import '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  gramDifference,
  gramMatrix,
  matrixProduct,
  newtonSchulz,
  orthogonalBasis,
  rotation,
  triangleProduct,
  triangularProduct,
  triangularSolution,
} from '../src/index.ts';

interface Case {
  readonly transform: TensorTransform;
  readonly inputs: readonly (readonly number[])[];
  readonly scalars?: readonly number[];
  /** Largest difference of float32 from float64. */
  readonly within: number;
}

/** Triangles with a large diagonal, as are the factors that are solved for. */
const factor = (length: number) =>
  Float32Array.from({ length: length * length }, (_, at) => {
    const [row, column] = [Math.floor(at / length), at % length];
    return row > column ? 0 : row === column ? 3 : Math.sin(at) / length;
  });

const cases: readonly (readonly [string, Case])[] = [
  [
    'newtonSchulz, wide',
    { transform: newtonSchulz([30, 70]), inputs: [[30, 70]], scalars: [1e-7], within: 2e-5 },
  ],
  [
    'newtonSchulz, tall',
    { transform: newtonSchulz([70, 30]), inputs: [[70, 30]], scalars: [1e-7], within: 2e-5 },
  ],
  [
    'newtonSchulz, itself a batch',
    { transform: newtonSchulz([2, 7, 5]), inputs: [[2, 7, 5]], scalars: [1e-7], within: 2e-5 },
  ],
  ...[0, 1].map(
    (axis) =>
      [
        `gramMatrix of axis ${axis}`,
        { transform: gramMatrix([33, 20], axis), inputs: [[33, 20]], within: 1e-5 },
      ] as const,
  ),
  ...[0, 1].map((axis) => {
    const inputs = [
      [53, 20],
      [53, 20],
    ];
    const within = 1e-6;
    return [
      `gramDifference of axis ${axis}`,
      { transform: gramDifference([53, 20], axis), inputs, within },
    ] as const;
  }),
  [
    'gramDifference between axes',
    {
      transform: gramDifference([3, 5, 4], 1),
      inputs: [
        [3, 5, 4],
        [3, 5, 4],
      ],
      within: 1e-6,
    },
  ],
  ['gramMatrix between axes', { transform: gramMatrix([3, 5, 4], 1), inputs: [[3, 5, 4]], within: 1e-5 }],
  ...([0, 1] as const).flatMap((axis) =>
    (['forward', 'backward'] as const).map((direction) => {
      const length = [33, 20][axis]!;
      return [
        `rotation of axis ${axis} ${direction}`,
        {
          transform: rotation([33, 20], axis, direction),
          inputs: [
            [33, 20],
            [length, length],
          ],
          within: 1e-5,
        },
      ] as const;
    }),
  ),
  [
    'rotation between axes',
    {
      transform: rotation([3, 5, 4], 1, 'forward'),
      inputs: [
        [3, 5, 4],
        [5, 5],
      ],
      within: 1e-5,
    },
  ],
  [
    'matrixProduct',
    {
      transform: matrixProduct([20, 30], [20, 9], 'left'),
      inputs: [
        [20, 30],
        [20, 9],
      ],
      within: 1e-5,
    },
  ],
  ...[0, 1].flatMap((axis) =>
    (['factor', 'transpose'] as const).map((direction) => {
      const length = [60, 55][axis]!;
      const inputs = [
        [60, 55],
        [length, length],
      ];
      return [
        `triangularProduct of axis ${axis}, ${direction}`,
        { transform: triangularProduct([60, 55], axis, direction), inputs, within: 1e-5 },
      ] as const;
    }),
  ),
  [
    'triangleProduct',
    {
      transform: triangleProduct(110),
      inputs: [
        [110, 110],
        [110, 110],
      ],
      within: 1e-5,
    },
  ],
  ['orthogonalBasis', { transform: orthogonalBasis(40, 25), inputs: [[40, 25]], within: 1e-4 }],
  ...[0, 1].map((axis) => {
    const length = [30, 26][axis]!;
    return [
      `triangularSolution of axis ${axis}`,
      {
        transform: triangularSolution([30, 26], axis),
        inputs: [
          [30, 26],
          [length, length],
        ],
        within: 1e-5,
      },
    ] as const;
  }),
];

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

/** Inputs of one of several calls; a second input of what is triangular is a factor. */
function inputsOf({ transform, inputs }: Case, call: number): { shape: number[]; data: Float32Array }[] {
  return inputs.map((shape, place) => {
    const isFactor =
      transform.name === 'triangleProduct' || (transform.name.startsWith('triangular') && place === 1);
    const data = isFactor
      ? factor(shape[0]!).map((x) => x * (1 + call / 8))
      : Float32Array.from({ length: size(shape) }, (_, i) => Math.sin(1 + (call + 3) * (i + 1) ** 2 + place));
    return { shape: [...shape], data };
  });
}

describe.each(['wasm', 'cpu'])('a batch on %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  it.each(cases)('of %s is each transform to the bit, and near float64', (_, example) => {
    const { transform, scalars = [], within } = example;
    const calls = [0, 1, 2].map((call) => inputsOf(example, call));
    const alone = calls.map((inputs) =>
      tf.tidy(() => [
        ...transform
          .onTensors(
            inputs.map(({ shape, data }) => tf.tensor(data, shape)),
            scalars,
          )
          .dataSync(),
      ]),
    );
    const together = tf.tidy(() => {
      const stacked = calls[0]!.map((_, place) =>
        tf.stack(calls.map((inputs) => tf.tensor(inputs[place]!.data, inputs[place]!.shape))),
      );
      const result = transform.batch!.onTensors(stacked, scalars);
      expect(result.shape).toEqual([3, ...transform.shape]);
      return [...result.dataSync()];
    });
    expect(together).toEqual(alone.flat());
    for (const [i, inputs] of calls.entries()) {
      const exact = transform.inFloat64(
        inputs.map(({ shape, data }) => ({ shape, data: Float64Array.from(data) })),
        scalars,
      );
      const largest = exact.reduce((most, x, at) => Math.max(most, Math.abs(x - alone[i]![at]!)), 0);
      expect(largest).toBeLessThan(within);
    }
  });
});

it('has a key that tells options apart', () => {
  const key = (transform: TensorTransform) => transform.batch!.key;
  expect(key(newtonSchulz([2, 3]))).toBe(key(newtonSchulz([2, 3])));
  expect(key(newtonSchulz([2, 3], { normFactor: 1.02 }))).not.toBe(key(newtonSchulz([2, 3])));
  expect(key(rotation([3, 3], 0, 'forward'))).not.toBe(key(rotation([3, 3], 0, 'backward')));
  expect(key(rotation([3, 3], 0, 'forward'))).not.toBe(key(rotation([3, 3], 1, 'forward')));
  expect(key(gramMatrix([3, 3], 0))).not.toBe(key(gramMatrix([3, 3], 1)));
  expect(key(gramDifference([3, 3], 0))).not.toBe(key(gramDifference([3, 3], 1)));
  expect(key(matrixProduct([3, 3], [3, 3], 'left'))).not.toBe(key(matrixProduct([3, 3], [3, 3], 'right')));
  expect(key(triangularProduct([3, 3], 0, 'factor'))).not.toBe(
    key(triangularProduct([3, 3], 0, 'transpose')),
  );
  expect(key(triangularSolution([3, 3], 0))).not.toBe(key(triangularSolution([3, 3], 1)));
});
