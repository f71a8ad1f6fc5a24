/** Functions of the compiled module for square matrices and their factors. Pointers and steps are in bytes. */
export interface MatrixExports {
  symmetricBlock(
    c: number,
    target: number,
    step: number,
    rows: number,
    columns: number,
    scale: number,
    shift: number,
  ): void;
  normalizeMatrix(
    x: number,
    target: number,
    size: number,
    factor: number,
    epsilon: number,
    isFloor: number,
  ): void;
  negate(x: number, target: number, size: number): void;
  invertTriangle(matrix: number, step: number, inverse: number, length: number): void;
  householderPanel(panel: number, step: number, size: number, count: number, weights: number): void;
  reflectorSigns(
    reflectors: number,
    target: number,
    step: number,
    first: number,
    rows: number,
    size: number,
  ): void;
  differenceBlock(p: number, q: number, step: number, rows: number, columns: number): void;
  longestRow(x: number, target: number, length: number): void;
  divideByNorm(vector: number, length: number, x: number, size: number): void;
}
