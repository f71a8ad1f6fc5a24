import type * as tf from '@tensorflow/tfjs-core';
import type { ArchitectureOptions, ModelConfig } from './model-options.ts';
import type { ParameterScope } from './parameters.ts';
import type { Positions } from './position-tables.ts';

/** What modules need to know of the tokens besides their vectors. */
export interface Batch {
  readonly sequences: number;
  /** Tokens of each sequence. */
  readonly positions: number;
  /** Constants for these positions. */
  readonly tables: Positions;
}

/** A part of a network: from rows [sequences * positions, inputs] to rows [sequences * positions, outputs]. */
export type Module = (rows: tf.Tensor2D, batch: Batch) => tf.Tensor2D;

/** A network whose parameters have been declared. */
export interface Network {
  /** From tokens [sequences, positions] int32 to rows [sequences * positions, modelWidth]. */
  readonly decode: (tokens: tf.Tensor2D, batch: Batch) => tf.Tensor2D;
  /** From such rows, all or some, to logits [rows, vocabularySize]. */
  readonly project: (rows: tf.Tensor2D) => tf.Tensor2D;
}

/** A way to build language models. */
export interface Architecture {
  /** What `architecture` in the options of a model, and in its checkpoints, calls it. */
  readonly name: string;
  /** For reports. */
  readonly title: string;
  /** Paper or code that it follows. */
  readonly source: string;
  /** Defaults of the options, where they are not those of {@link ArchitectureOptions}. */
  readonly defaults?: ArchitectureOptions;
  /**
   * Declares the parameters, and returns the network that computes with them. Allocates nothing: it is also called to
   * count parameters.
   */
  readonly build: (parameters: ParameterScope, config: ModelConfig) => Network;
}
