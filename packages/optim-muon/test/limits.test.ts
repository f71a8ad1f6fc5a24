import { AdamW } from '@steepest/optim-adam';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Muon, type MuonOptions } from '../src/index.ts';

/** What Newton-Schulz makes of one singular value of a matrix of norm 1: five times the quintic. */
function quintic(singularValue: number): number {
  let x = singularValue;
  for (let iteration = 0; iteration < 5; iteration++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
  return x;
}

/** How far a first step with rate 1 and one gradient moves a zero weight. */
function movedBy(gradient: tf.Tensor, options: MuonOptions = {}): tf.Tensor {
  const weight = tf.variable(tf.zeros(gradient.shape));
  const optimizer = new Muon({ learningRate: 1, ...options });
  optimizer.applyGradients({ [weight.name]: gradient });
  optimizer.dispose();
  return tf.neg(weight);
}

function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
}

/** A matrix with no special structure. */
function someMatrix(rows: number, columns: number): tf.Tensor2D {
  return tf.randomNormal([rows, columns], 0, 1, 'float32', 7);
}

describe('Muon', () => {
  it('keeps the singular vectors of a gradient and brings its singular values near 1', () => {
    // Two rotations make a matrix with singular values 4 and 1 out of a diagonal one.
    const rotation = (angle: number) =>
      tf.tensor2d([Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)], [2, 2]);
    const withValues = (values: number[]) =>
      tf.matMul(tf.matMul(rotation(0.7), tf.diag(tf.tensor1d(values))), rotation(-1.9));
    const norm = Math.hypot(4, 1);
    const expected = [quintic(4 / norm), quintic(1 / norm)];
    const moved = movedBy(withValues([4, 1]), { nesterov: false });
    // Without Nesterov's term and with norm >> 1e-7, the momentum's factor 0.05 cancels but for 1e-6.
    expect(largestDifference(moved, withValues(expected))).toBeLessThan(1e-5);
    for (const value of expected) expect(Math.abs(value - 1)).toBeLessThan(0.35);
  });

  it('moves by the same whatever the scale of the gradient, up to the largest in float32', () => {
    const gradient = someMatrix(4, 6);
    const usual = movedBy(gradient);
    for (const scale of [1e-3, 1e15, 1e30]) {
      // 2e-4: the 1e-7 beside the norm, and float32 through ten matrix products.
      expect(largestDifference(movedBy(tf.mul(gradient, scale)), usual)).toBeLessThan(2e-4);
    }
  });

  it('hardly moves by a gradient that is negligible compared with 1e-7, and not at all by zeros', () => {
    expect([...movedBy(tf.zeros([3, 2])).dataSync()].every((x) => x === 0)).toBe(true);
    const tiny = movedBy(tf.mul(someMatrix(3, 2), 1e-30));
    expect(largestDifference(tiny, tf.zeros([3, 2]))).toBeLessThan(1e-18);
  });

  it('moves a batch of matrices as each on its own, however their scales differ', () => {
    const matrices = [tf.mul(someMatrix(5, 3), 1e30), tf.mul(someMatrix(5, 3), -1e-3)];
    const batch = movedBy(tf.stack(matrices));
    expect(largestDifference(batch, tf.stack(matrices.map((matrix) => movedBy(matrix))))).toBeLessThan(1e-6);
  });

  it('scales the update for weights stored [outputs, inputs], [inputs, outputs], or as AdamW moves', () => {
    const gradient = someMatrix(8, 2);
    const tall = movedBy(gradient);
    const plain = movedBy(gradient, { updateScale: 'columns' });
    expect(largestDifference(tall, tf.mul(plain, 2))).toBeLessThan(1e-6);
    const transposed = movedBy(tf.transpose(gradient), { updateScale: 'columns' });
    expect(largestDifference(tf.transpose(transposed), tall)).toBeLessThan(1e-5);
    const rms = movedBy(gradient, { updateScale: 'rms' });
    expect(largestDifference(rms, tf.mul(plain, 0.2 * Math.sqrt(8)))).toBeLessThan(1e-6);
  });

  it.each([
    [[], '[]'],
    [[5], '[5]'],
    [[3, 3, 2, 4], '[3, 3, 2, 4]'],
  ])('refuses a parameter of shape %j, and says what to do', (shape, shown) => {
    const weight = tf.variable(tf.zeros(shape), true, `muon/refused${shape.length}`);
    const optimizer = new Muon();
    expect(() => optimizer.applyGradients({ [weight.name]: tf.zeros(shape) })).toThrow(
      `muon updates matrices, and batches of matrices with three axes; "${weight.name}" has shape ${shown}. ` +
        "Let AdamW update the rest: new Muon({ adamw: 'others' }), or give it to another optimizer: combine([{ match: byRank(2, 3), optimizer: new Muon() }, { optimizer: new AdamW() }]) of '@steepest/param-groups'; for layers of tf.layers, which store weights [inputs, outputs], new Muon({ updateScale: 'columns' })",
    );
    optimizer.dispose();
    weight.dispose();
  });

  it.each(['added', 'floor'] as const)(
    'leaves a matrix without gradients alone where float32 rounds epsilon to 0, %s',
    (epsilonMode) => {
      for (const epsilon of [0, 1e-50]) {
        for (const moved of movedBy(tf.zeros([2, 3]), { epsilon, epsilonMode }).dataSync()) {
          expect(Math.abs(moved)).toBe(0);
        }
      }
    },
  );

  it('moves by the same with momentum as a sum or as an average, where epsilon is negligible compared with both', () => {
    const gradients = [1, 2, 3, 4].map((seed) => tf.randomNormal([3, 5], 0, 1, 'float32', seed));
    const after = (options: MuonOptions) => {
      const weight = tf.variable(tf.zeros([3, 5]));
      const optimizer = new Muon({ learningRate: 0.1, epsilon: 0, ...options });
      for (const gradient of gradients) optimizer.applyGradients({ [weight.name]: gradient });
      optimizer.dispose();
      return weight;
    };
    // The sum is 20 times the average. 1e-6: float32 through ten matrix products, four times.
    expect(largestDifference(after({ momentumForm: 'sum' }), after({}))).toBeLessThan(1e-6);
  });

  it('moves all neurons of a first normalized step alike, and the matrix as far as without', () => {
    const gradient = someMatrix(4, 6);
    const lengths = (moved: tf.Tensor, axis: number) => [...tf.norm(moved, 2, axis).dataSync()];
    const whole = tf.norm(movedBy(gradient)).dataSync()[0]!;
    for (const [normalize, axis, neurons] of [
      ['rows', 1, 4],
      ['columns', 0, 6],
    ] as const) {
      // All second moments are (1 - beta2) of a mean square, so that each neuron is divided by its own length.
      for (const length of lengths(movedBy(gradient, { normalize }), axis)) {
        expect(length).toBeCloseTo(whole / Math.sqrt(neurons), 5);
      }
    }
  });

  it('maps a singular value by the triples of coefficients in turn, and repeats the last', () => {
    const triples = [
      [2, -1.5, 0.5],
      [1.5, -0.5, 0],
    ] as const;
    const expected = [0, 1, 1].reduce((x, index) => {
      const [a, b, c] = triples[index]!;
      return a * x + b * x ** 3 + c * x ** 5;
    }, 0.8);
    // diag(4, 3) has norm 5: its first singular value is 0.8 of it.
    const gradient = tf.tensor2d([4, 0, 0, 3], [2, 2]);
    const options = { coefficients: triples, newtonSchulzSteps: 3, nesterov: false, momentum: 0, epsilon: 0 };
    expect(movedBy(gradient, options).dataSync()[0]).toBeCloseTo(expected, 6);
    const [first] = triples;
    const moves = [first, [first]].map((coefficients) => [
      ...movedBy(gradient, { ...options, coefficients }).dataSync(),
    ]);
    expect(moves[1]).toEqual(moves[0]);
    expect(() => new Muon({ coefficients: [] })).toThrow('coefficients must be');
  });

  it('takes a small norm for epsilon where epsilon is its floor', () => {
    const options = {
      coefficients: [1, 0, 0],
      newtonSchulzSteps: 1,
      momentum: 0,
      epsilonMode: 'floor',
    } as const;
    const gradient = tf.tensor2d([3, 4], [2, 1]);
    const scale = Math.SQRT2; // sqrt(rows / columns)
    for (const [epsilon, norm] of [
      [10, 10],
      [5, 5],
      [1, 5],
    ] as const) {
      const moved = movedBy(gradient, { ...options, epsilon }).dataSync();
      expect(moved[0]).toBeCloseTo((3 / norm) * scale, 6);
      expect(moved[1]).toBeCloseTo((4 / norm) * scale, 6);
    }
  });

  it.each([
    ['a bias', [5], undefined, 'others', true],
    ['a kernel of four axes', [2, 2, 2, 2], undefined, 'others', true],
    ['an embedding', [5, 3], 'embedding', 'others', true],
    ['a last layer', [5, 3], 'lastLayer', 'others', true],
    ['another matrix', [5, 3], 'attention', 'others', false],
    ['an embedding where AdamW is never asked for', [5, 3], 'embedding', 'never', false],
    ['any matrix where it always is', [5, 3], undefined, 'always', true],
  ] as const)('with adamw "others" or "always" updates %s as AdamW does', (_, shape, role, adamw, isAdam) => {
    const options = { learningRate: 0.1, weightDecay: 0.2 };
    const after = (optimizer: Muon | AdamW) => {
      const weight = Object.assign(tf.variable(tf.ones([...shape])), { role });
      for (const seed of [1, 2, 3]) {
        optimizer.applyGradients({ [weight.name]: tf.randomNormal([...shape], 0, 1, 'float32', seed) });
      }
      optimizer.dispose();
      return weight;
    };
    const adam = after(new AdamW({ ...options, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 }));
    const difference = largestDifference(after(new Muon({ ...options, adamw })), adam);
    if (isAdam) expect(difference).toBeLessThan(1e-6);
    else expect(difference).toBeGreaterThan(0.01);
  });

  it('refuses settings that do not exist', () => {
    expect(() => new Muon({ updateScale: 'adam' as never })).toThrow(
      'muon: updateScale must be one of rows, columns, spectral, rms, got "adam" (string)',
    );
    expect(() => new Muon({ nesterov: 1 as never })).toThrow('muon: nesterov must be true or false, got 1');
  });
});
