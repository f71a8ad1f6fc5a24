/** Operations that a step of an optimizer must do for one matrix: multiplications and additions, each one. */
export interface StepOperations {
  readonly optimizer: string;
  /** What it does, and the formula for a matrix of r rows and c columns, of which n is the shorter side and m the longer. */
  readonly formula: string;
  count(rows: number, columns: number): number;
  /** Steps after which what it does repeats, where not every step does the same. */
  readonly period: number;
}

/** Five iterations of the quintic: X X^T and its square by half, for they are symmetric, and one product with X. */
const newtonSchulz = (rows: number, columns: number): number => {
  const [n, m] = [Math.min(rows, columns), Math.max(rows, columns)];
  return 5 * (3 * n * n * m + n ** 3);
};

/** The QR decomposition of a matrix with at least as many rows as columns, and its Q (Golub and Van Loan, section 5.2). */
const orthogonalFactor = (rows: number, columns: number): number =>
  4 * rows * columns ** 2 - (4 * columns ** 3) / 3;

const withNewtonSchulz = (optimizer: string): StepOperations => ({
  optimizer,
  formula: '5 (3 n^2 m + n^3)',
  count: newtonSchulz,
  period: 1,
});

/** SOAP refreshes its bases every tenth step. */
const soapFrequency = 10;
/** Longer axes have no basis. */
const soapLongest = 1024;

/** The optimizers of matrices, with their defaults. Parts that no product does, such as sums over elements, are left out. */
export const matrixOptimizers: readonly StepOperations[] = [
  withNewtonSchulz('muon'),
  withNewtonSchulz('scion'),
  withNewtonSchulz('mars-m'),
  {
    optimizer: 'soap',
    formula: '7 r c k + (14/3) k^3 / 10 for each side k up to 1024, in sum',
    // Gradient, momentum and step rotated along both axes, two Gram matrices by half; a product and a QR for each basis.
    count: (r, c) =>
      [r, c]
        .filter((k) => k <= soapLongest)
        .reduce((sum, k) => sum + 7 * r * c * k + (2 * k ** 3 + orthogonalFactor(k, k)) / soapFrequency, 0),
    period: soapFrequency,
  },
  {
    optimizer: 'dion',
    formula: '12 n^2 m - (4/3) n^3',
    // M Q, M^T P, and P by two right factors; the QR of M Q.
    count: (r, c) => {
      const [n, m] = [Math.min(r, c), Math.max(r, c)];
      return 8 * n * n * m + orthogonalFactor(m, n);
    },
    period: 1,
  },
  {
    optimizer: 'psgd-kron',
    formula: '6 r c (r + c) + (r^3 + c^3) / 3',
    // Products with two triangles and their solves, four Gram matrices by half, two triangles by two, and the four of a step.
    count: (r, c) => 6 * r * c * (r + c) + (r ** 3 + c ** 3) / 3,
    period: 1,
  },
];

/** The matrices of a decoder's layers: queries, keys and values in one; attention's output; and both of the perceptron. */
export function layerShapes(width: number, layers: number): (readonly [number, number])[] {
  const layer = [
    [3 * width, width],
    [width, width],
    [4 * width, width],
    [width, 4 * width],
  ] as const;
  return Array.from({ length: layers }, () => layer).flat();
}
