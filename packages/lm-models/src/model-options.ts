import type { Activation } from './operations/activation.ts';
import type { ModelShape, ModelSize } from './sizes.ts';

/** Normalization before attention and MLP, and at the end. */
export type Norm = 'layerNorm' | 'rmsNorm';

/** How a model knows the positions of tokens. */
export type PositionEncoding = 'rotary' | 'learned';

/** What distinguishes architectures. An architecture may have other defaults than those given here. */
export interface ArchitectureOptions {
  /** Normalize queries and keys over the full width before the split into heads. Default true. */
  readonly qkNorm?: boolean | undefined;
  /** Weight of the mean squared log-partition in the loss: `true` (the default) is the paper's 1e-4, `false` is 0. */
  readonly zLoss?: boolean | number | undefined;
  /** One matrix for embedding and head. Default false. */
  readonly tieEmbeddings?: boolean | undefined;
  /** Default `gelu`. `geglu` and `swiglu` are gated: the MLP has a third matrix. */
  readonly activation?: Activation | undefined;
  /** Default `layerNorm`. */
  readonly norm?: Norm | undefined;
  /** Default `rotary`. */
  readonly positions?: PositionEncoding | undefined;
  /** Biases of linear layers, except the head, and of layer norms. Default false. */
  readonly biases?: boolean | undefined;
}

/** Everything that determines a model and its initial weights. Plain JSON. */
export interface ModelConfig extends ModelShape {
  /** The named size the shape came from, or `custom`. */
  readonly size: ModelSize | 'custom';
  /** Name of the architecture. */
  readonly architecture: string;
  /** Heads of keys and values; consecutive heads of queries share them. */
  readonly keyValueHeads: number;
  /** Normalize queries and keys over their full width before the split into heads. */
  readonly qkNorm: boolean;
  /** Weight of the mean squared log-partition in the training loss; 0 turns it off. */
  readonly zLoss: number;
  /** Share one matrix between the embedding and the head. */
  readonly tieEmbeddings: boolean;
  readonly activation: Activation;
  readonly norm: Norm;
  readonly positions: PositionEncoding;
  /** Whether linear layers, except the head, and layer norms have biases. */
  readonly biases: boolean;
  /** Seed of the initial weights. */
  readonly seed: number;
}

/** The shape, each part of which may come from a named size. */
type PartialShape = { readonly [Key in keyof ModelShape]?: ModelShape[Key] | undefined };

/** Options of `createLanguageModel`. */
export interface LanguageModelOptions extends PartialShape, ArchitectureOptions {
  /** A named size; without it `modelWidth`, `layers` and `heads` must be given. */
  readonly size?: ModelSize | undefined;
  /** `zhao2024` (the default), `gpt2`, `llama`, or one that `defineArchitecture` has made known. */
  readonly architecture?: string | undefined;
  /** Whole number from 0 to 2^32 - 1. */
  readonly seed: number;
  /** Heads of keys and values (grouped-query attention); a divisor of `heads`, the default. */
  readonly keyValueHeads?: number | undefined;
  /**
   * Prefix of the variables' names, for a second model in the same process: TensorFlow.js wants every name
   * once. Checkpoints hold paths without it, so they move between scopes. Default none.
   */
  readonly scope?: string | undefined;
}
