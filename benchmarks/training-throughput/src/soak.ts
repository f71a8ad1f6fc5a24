import { prepareBackend } from '@steepest/backend';
import { createLanguageModel } from '@steepest/lm-models';
import { AdamW } from '@steepest/optim-adam';
import { threadUse } from '@steepest/wasm-kernels';
import * as tf from '@tensorflow/tfjs';

/** A long training run that must hold no more at its end than soon after its start. */
export interface SoakOptions {
  readonly backend: 'wasm' | 'node';
  readonly steps: number;
  readonly threads: number;
  /** Steps before the first measure, in which caches fill and the compiler settles. */
  readonly settled: number;
  /** Measures after the first, evenly spaced. */
  readonly measures: number;
  /** Told every measure. */
  readonly log?: (measure: SoakMeasure) => void;
}

/** What a process holds, and how it works, at one moment of a soak. */
export interface SoakMeasure {
  readonly step: number;
  readonly loss: number;
  readonly tensors: number;
  readonly tensorBytes: number;
  /** Pieces of memory that the backend holds for tensors. */
  readonly buffers: number;
  /** Of the wasm heap; absent on other backends. */
  readonly heapBytes?: number;
  readonly residentBytes: number;
  /** Per step since the measure before. */
  readonly processorMilliseconds: number;
  /** How many times work has been divided per step since the measure before, where that is counted: on wasm. */
  readonly jobsPerStep?: number;
}

// Large enough for its products, norms and updates to be divided, small enough for thousands of steps.
const [sequences, positions, vocabularySize] = [8, 48, 700];
const model = { modelWidth: 64, layers: 2, heads: 4, vocabularySize, contextLength: positions, seed: 1 };

/**
 * Trains on a backend, and measures from time to time.
 *
 * @throws if the backend does not work here
 */
export async function soak(options: SoakOptions): Promise<SoakMeasure[]> {
  const { backend, steps, threads, settled, measures, log } = options;
  await prepareBackend({ backend, threads });
  const trained = createLanguageModel(model);
  const optimizer = new AdamW({ learningRate: 1e-3, clipGlobalNorm: 1, averageDecay: 0.99 });
  const found: SoakMeasure[] = [];
  const every = Math.max(1, Math.floor((steps - settled) / measures));
  let [start, cpu, jobs] = [0, process.cpuUsage(), threadUse()?.jobs ?? 0];
  for (let step = 1; step <= steps; step++) {
    const ids = Int32Array.from(
      { length: sequences * (positions + 1) },
      (_, i) => (i * i + (step % 97) * i) % vocabularySize,
    );
    const tokens = tf.tensor2d(ids, [sequences, positions + 1], 'int32');
    const loss = optimizer.minimize(() => trained.loss(tokens).total, true)!;
    if (step >= settled && (step - settled) % every === 0) {
      const { user, system } = process.cpuUsage(cpu);
      const now = threadUse()?.jobs ?? 0;
      const { numTensors, numBytes } = tf.memory();
      const measure = {
        step,
        loss: loss.dataSync()[0]!,
        tensors: numTensors,
        tensorBytes: numBytes,
        buffers: tf.engine().backend.numDataIds(),
        residentBytes: process.memoryUsage.rss(),
        processorMilliseconds: (user + system) / 1000 / (step - start),
        ...(backend === 'wasm' && {
          heapBytes: heapBytes(),
          jobsPerStep: (now - jobs) / (step - start),
        }),
      };
      found.push(measure);
      log?.(measure);
      [start, cpu, jobs] = [step, process.cpuUsage(), now];
    }
    tf.dispose([tokens, loss]);
    // Workers report their end, and timers fire, between steps.
    if (step % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  optimizer.dispose();
  trained.dispose();
  return found;
}

/** What grew between the first measure and the last, or went wrong; one line each, empty if nothing. */
export function growthOf(measures: readonly SoakMeasure[]): string[] {
  const [first, last] = [measures[0]!, measures.at(-1)!];
  const lines: string[] = [];
  const compare = (what: string, of: (measure: SoakMeasure) => number, most: number): void => {
    if (of(last) > most * of(first)) lines.push(`${what} grew from ${of(first)} to ${of(last)}`);
  };
  compare('the number of tensors', ({ tensors }) => tensors, 1);
  compare('the bytes of tensors', ({ tensorBytes }) => tensorBytes, 1);
  compare('the number of buffers', ({ buffers }) => buffers, 1);
  compare('the wasm heap', ({ heapBytes: bytes = 0 }) => bytes, 1);
  // The collector of JavaScript decides when it gives memory back.
  compare('the memory of the process', ({ residentBytes }) => residentBytes, 1.2);
  for (const { step, loss } of measures) {
    if (!Number.isFinite(loss)) lines.push(`the loss of step ${step} is ${loss}`);
  }
  return lines;
}

function heapBytes(): number {
  const { wasm } = tf.backend() as unknown as {
    readonly wasm: { wasmMemory?: WebAssembly.Memory; asm?: { memory: WebAssembly.Memory } };
  };
  return (wasm.wasmMemory ?? wasm.asm!.memory).buffer.byteLength;
}
