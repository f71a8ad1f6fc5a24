import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './model-options.ts';
import { causalMask } from './operations/causal-attention.ts';
import { type RotaryTables, rotaryTables } from './operations/rotary-embedding.ts';

/** Constants that depend on positions only. */
export interface Positions {
  /** Of models with rotary embeddings. */
  readonly rotary: RotaryTables | undefined;
  /** [positions, positions], see `causalMask`. */
  readonly mask: tf.Tensor2D;
}

type PositionShape = Pick<ModelConfig, 'contextLength' | 'modelWidth' | 'heads' | 'positions'>;

/** Rotary tables and the causal mask of a model: made at first use for its whole context, then sliced. */
export class PositionTables {
  readonly #shape: PositionShape;
  #whole: Positions | undefined;

  constructor(shape: PositionShape) {
    this.#shape = shape;
  }

  /** Tables for positions 0 to `positions - 1`; called inside a tidy, which disposes of slices. */
  first(positions: number): Positions {
    const { contextLength, modelWidth, heads } = this.#shape;
    this.#whole ??= {
      rotary:
        this.#shape.positions === 'rotary'
          ? keepAll(rotaryTables(contextLength, heads, modelWidth / heads))
          : undefined,
      mask: tf.keep(causalMask(contextLength)),
    };
    if (positions === contextLength) return this.#whole;
    const { rotary, mask } = this.#whole;
    return {
      rotary: rotary && {
        cosine: tf.slice(rotary.cosine, [0, 0], [positions, modelWidth]),
        sine: tf.slice(rotary.sine, [0, 0], [positions, modelWidth]),
        rotateHalf: rotary.rotateHalf,
      },
      mask: tf.slice(mask, [0, 0], [positions, positions]),
    };
  }

  dispose(): void {
    if (this.#whole) tf.dispose([this.#whole.mask, ...Object.values(this.#whole.rotary ?? {})]);
    this.#whole = undefined;
  }
}

function keepAll(tables: RotaryTables): RotaryTables {
  for (const table of Object.values(tables)) tf.keep(table);
  return tables;
}
