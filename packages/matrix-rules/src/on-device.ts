import { concatenated } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** Whether tensors of the current backend cannot be read in the middle of a step. */
export function mustStayOnDevice(): boolean {
  return tf.getBackend() === 'webgpu';
}

/** The Q of the QR decompositions of a batch [matrices, rows, columns], by operations of tfjs: see `orthogonalFactor`. */
export function orthogonalFactorOnDevice(x: tf.Tensor): tf.Tensor {
  const [matrices, rows, columns] = x.shape as [number, number, number];
  return tf.tidy(() => {
    const places = tf.reshape(tf.range(0, rows), [1, rows, 1]);
    const reflectors: tf.Tensor[] = [];
    const signs: tf.Tensor[] = [];
    let rest: tf.Tensor = tf.divNoNan(x, tf.max(tf.abs(x), [1, 2], true));
    for (let k = 0; k < columns; k++) {
      const before = rest;
      const [v, sign, next] = tf.tidy(() => {
        const below = tf.cast(tf.greaterEqual(places, k), 'float32');
        const column = tf.mul(tf.slice(before, [0, 0, k], [matrices, rows, 1]), below);
        const scaled = tf.divNoNan(column, tf.max(tf.abs(column), 1, true));
        const first = tf.slice(scaled, [0, k, 0], [matrices, 1, 1]);
        const norm = tf.sqrt(tf.sum(tf.mul(scaled, scaled), 1, true));
        // The sign that adds, so that nothing cancels; a reflection sends the column to the other side.
        const isPositive = tf.greater(first, 0);
        const added = tf.where(isPositive, norm, tf.neg(norm));
        const unit = tf.cast(tf.equal(places, k), 'float32');
        const length = tf.sqrt(tf.mul(norm, tf.add(norm, tf.abs(first))));
        const reflector = tf.divNoNan(tf.add(scaled, tf.mul(unit, added)), length);
        return [
          reflector,
          tf.where(isPositive, -1, tf.onesLike(first)),
          reflected(before, reflector),
        ] as const;
      });
      before.dispose();
      rest = next;
      reflectors.push(v);
      signs.push(sign);
    }
    const units = tf.mul(tf.reshape(tf.eye(rows, columns), [1, rows, columns]), concatenated(signs, 2));
    return reflectors.reduceRight<tf.Tensor>((factor, v) => reflected(factor, v), units);
  });
}

/** `x - v (v^T x)`. */
function reflected(x: tf.Tensor, v: tf.Tensor): tf.Tensor {
  return tf.sub(x, tf.mul(v, tf.matMul(v, x, true, false)));
}

/** The solutions of `U^T y = x` for a batch, along the rows of x [matrices, length, any]: see `triangularSolution`. */
export function triangularSolutionOnDevice(x: tf.Tensor, factor: tf.Tensor): tf.Tensor {
  const [matrices, length, others] = x.shape as [number, number, number];
  return tf.tidy(() => {
    const solutions: tf.Tensor[] = [];
    let rest = x;
    for (let i = 0; i < length; i++) {
      const right = rest;
      const [solution, next] = tf.tidy(() => {
        const diagonal = tf.slice(factor, [0, i, i], [matrices, 1, 1]);
        const y = tf.div(tf.slice(right, [0, 0, 0], [matrices, 1, others]), diagonal);
        const left = length - i - 1;
        if (left === 0) return [y, right] as const;
        const weights = tf.reshape(tf.slice(factor, [0, i, i + 1], [matrices, 1, left]), [matrices, left, 1]);
        const below = tf.slice(right, [0, 1, 0], [matrices, left, others]);
        return [y, tf.sub(below, tf.mul(weights, y))] as const;
      });
      solutions.push(solution);
      rest = next;
    }
    return concatenated(solutions, 1);
  });
}

/** Indices of the elements of a batch [..., length], by falling value. */
export function fallingOrderOnDevice(x: tf.Tensor): tf.Tensor {
  return tf.topk(x, x.shape.at(-1)!, true).indices;
}

/** Sweeps after which what is left of the diagonal is below float32: they converge quadratically (Golub and Van Loan, 8.5). */
const sweepsFor = (length: number): number => 5 + Math.ceil(Math.log2(length) / 2);

/**
 * The eigenvectors of a batch of Gram matrices [matrices, length, length] as columns, by falling eigenvalue, each with its
 * largest element positive. Rows of zeros keep their own axes.
 */
export function eigenvectorsOnDevice(gram: tf.Tensor): tf.Tensor {
  if (gram.shape.at(-1) === 1) return tf.onesLike(gram);
  return tf.tidy(() => {
    const { vectors } = eigenpairsOnDevice(gram);
    return tf.mul(vectors, signsOf(vectors));
  });
}

/**
 * `vectors * diagonal(power(eigenvalues)) * vectors^T` for a batch of symmetric matrices [matrices, length, length]. Those of a matrix that
 * is not finite are not a number.
 *
 * @param power Of eigenvalues [matrices, length], which fall along a row.
 */
export function spectralPowerOnDevice(
  matrix: tf.Tensor,
  power: (eigenvalues: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const [matrices, length] = matrix.shape as [number, number, number];
  return tf.tidy(() => {
    const { values, vectors } = eigenpairsOnDevice(matrix);
    const powers = tf.reshape(power(values), [matrices, 1, length]);
    // 0 times a number is 0, and NaN times NaN or an infinity.
    const isNumber = tf.sum(tf.mul(matrix, 0), [1, 2], true);
    return tf.add(tf.matMul(tf.mul(vectors, powers), vectors, false, true), isNumber);
  });
}

/** Eigenvalues [matrices, length], falling, and eigenvectors as columns, of either sign. */
interface Eigenpairs {
  readonly values: tf.Tensor;
  readonly vectors: tf.Tensor;
}

/** By Jacobi rotations, half as many at once as there are rows (Brent and Luk 1985). */
function eigenpairsOnDevice(gram: tf.Tensor): Eigenpairs {
  const [matrices, length] = gram.shape as [number, number, number];
  if (length === 1) return { values: tf.reshape(gram, [matrices, 1]), vectors: tf.onesLike(gram) };
  return tf.tidy(() => {
    const size = length + (length % 2);
    const largest = tf.max(tf.abs(gram), [1, 2], true);
    const scaled = tf.divNoNan(gram, largest);
    const padding = size - length;
    let state: [matrix: tf.Tensor, vectors: tf.Tensor] = [
      tf.pad(scaled, [
        [0, 0],
        [0, padding],
        [0, padding],
      ]),
      tf.tile(tf.reshape(tf.eye(size), [1, size, size]), [matrices, 1, 1]),
    ];
    const order = tf.tensor1d(roundRobin(size), 'int32');
    const identity = tf.reshape(tf.eye(size / 2), [1, size / 2, size / 2]);
    for (let round = 0; round < sweepsFor(size) * (size - 1); round++) {
      const before = state;
      state = tf.tidy(() => rotated(before, identity, order));
      tf.dispose(before);
    }
    const [matrix, vectors] = state;
    const whole = tf.reshape(tf.eye(size), [1, size, size]);
    // What was added comes last.
    const added = tf.reshape(tf.cast(tf.greaterEqual(tf.range(0, size), length), 'float32'), [1, 1, size]);
    const isAdded = tf.matMul(tf.tile(added, [matrices, 1, 1]), vectors);
    const eigenvalues = tf.sub(
      tf.sum(tf.mul(matrix, whole), 1),
      tf.mul(tf.squeeze(tf.abs(isAdded), [1]), 4 * size),
    );
    const { values, indices } = tf.topk(eigenvalues, size, true);
    const chosen = chosenOf(indices, size);
    return {
      values: tf.mul(tf.slice(values, [0, 0], [matrices, length]), tf.squeeze(largest, [2])),
      vectors: tf.slice(tf.matMul(vectors, chosen, false, true), [0, 0, 0], [matrices, length, length]),
    };
  });
}

/** Where elements go after a round, so that all pairs of the two halves meet: the first stays, the others go around. */
function roundRobin(size: number): number[] {
  if (size === 2) return [0, 1];
  const half = size / 2;
  const top = [0, half, ...Array.from({ length: half - 2 }, (_, i) => i + 1)].slice(0, half);
  const bottom = [...Array.from({ length: half - 1 }, (_, i) => half + 1 + i), half - 1];
  return [...top, ...bottom];
}

/** One round: element i of the first half is rotated with element i of the second, until they are uncorrelated. */
function rotated(
  [matrix, vectors]: readonly [tf.Tensor, tf.Tensor],
  identity: tf.Tensor,
  order: tf.Tensor1D,
): [matrix: tf.Tensor, vectors: tf.Tensor] {
  const [matrices, size] = matrix.shape as [number, number, number];
  const half = size / 2;
  const diagonal = (row: number, column: number): tf.Tensor =>
    tf.sum(tf.mul(tf.slice(matrix, [0, row, column], [matrices, half, half]), identity), 2, true);
  const [first, second, between] = [diagonal(0, 0), diagonal(half, half), diagonal(0, half)];
  const ratio = tf.divNoNan(tf.sub(second, first), tf.mul(between, 2));
  const sign = tf.where(tf.less(ratio, 0), -1, tf.onesLike(ratio));
  const slope = tf.div(sign, tf.add(tf.abs(ratio), tf.sqrt(tf.add(1, tf.mul(ratio, ratio)))));
  const tangent = tf.where(tf.equal(between, 0), tf.zerosLike(slope), slope);
  const cosine = tf.div(1, tf.sqrt(tf.add(1, tf.mul(tangent, tangent))));
  const sine = tf.mul(tangent, cosine);
  const turn = (x: tf.Tensor, axis: 1 | 2): tf.Tensor => {
    const [a, b] = tf.split(x, 2, axis) as [tf.Tensor, tf.Tensor];
    const shape = axis === 1 ? [matrices, half, 1] : [matrices, 1, half];
    const [c, s] = [tf.reshape(cosine, shape), tf.reshape(sine, shape)];
    const halves = tf.concat([tf.sub(tf.mul(c, a), tf.mul(s, b)), tf.add(tf.mul(s, a), tf.mul(c, b))], axis);
    return tf.gather(halves, order, axis);
  };
  return [turn(turn(matrix, 1), 2), turn(vectors, 2)];
}

/** 1 at every index along a new last axis, else 0; float32 also for the kernels of tfjs that read the elements as they are. */
function chosenOf(indices: tf.Tensor, length: number): tf.Tensor {
  return tf.oneHot(tf.cast(indices, 'int32'), length, 1, 0, 'float32');
}

/** 1 or -1 for each column, by its largest element; of those about as large the first, so that rounding does not choose. */
function signsOf(vectors: tf.Tensor): tf.Tensor {
  const [matrices, length] = vectors.shape as [number, number, number];
  // As rows: `argMax` over another axis than the last transposes its input, and tfjs-backend-webgpu cannot transpose what a cast
  // only calls float32.
  const rows = tf.transpose(vectors, [0, 2, 1]);
  const sizes = tf.abs(rows);
  const isLarge = tf.cast(tf.greaterEqual(sizes, tf.mul(tf.max(sizes, 2, true), 0.999)), 'float32');
  const values = tf.sum(tf.mul(chosenOf(tf.argMax(isLarge, 2), length), rows), 2);
  return tf.where(tf.less(tf.reshape(values, [matrices, 1, length]), 0), -1, tf.ones([matrices, 1, length]));
}
