import * as tf from '@tensorflow/tfjs-core';
import { causalMask } from './operations/causal-attention.ts';
import { type RotaryTables, rotaryTables } from './operations/rotary-embedding.ts';
import type { ModelShape } from './sizes.ts';

/** Constants that depend on positions only. */
export interface Positions extends RotaryTables {
  /** [positions, positions], see `causalMask`. */
  readonly mask: tf.Tensor2D;
}

/** Rotary tables and the causal mask of a model: made at first use for its whole context, then sliced. */
export class PositionTables {
  readonly #shape: ModelShape;
  #whole: Positions | undefined;

  constructor(shape: ModelShape) {
    this.#shape = shape;
  }

  /** Tables for positions 0 to `positions - 1`; called inside a tidy, which disposes of slices. */
  first(positions: number): Positions {
    const { contextLength, modelWidth, heads } = this.#shape;
    this.#whole ??= keepAll({
      ...rotaryTables(contextLength, heads, modelWidth / heads),
      mask: causalMask(contextLength),
    });
    if (positions === contextLength) return this.#whole;
    const { cosine, sine, quarterTurn, mask } = this.#whole;
    return {
      cosine: tf.slice(cosine, [0, 0], [positions, modelWidth]),
      sine: tf.slice(sine, [0, 0], [positions, modelWidth]),
      quarterTurn,
      mask: tf.slice(mask, [0, 0], [positions, positions]),
    };
  }

  dispose(): void {
    if (this.#whole) tf.dispose([...Object.values(this.#whole)]);
    this.#whole = undefined;
  }
}

function keepAll(tables: Positions): Positions {
  for (const table of Object.values(tables)) tf.keep(table);
  return tables;
}
