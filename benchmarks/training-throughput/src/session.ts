import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exitCodes, fromCaller, InvalidArgumentError } from '@steepest/cli';
import { createLanguageModel } from '@steepest/lm-models';
import * as tf from '@tensorflow/tfjs';
import { modelOptions, type Task, writeTask } from './task.ts';

/** Losses of the first steps differ by rounding only; more than this is another model or another optimizer. */
const lossTolerance = 1e-4;

/** Writes a task for the subjects into a temporary folder, and removes it when they are done. */
export async function withTask<T>(task: Task, body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'throughput-'));
  try {
    await tf.setBackend('cpu');
    const model = createLanguageModel(modelOptions(task));
    await writeTask(folder, task, await model.save());
    model.dispose();
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Exit code for the largest difference of losses, which is said where it is more than rounding. */
export function agreementCode(difference: number): number {
  if (difference <= lossTolerance) return exitCodes.success;
  console.error(`That is more than ${lossTolerance}: the subjects do not compute the same.`);
  return exitCodes.failure;
}

/** Writes numbers as JSON, and returns the file. @param out Relative to where the command was called */
export async function writeNumbers(out: string, numbers: object): Promise<string> {
  const file = fromCaller(out);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(numbers, null, 2)}\n`);
  return file;
}

/** Reads one of the names of an option. */
export function oneOf<Name extends string>(known: readonly Name[]) {
  return (text: string): Name => {
    const found = known.find((name) => name === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Each must be one of ${known.join(', ')}; got "${text}".`);
  };
}
