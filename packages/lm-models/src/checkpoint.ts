import { decodeSafetensors, encodeSafetensors } from '@steepest/safetensors';
import type { LanguageModelOptions, ModelConfig } from './config.ts';
import type { ParameterDescription } from './parameters.ts';

const configKey = 'steepest.model';

/** Writes weights by path and the configuration (in the metadata) as the bytes of a safetensors file. */
export function encodeCheckpoint(
  config: ModelConfig,
  weights: readonly { path: string; shape: readonly number[]; data: Float32Array }[],
): Uint8Array {
  const tensors = weights.map(({ path, shape, data }) => [
    path,
    { dtype: 'F32' as const, shape: [...shape], data },
  ]);
  return encodeSafetensors(Object.fromEntries(tensors), { [configKey]: JSON.stringify(config) });
}

/**
 * Reads the weights of a model.
 *
 * @throws Error naming the first tensor that is missing, unexpected, of another shape or not F32, with both
 *   shapes, or the setting in which the file's model differs
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  config: ModelConfig,
  parameters: readonly ParameterDescription[],
): Map<string, Float32Array> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const weights = new Map<string, Float32Array>();
  for (const { path, shape } of parameters) {
    const tensor = tensors[path];
    if (!tensor) throw new Error(`checkpoint: "${path}" of shape [${shape}] is missing`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((length, axis) => length !== shape[axis])) {
      throw new Error(`checkpoint: "${path}" has shape [${tensor.shape}], the model needs [${shape}]`);
    }
    if (!(tensor.data instanceof Float32Array)) {
      throw new Error(`checkpoint: "${path}" is ${tensor.dtype}, the model needs F32`);
    }
    weights.set(path, tensor.data);
  }
  for (const [path, { shape }] of Object.entries(tensors)) {
    if (!weights.has(path)) {
      throw new Error(`checkpoint: "${path}" of shape [${shape}] is not a variable of this model`);
    }
  }
  if (metadata[configKey] !== undefined) checkArchitecture(metadata[configKey], config);
  return weights;
}

/**
 * Options that make the model a checkpoint was saved from.
 *
 * @throws Error when the file does not say
 */
export function checkpointOptions(bytes: Uint8Array): LanguageModelOptions {
  const text = decodeSafetensors(bytes).metadata[configKey];
  if (text === undefined) {
    throw new Error(
      `checkpoint: the metadata has no "${configKey}": make the model with createLanguageModel and call load`,
    );
  }
  const { size, ...options } = parseConfig(text);
  return size === 'custom' || size === undefined ? options : { ...options, size };
}

// Shapes do not show these, and a model with the wrong ones would run and be wrong.
function checkArchitecture(text: string, config: ModelConfig): void {
  const saved = parseConfig(text);
  for (const key of ['heads', 'activation'] as const) {
    if (saved[key] !== undefined && saved[key] !== config[key]) {
      throw new Error(`checkpoint: saved with ${key} ${saved[key]}, the model has ${key} ${config[key]}`);
    }
  }
}

function parseConfig(text: string): ModelConfig {
  try {
    return JSON.parse(text) as ModelConfig;
  } catch (cause) {
    throw new Error(`checkpoint: the metadata's "${configKey}" is not valid JSON`, { cause });
  }
}
