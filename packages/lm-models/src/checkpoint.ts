import {
  type ByteSource,
  decodeSafetensors,
  encodeSafetensors,
  openSafetensors,
  type StreamedTensor,
  streamSafetensors,
  type Tensor,
  type TensorInfo,
} from '@steepest/safetensors';
import { parameterDescriptions } from './architectures.ts';
import { modelConfig, unshownSettings } from './config.ts';
import type { LanguageModelOptions, ModelConfig } from './model-options.ts';
import type { ParameterDescription } from './parameters.ts';
import { weightBytes } from './room.ts';

const configKey = 'steepest.model';

/** Weights by path, to be written into a file. */
export interface NamedWeights<Data> {
  readonly path: string;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** Writes weights by path and the configuration (in the metadata) as the bytes of a safetensors file. */
export function encodeCheckpoint(
  config: ModelConfig,
  weights: readonly NamedWeights<Float32Array>[],
): Uint8Array {
  return encodeSafetensors(tensorsOf<Tensor>(weights), metadataOf(config));
}

/** The same bytes as {@link encodeCheckpoint} in pieces; each weight is asked for when its turn comes. */
export function streamCheckpoint(
  config: ModelConfig,
  weights: readonly NamedWeights<() => Promise<Float32Array>>[],
): AsyncIterable<Uint8Array> {
  return streamSafetensors(tensorsOf<StreamedTensor>(weights), metadataOf(config));
}

function tensorsOf<T extends TensorInfo & { data: unknown }>(
  weights: readonly NamedWeights<T['data']>[],
): Record<string, T> {
  const tensors = weights.map(({ path, shape, data }) => [path, { dtype: 'F32', shape: [...shape], data }]);
  return Object.fromEntries(tensors) as Record<string, T>;
}

function metadataOf(config: ModelConfig): Record<string, string> {
  return { [configKey]: JSON.stringify(config) };
}

/**
 * Reads the weights of a model.
 *
 * @throws Error naming the first tensor that is missing, unexpected, of another shape or not F32, with both
 *   shapes, or the setting in which the file's model differs
 */
export function decodeCheckpoint(bytes: Uint8Array, config: ModelConfig): Map<string, Float32Array> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const parameters = parameterDescriptions(config);
  checkTensors(new Map(Object.entries(tensors)), metadata, config, parameters);
  return new Map(parameters.map(({ path }) => [path, tensors[path]!.data as Float32Array]));
}

/** Reads the weights of a model tensor by tensor. @throws Error as {@link decodeCheckpoint}, before any is read */
export async function readCheckpoint(
  source: ByteSource | Blob,
  config: ModelConfig,
): Promise<Map<string, Float32Array>> {
  const reader = await openSafetensors(source);
  const parameters = parameterDescriptions(config);
  checkTensors(reader.tensors, reader.metadata, config, parameters);
  const weights = new Map<string, Float32Array>();
  for (const { path } of parameters) weights.set(path, (await reader.read(path)).data as Float32Array);
  return weights;
}

function checkTensors(
  tensors: ReadonlyMap<string, Readonly<TensorInfo>>,
  metadata: Readonly<Record<string, string>>,
  config: ModelConfig,
  parameters: readonly ParameterDescription[],
): void {
  const expected = new Set(parameters.map(({ path }) => path));
  for (const { path, shape } of parameters) {
    const tensor = tensors.get(path);
    if (!tensor) throw new Error(`checkpoint: "${path}" of shape [${shape}] is missing`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((length, axis) => length !== shape[axis])) {
      throw new Error(`checkpoint: "${path}" has shape [${tensor.shape}], the model needs [${shape}]`);
    }
    if (tensor.dtype !== 'F32') {
      throw new Error(`checkpoint: "${path}" is ${tensor.dtype}, the model needs F32`);
    }
  }
  for (const [path, { shape }] of tensors) {
    if (!expected.has(path)) {
      throw new Error(`checkpoint: "${path}" of shape [${shape}] is not a variable of this model`);
    }
  }
  if (metadata[configKey] !== undefined) checkArchitecture(metadata[configKey], config);
}

/**
 * Options that make the model a checkpoint was saved from.
 *
 * @param metadata of the file
 * @param fileLength bytes of the file, which must be enough for the weights of the model that it names
 * @throws Error when the file does not say, or says what cannot be
 */
export function checkpointOptions(
  metadata: Readonly<Record<string, string>>,
  fileLength: number,
): LanguageModelOptions {
  const text = metadata[configKey];
  if (text === undefined) {
    throw new Error(
      `checkpoint: the metadata has no "${configKey}": make the model with createLanguageModel and call load`,
    );
  }
  const { size, ...options } = parseConfig(text);
  const named = size === 'custom' || size === undefined ? options : { ...options, size };
  const needed = weightBytes(modelConfig(named));
  if (needed > fileLength) {
    throw new Error(
      `checkpoint: the model in the metadata's "${configKey}" has ${needed} bytes of weights, the file only ${fileLength}`,
    );
  }
  return named;
}

// Shapes do not show these, and a model with the wrong ones would run and be wrong.
function checkArchitecture(text: string, config: ModelConfig): void {
  const saved = parseConfig(text);
  for (const key of Object.keys(unshownSettings) as (keyof typeof unshownSettings)[]) {
    const value = saved[key] ?? unshownSettings[key];
    if (value !== undefined && value !== config[key]) {
      throw new Error(`checkpoint: saved with ${key} ${value}, the model has ${key} ${config[key]}`);
    }
  }
}

function parseConfig(text: string): ModelConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new Error(`checkpoint: the metadata's "${configKey}" is not valid JSON`, { cause });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new Error(`checkpoint: the metadata's "${configKey}" must be a JSON object`);
  }
  return config as ModelConfig;
}
