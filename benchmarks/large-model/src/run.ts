import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ModelSize } from '@steepest/lm-models';

/** One process that trains. */
export interface Run {
  readonly size: ModelSize;
  readonly backend: 'wasm' | 'node' | 'node-gpu';
  readonly threads: number;
  /** Sequences of the model's context length in a step. */
  readonly sequences: number;
  readonly steps: number;
  /** Ends with a checkpoint after this step. */
  readonly stopAfter?: number;
  readonly folder: string;
}

/** What a process of training came to. */
export interface RunEnd {
  readonly backend: string;
  readonly status: string;
  readonly parameters: number;
  readonly tokensPerStep: number;
  /** Of every step, from the batch to the loss. */
  readonly milliseconds: readonly number[];
  readonly loss: number;
  /** The most that the process had held when its last step had ended. */
  readonly trainingPeakBytes: number;
  /** The same at its end, its checkpoint included. */
  readonly peakBytes: number;
}

/**
 * Trains in a process of its own.
 *
 * @throws if it fails, with its last words
 */
export async function runProcess(run: Run): Promise<RunEnd> {
  const program = fileURLToPath(new URL('./run-process.ts', import.meta.url));
  const flags = ['--conditions=@steepest/source', '--import', 'tsx'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, JSON.stringify(run)], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as RunEnd;
}
