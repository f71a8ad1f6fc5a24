import * as tf from '@tensorflow/tfjs-core';
import { parameterDescriptions } from './architectures.ts';
import type { ModelConfig } from './model-options.ts';

// A mistyped or untrusted number of layers is not built: every block has as many weights as the second one.
const builtLayers = 2;

/** Bytes of all weights of a model, from its configuration alone. */
export function weightBytes(config: ModelConfig): number {
  const few = Math.min(config.layers, builtLayers);
  const [without, built] = [few - 1, few].map((layers) => bytesOf({ ...config, layers })) as [number, number];
  return built + (config.layers - few) * (built - without);
}

function bytesOf(config: ModelConfig): number {
  const sizes = parameterDescriptions(config).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return 4 * sizes.reduce((a, b) => a + b, 0);
}

/** Bytes of the tables that depend on positions only: the causal mask and the rotary angles. */
function tableBytes({ contextLength, modelWidth, positions }: ModelConfig): number {
  const rotary = positions === 'rotary' ? 2 * contextLength * modelWidth : 0;
  return 4 * (contextLength * contextLength + rotary);
}

/**
 * Refuses a model that cannot fit, before anything is made: otherwise a mistyped width would fill the memory of the machine
 * for minutes before it fails.
 *
 * @throws Error saying how much memory the weights and tables need, and how much there is
 */
export function requireRoom(config: ModelConfig): void {
  const room = roomHere();
  const needed = weightBytes(config) + tableBytes(config);
  if (room === undefined || needed <= room.bytes) return;
  const { modelWidth, layers, mlpWidth, vocabularySize, contextLength } = config;
  throw new Error(
    `a model with modelWidth ${modelWidth}, layers ${layers}, mlpWidth ${mlpWidth}, vocabularySize ${vocabularySize} and ` +
      `contextLength ${contextLength} needs ${gigabytes(needed)} for its weights and tables alone, but ${room.name} ` +
      `${gigabytes(room.bytes)}; choose smaller ones`,
  );
}

function roomHere(): { readonly name: string; readonly bytes: number } | undefined {
  if (tf.getBackend() === 'wasm') return { name: 'the wasm heap ends at', bytes: 2 ** 32 };
  const { process } = globalThis as { process?: { availableMemory?: () => number } };
  const bytes = process?.availableMemory?.();
  // A browser does not say.
  return bytes === undefined ? undefined : { name: 'this process can have', bytes };
}

function gigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toPrecision(3))} GB`;
}
