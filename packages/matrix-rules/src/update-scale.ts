/**
 * What an orthogonal matrix of r rows and c columns is multiplied by.
 *
 * - `rows`: `sqrt(max(1, r / c))`, for weights stored [outputs, inputs], as in PyTorch and `@steepest/lm-models`.
 * - `columns`: `sqrt(max(1, c / r))`, the same for weights stored [inputs, outputs], as those of `tf.layers.dense`.
 * - `spectral`: `sqrt(r / c)`, the spectral norm of a change of the outputs, below 1 for wide matrices.
 * - `rms`: `0.2 * sqrt(max(r, c))`, which moves the elements as far as AdamW does, so that its learning rate and decay
 *   serve here too (Liu et al. 2025, arXiv 2502.16982).
 */
export const updateScales = {
  rows: (rows: number, columns: number) => Math.sqrt(Math.max(1, rows / columns)),
  columns: (rows: number, columns: number) => Math.sqrt(Math.max(1, columns / rows)),
  spectral: (rows: number, columns: number) => Math.sqrt(rows / columns),
  rms: (rows: number, columns: number) => 0.2 * Math.sqrt(Math.max(rows, columns)),
} as const;

/** A name of {@link updateScales}. */
export type UpdateScale = keyof typeof updateScales;
