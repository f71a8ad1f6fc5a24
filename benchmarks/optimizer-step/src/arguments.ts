import * as tf from '@tensorflow/tfjs';
import { InvalidArgumentError } from 'commander';

/**
 * Lets the wasm backend, which must not be in use yet, work on as many threads as are to be measured at most.
 * @returns what changes how many work
 */
export async function startThreads(most: number): Promise<(threads: number) => void> {
  // Loaded only here, since it also puts other kernels under the optimizers of tf.train.
  const { setThreads, useThreads } = await import('@steepest/wasm-kernels');
  const { threads, reason } = await useThreads({ threads: most });
  if (threads !== most) throw new Error(`cannot measure ${most} threads: ${reason}`);
  await tf.setBackend('wasm');
  // The first kernel makes the threads, which a copy needs too.
  tf.tidy(() => void tf.matMul(tf.ones([512, 512]), tf.ones([512, 512])));
  return setThreads;
}

/** Items separated by commas. */
export function list(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

/** Positive whole numbers, separated by commas. */
export function wholeNumbers(text: string): number[] {
  return list(text).map(wholeNumber);
}

/** A positive whole number. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive whole number.');
}
