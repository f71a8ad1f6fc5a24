import type { Optimizer } from '@steepest/optimizer';
import type { ByteSource } from '@steepest/safetensors';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';

/** A batch of token sequences, row-major; the model predicts each token but the first of a sequence. */
export interface TokenBatch {
  /** batchSize * sequenceLength token ids. */
  readonly tokens: Int32Array;
  readonly batchSize: number;
  /** Tokens of one sequence: the context length + 1. */
  readonly sequenceLength: number;
  /** Bytes of text that the predicted tokens of each sequence stand for; evaluation gives bits by byte with it. */
  readonly textBytes?: Float64Array;
}

/** How many sequences a batch has, and how many tokens a model reads of each. */
export interface BatchShape {
  readonly contextLength: number;
  readonly batchSize: number;
}

/** What the trainer needs of a language model; `LanguageModel` of `@steepest/lm-models` is one. */
export interface TrainableModel {
  /** The parameters to train. */
  readonly variables: readonly Variable[];
  /**
   * Losses of int32 tokens [batchSize, sequenceLength], each the mean natural-log loss a token: `total` is
   * minimized, `crossEntropy` is reported. They may be the same tensor.
   */
  loss(tokens: Tensor2D): { total: Scalar; crossEntropy: Scalar };
  /** All parameters as bytes of a file, exactly. */
  save(): Promise<Uint8Array>;
  /** Puts saved parameters back, exactly. */
  load(bytes: Uint8Array): void | Promise<void>;
  /** The bytes of `save` in pieces, for models of more than 4 GiB; with it goes `loadFrom`. */
  stream?(): AsyncIterable<Uint8Array>;
  /** Does what `load` does from a file that is read in parts. */
  loadFrom?(source: ByteSource): Promise<void>;
}

/** What the trainer needs of a data set; `TextData` of `@steepest/c4-data` is one. */
export interface TrainingData {
  readonly train: {
    /** The next batch to train on, of a shape that `phases` ask for, or of the stream's own without them. */
    next(shape?: BatchShape): TokenBatch | Promise<TokenBatch>;
    /** Where the stream is, as a JSON value; with `phases` it must mean the same whatever shapes it has given. */
    position(): unknown;
    /** Continues from a value that `position()` gave. */
    seek(position: unknown): void | Promise<void>;
  };
  /** Batches that are the same at every call, `sequences` sequences in all. */
  validation(options: { sequences: number }): readonly TokenBatch[] | Promise<readonly TokenBatch[]>;
}

/** Changes something, such as the learning rate, by the losses of evaluations. Checkpoints hold its state. */
export interface TrainingController {
  /** Called after every evaluation, before the checkpoint of the same step. */
  observe(evaluation: { readonly step: number; readonly loss: number }): void;
  /** Where it is, as a JSON value. */
  state(): unknown;
  /** Continues from a value that `state()` gave, and puts back what it has changed. */
  loadState(state: unknown): void;
}

/** What the trainer needs of an optimizer; every optimizer built on `@steepest/optimizer` has it. */
export type TrainingOptimizer = Pick<
  Optimizer,
  'applyGradients' | 'gradientNorm' | 'stateBytes' | 'state' | 'loadState'
> &
  Partial<
    Pick<
      Optimizer,
      | 'metrics'
      | 'describe'
      | 'applyRefresh'
      | 'applyGradientsAsync'
      | 'applyRefreshAsync'
      | 'hyperparametersAt'
      | 'iterations'
      | 'swapInAverage'
      | 'swapOutAverage'
    >
  >;
