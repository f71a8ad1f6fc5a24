import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './config.ts';

/** Bytes of all weights of a model, from its configuration alone. */
export function weightBytes(config: ModelConfig): number {
  const { modelWidth: width, mlpWidth, vocabularySize, layers, qkNorm, tieEmbeddings } = config;
  const embeddings = vocabularySize * width * (tieEmbeddings ? 1 : 2);
  const block = 4 * width * width + 2 * width * mlpWidth + (qkNorm ? 4 : 2) * width;
  return 4 * (embeddings + layers * block + width);
}

/** Bytes of the tables that depend on positions only: the causal mask and the rotary angles. */
function tableBytes({ contextLength, modelWidth }: ModelConfig): number {
  return 4 * (contextLength * contextLength + 2 * contextLength * modelWidth);
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
