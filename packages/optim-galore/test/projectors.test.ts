import { singularVectors } from '@steepest/matrix-rules';
import { readTrajectories } from '@steepest/optimizer-testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { GaLoreAdamW, type GaLoreAdamWOptions, type ProjectorSource } from '../src/index.ts';
import { recordedProjectors } from './recorded-projectors.ts';

const runs = readTrajectories(new URL('./fixtures/', import.meta.url));

/** The values of a weight that starts at 1, after each of some gradients. */
function trajectory(options: GaLoreAdamWOptions, gradients: readonly tf.Tensor[]): number[][] {
  const weight = tf.variable(tf.ones(gradients[0]!.shape), true, 'weight');
  const optimizer = new GaLoreAdamW({ learningRate: 0.01, ...options });
  const values = gradients.map((gradient) => {
    optimizer.applyGradients({ weight: gradient });
    return [...weight.dataSync()];
  });
  optimizer.dispose();
  weight.dispose();
  return values;
}

const gradients = Array.from({ length: 6 }, (_, i) => tf.randomNormal([3, 2], 0, 1, 'float32', i + 1));
/** Orthonormal columns, other ones for every renewal, each column times a sign. */
const turned =
  (signs: (step: number) => readonly [number, number]): ProjectorSource =>
  ({ step }) => {
    const [c, s] = [Math.cos(step), Math.sin(step)];
    const [first, second] = signs(step);
    return [first * c, -second * s, first * s, second * c];
  };

describe('the projectors of GaLore', () => {
  it.each(runs.map((run) => [run.case, run] as const))(
    'are, up to signs, those of the authors’ run %s',
    (_, run) => {
      let compared = 0;
      for (const [name, projectors] of recordedProjectors(run)) {
        const index = run.params.findIndex((info) => info.name === name);
        const { shape } = run.params[index]!;
        const axis = shape[0]! >= shape[1]! ? 1 : 0;
        for (const { step, columns } of projectors) {
          const gradient = { shape, data: Float64Array.from(run.grads[step - 1]![index]!) };
          const own = singularVectors(shape, axis, 2).inFloat64([gradient], []);
          for (const column of [0, 1]) {
            const pairs = [...own].map((x, i) => [x, columns[i]!] as const);
            const along = pairs.filter((_, i) => i % 2 === column);
            // Unit vectors: the product is 1 or -1 only where they are the same line.
            expect(Math.abs(along.reduce((sum, [x, y]) => sum + x * y, 0))).toBeCloseTo(1, 12);
            compared++;
          }
        }
      }
      expect(compared).toBe(run.case === 'constant' ? 6 : 18);
    },
  );

  it('have signs that change no step as long as they stay', () => {
    const plain = trajectory({ rank: 2, projector: turned(() => [1, 1]) }, gradients);
    const other = trajectory({ rank: 2, projector: turned(() => [-1, 1]) }, gradients);
    expect(other).toEqual(plain);
  });

  it('have signs that count from a renewal on, for the moments stay', () => {
    const options = { rank: 2, projectionGap: 3 };
    const plain = trajectory({ ...options, projector: turned(() => [1, 1]) }, gradients);
    const other = trajectory({ ...options, projector: turned((t) => [t === 4 ? -1 : 1, 1]) }, gradients);
    expect(other.slice(0, 3)).toEqual(plain.slice(0, 3));
    const difference = Math.max(...other[3]!.map((x, i) => Math.abs(x - plain[3]![i]!)));
    expect(difference).toBeGreaterThan(1e-4);
  });

  it('are asked for at the first gradient and then every projectionGap gradients', () => {
    const asked: unknown[] = [];
    const projector: ProjectorSource = (request) => {
      asked.push(request);
      return [1, 0, 0, 1];
    };
    trajectory({ rank: 2, projectionGap: 4, projector }, gradients);
    expect(asked).toEqual([1, 5].map((step) => ({ name: 'weight', shape: [2, 2], step })));
  });

  it.each([
    [[1, 0], 'the projector for "weight" [2, 2] needs 4 numbers, got 2'],
    [[1, 0, 0, Number.NaN], 'the projector for "weight" [2, 2] must hold finite numbers'],
  ])('of %j are refused, and no weight moves', (numbers, message) => {
    const weight = tf.variable(tf.ones([3, 2]), true, 'weight');
    const optimizer = new GaLoreAdamW({ rank: 2, projector: () => numbers });
    expect(() => optimizer.applyGradients({ weight: gradients[0]! })).toThrow(message);
    expect(optimizer.iterations).toBe(0);
    expect([...weight.dataSync()]).toEqual([1, 1, 1, 1, 1, 1]);
    optimizer.dispose();
    weight.dispose();
  });
});
