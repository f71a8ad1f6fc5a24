import { type ByteSource, decodeSafetensors, openSafetensors } from '@steepest/safetensors';
import * as tf from '@tensorflow/tfjs-core';
import { buildNetwork } from './architectures.ts';
import {
  checkpointOptions,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoint,
  streamCheckpoint,
} from './checkpoint.ts';
import { modelConfig } from './config.ts';
import { countParameters, type FlopCount, flopsPerToken } from './counts.ts';
import type { LanguageModelOptions, ModelConfig } from './model-options.ts';
import type { Batch, Network } from './network.ts';
import { softmaxCrossEntropy } from './operations/softmax-cross-entropy.ts';
import { PositionTables } from './position-tables.ts';
import { requireRoom } from './room.ts';
import { checkGenerateOptions, type GenerateOptions, Sampler } from './sampling.ts';
import { createVariables, type ModelVariable } from './variables.ts';

/** Loss of a batch in natural logarithms per token. */
export interface LanguageModelLoss {
  /** Cross-entropy plus z-loss: what training minimizes. */
  readonly total: tf.Scalar;
  /** Cross-entropy alone: what is reported. */
  readonly crossEntropy: tf.Scalar;
}

/** Backends whose gather throws for an index that is out of range. */
const checkingBackends = ['cpu', 'wasm'];

/**
 * A decoder-only transformer, by default that of Zhao et al. 2024 (arXiv 2407.07972): layer norm before attention and
 * MLP, rotary embeddings, no biases. Make one with {@link createLanguageModel}.
 */
export class LanguageModel {
  readonly config: ModelConfig;
  /** In the order of the computation, the embedding first. */
  readonly variables: readonly ModelVariable[];
  readonly #network: Network;
  readonly #positions: PositionTables;

  /**
   * @throws Error about options, when there is no memory for the weights, or when another model in this process has
   *   variables of the same names
   */
  constructor(options: LanguageModelOptions) {
    this.config = modelConfig(options);
    requireRoom(this.config);
    const { network, parameters } = buildNetwork(this.config);
    this.#network = network;
    this.variables = createVariables(parameters.declared, this.config.seed, options.scope);
    this.#positions = new PositionTables(this.config);
  }

  /** Number of parameters, embedding and head included. */
  parameterCount(): number {
    return countParameters(this.config).total;
  }

  /** FLOPs of training on one token, see {@link flopsPerToken}. */
  flopsPerToken(count: FlopCount = 'standard', contextLength: number = this.config.contextLength): number {
    return flopsPerToken(this.config, count, contextLength);
  }

  /**
   * Logits of the next token at every position.
   *
   * @param tokens [sequences, positions] int32, ids below vocabularySize
   * @returns [sequences, positions, vocabularySize]
   *   (all NaN where a token is outside the vocabulary, on backends other than cpu and wasm, which cannot throw)
   * @throws Error when tokens are not a matrix of int32, longer than the context, or, on cpu and wasm, outside the
   *   vocabulary
   */
  logits(tokens: tf.Tensor2D): tf.Tensor3D {
    this.#checkTokens(tokens, 1);
    return this.#run(() => {
      const rows = this.#marked(this.#network.project(this.#decode(tokens)), tokens);
      return tf.reshape(rows, [...tokens.shape, this.config.vocabularySize]) as tf.Tensor3D;
    });
  }

  /**
   * Loss of predicting every token from those before it, means over all predictions.
   *
   * @param tokens [sequences, positions + 1] int32, ids below vocabularySize: the first `positions` columns are
   *   read, the last `positions` predicted
   * @returns both NaN, and so are their gradients, where a token is outside the vocabulary, on backends other than cpu
   *   and wasm, which cannot throw
   * @throws Error when tokens are not a matrix of int32, shorter than 2, longer than the context and one, or, on cpu
   *   and wasm, outside the vocabulary
   */
  loss(tokens: tf.Tensor2D): LanguageModelLoss {
    this.#checkTokens(tokens, 2);
    return this.#run(() => {
      const [sequences, columns] = tokens.shape;
      const positions = columns - 1;
      const inputs = tf.slice(tokens, [0, 0], [sequences, positions]);
      const labels = tf.reshape(tf.slice(tokens, [0, 1], [sequences, positions]), [-1]) as tf.Tensor1D;
      const logits = this.#network.project(this.#decode(inputs));
      const parts = this.#marked(softmaxCrossEntropy(logits, labels, this.config.zLoss), tokens);
      return {
        total: tf.sum(parts) as tf.Scalar,
        crossEntropy: tf.reshape(tf.slice(parts, [0], [1]), []) as tf.Scalar,
      };
    });
  }

  /** The weights as the bytes of a safetensors file, by path, with the configuration in its metadata. */
  async save(): Promise<Uint8Array> {
    const weights = this.variables.map(async (variable) => ({
      path: variable.path,
      shape: variable.shape,
      data: (await variable.data()) as Float32Array,
    }));
    return encodeCheckpoint(this.config, await Promise.all(weights));
  }

  /** The bytes of {@link save} in pieces, for models of more than 4 GiB. Train no further before the last is taken. */
  stream(): AsyncIterable<Uint8Array> {
    const weights = this.variables.map((variable) => ({
      path: variable.path,
      shape: variable.shape,
      data: async () => (await variable.data()) as Float32Array,
    }));
    return streamCheckpoint(this.config, weights);
  }

  /**
   * Replaces all weights by those of a safetensors file. Nothing changes when it throws; old and new weights are
   * therefore in memory at once.
   *
   * @throws Error naming the variable that is missing, unexpected or of another shape, and the shapes
   */
  load(bytes: Uint8Array): void {
    this.#assign(decodeCheckpoint(bytes, this.config));
  }

  /** Does what {@link load} does from a file that is read in parts: a `Blob`, or `{ size, read(position, length) }`. */
  async loadFrom(source: ByteSource | Blob): Promise<void> {
    this.#assign(await readCheckpoint(source, this.config));
  }

  /**
   * Continues a prompt.
   *
   * @returns the generated token ids, without the prompt
   * @throws Error naming the option that is out of range
   */
  async generate(options: GenerateOptions): Promise<number[]> {
    const { vocabularySize, contextLength } = this.config;
    const { prompt, maxTokens, temperature, topK, seed } = checkGenerateOptions(options, vocabularySize);
    const sampler = new Sampler(temperature, topK, seed);
    const tokens = [...prompt];
    while (tokens.length < prompt.length + maxTokens) {
      const logits = this.#lastLogits(tokens.slice(-contextLength));
      const token = sampler.draw(await logits.data());
      logits.dispose();
      if (token === options.stopToken) break;
      tokens.push(token);
    }
    return tokens.slice(prompt.length);
  }

  /** Frees all variables and tables. */
  dispose(): void {
    this.#positions.dispose();
    for (const variable of this.variables) variable.dispose();
  }

  #assign(weights: ReadonlyMap<string, Float32Array>): void {
    tf.tidy(() => {
      // All of them first: where memory ends at one, nothing has changed yet.
      const tensors = this.variables.map(({ path, shape }) => tf.tensor(weights.get(path)!, shape));
      this.variables.forEach((variable, index) => {
        variable.assign(tensors[index]!);
      });
    });
  }

  /** Makes numbers NaN, where a backend that cannot check token ids was given one outside the vocabulary. */
  #marked<T extends tf.Tensor>(numbers: T, tokens: tf.Tensor2D): T {
    if (checkingBackends.includes(tf.getBackend())) return numbers;
    const valid = tf.logicalAnd(
      tf.greaterEqual(tokens, 0),
      tf.lessEqual(tokens, this.config.vocabularySize - 1),
    );
    return tf.mul(numbers, tf.where(tf.all(valid), 1, Number.NaN)) as T;
  }

  #decode(tokens: tf.Tensor2D): tf.Tensor2D {
    const [sequences, positions] = tokens.shape;
    const batch: Batch = { sequences, positions, tables: this.#positions.first(positions) };
    return this.#network.decode(tokens, batch);
  }

  #run<T extends tf.TensorContainer>(compute: () => T): T {
    try {
      return tf.tidy(compute);
    } catch (cause) {
      const id = /(?:GatherV2: the index value|SoftmaxCrossEntropy: the label) (-?\d+)/.exec(
        String(cause),
      )?.[1];
      if (id === undefined) throw cause;
      const last = this.config.vocabularySize - 1;
      throw new Error(`token ${id} is outside the model's vocabulary: ids go from 0 to ${last}`, { cause });
    }
  }

  #lastLogits(tokens: number[]): tf.Tensor2D {
    return tf.tidy(() => {
      const rows = this.#decode(tf.tensor2d(tokens, [1, tokens.length], 'int32'));
      const last = tf.slice(rows, [tokens.length - 1, 0], [1, this.config.modelWidth]);
      return this.#network.project(last);
    });
  }

  #checkTokens(tokens: tf.Tensor2D, least: number): void {
    const most = this.config.contextLength + least - 1;
    if (tokens.rank !== 2 || tokens.dtype !== 'int32') {
      throw new Error(
        `tokens must be an int32 tensor of shape [sequences, positions], got ${tokens.dtype} [${tokens.shape}]`,
      );
    }
    if (tokens.shape[0] < 1 || tokens.shape[1] < least || tokens.shape[1] > most) {
      throw new Error(
        `tokens must have at least one row and ${least} to ${most} columns ` +
          `(contextLength ${this.config.contextLength}), got [${tokens.shape}]`,
      );
    }
  }
}

/**
 * Makes a language model with seeded initial weights.
 *
 * @throws Error naming the option that is wrong, or when another model of this process has variables of the
 *   same names: dispose of it or give this one a `scope`
 */
export function createLanguageModel(options: LanguageModelOptions): LanguageModel {
  return new LanguageModel(options);
}

/**
 * Makes the model that a checkpoint of `save` holds, with its weights.
 *
 * @throws Error when the file is damaged or was not written by `save`
 */
export function loadLanguageModel(
  bytes: Uint8Array,
  options: Pick<LanguageModelOptions, 'scope'> = {},
): LanguageModel {
  const { metadata } = decodeSafetensors(bytes);
  const model = createLanguageModel({ ...checkpointOptions(metadata, bytes.length), ...options });
  try {
    model.load(bytes);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/**
 * Does what {@link loadLanguageModel} does from a file that is read in parts: a `Blob`, or
 * `{ size, read(position, length) }`.
 */
export async function loadLanguageModelFrom(
  source: ByteSource | Blob,
  options: Pick<LanguageModelOptions, 'scope'> = {},
): Promise<LanguageModel> {
  const { metadata } = await openSafetensors(source);
  const model = createLanguageModel({ ...checkpointOptions(metadata, source.size), ...options });
  try {
    await model.loadFrom(source);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}
