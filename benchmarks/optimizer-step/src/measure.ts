import type { StateFormat } from '@steepest/optimizer';
import { CopyLoop } from './copy-loop.ts';
import { PyTorchOptimizer } from './pytorch.ts';
import { bytesPerStep, ours, type Subject, shapeOf, tfjsCounterpart, usesMatrices } from './subjects.ts';
import { type ClockName, interleaved, type Timed, type Timing, timed } from './timing.ts';

/** One optimizer at one size on one backend and number of threads, with what it was timed against in the same rounds. */
export interface Measurement {
  readonly backend: string;
  readonly threads: number;
  readonly optimizer: string;
  readonly size: number;
  readonly shape: readonly number[];
  readonly step: Timing;
  readonly tfjs: { readonly name: string } & Timing;
  /** A copy of as many bytes as the step moves. */
  readonly copy?: Timing;
  readonly pytorchForeach?: Timing;
  readonly pytorchFused?: Timing;
  /** The same step with state in float32, where it is in another format. */
  readonly float32State?: Timing;
  readonly bytesPerParameter?: { readonly moved: number; readonly least: number };
}

export interface MeasureOptions {
  /** How our optimizers keep their state. */
  readonly stateFormat: StateFormat;
  readonly rounds: number;
  /** Length of a turn in milliseconds. */
  readonly milliseconds: number;
  readonly clock: ClockName;
  /** A Python with PyTorch. */
  readonly python: string | undefined;
  /** Numbers of threads, each measured in the same rounds; one alone on `cpu`. */
  readonly threads: readonly number[];
  /** Lets so many threads of the wasm backend work. */
  readonly setThreads: (threads: number) => void;
}

/** From here on a step does not fit the caches next to the core, and the time of a copy of its bytes means something. */
const copiedSize = 2 ** 20;

/**
 * Times a step on the current backend, in turn with tf.train, a copy of the same bytes and, for AdamW, PyTorch.
 *
 * @returns one measurement per number of threads
 */
export async function measure(
  backend: string,
  optimizer: string,
  size: number,
  options: MeasureOptions,
): Promise<Measurement[]> {
  const shape = shapeOf(size, optimizer);
  const { stateFormat } = options;
  const subject = ours(optimizer, shape, stateFormat);
  const plain = stateFormat === 'float32' ? undefined : ours(optimizer, shape);
  const counterpart = tfjsCounterpart(optimizer, shape);
  // What is not compiled moves more than can be counted.
  const bytes = backend === 'wasm' ? bytesPerStep(optimizer, shape, { stateFormat }) : undefined;
  const copy = bytes !== undefined && size >= copiedSize ? new CopyLoop(bytes.moved) : undefined;
  const counts = backend === 'cpu' ? [1] : options.threads;
  const all: { readonly threads: number; readonly subjects: readonly Timed[] }[] = [];
  const processes: { stop(): void }[] = [];
  for (const threads of counts) {
    const here = (name: string, run: () => void): Timed => {
      const { time } = timed(name, run, options.clock);
      return {
        name,
        time: (repetitions) => {
          options.setThreads(threads);
          return time(repetitions);
        },
      };
    };
    const pytorch =
      backend === 'wasm' && optimizer === 'adamw' && options.python !== undefined
        ? await startPyTorch(options.python, size, threads, options.clock)
        : [];
    processes.push(...pytorch);
    const steps = [subject, counterpart, ...(plain === undefined ? [] : [plain])].map(
      ({ name, run }: Subject) => here(name, run),
    );
    const copies = copy === undefined ? [] : [here('copy', () => copy.run(threads))];
    all.push({ threads, subjects: [...steps, ...copies, ...pytorch] });
  }
  const timings = await interleaved(
    all.flatMap(({ subjects }) => subjects),
    options,
  );
  for (const process of processes) process.stop();
  subject.dispose();
  plain?.dispose();
  counterpart.dispose();
  copy?.dispose();
  return all.map(({ threads, subjects }) => {
    const of = (name: string) => timings.get(subjects.find((one) => one.name === name)!);
    const optional = {
      float32State: plain && of(plain.name),
      copy: of('copy'),
      pytorchForeach: of('pytorch foreach'),
      pytorchFused: of('pytorch fused'),
    };
    const present = Object.entries(optional).filter(([, timing]) => timing !== undefined);
    return {
      ...{ backend, threads, optimizer, size, shape },
      step: of(subject.name)!,
      tfjs: { name: counterpart.name, ...of(counterpart.name)! },
      ...Object.fromEntries(present),
      ...(bytes === undefined
        ? {}
        : { bytesPerParameter: { moved: bytes.moved / size, least: bytes.least / size } }),
    };
  });
}

async function startPyTorch(
  python: string,
  size: number,
  threads: number,
  clock: ClockName,
): Promise<(Timed & { stop(): void })[]> {
  const found: (Timed & { stop(): void })[] = [];
  for (const form of ['foreach', 'fused'] as const) {
    const process = await PyTorchOptimizer.start(python, {
      program: 'adamw',
      subject: [String(size), form],
      threads,
      clock,
    });
    if (process === undefined) break;
    found.push({
      name: `pytorch ${form}`,
      time: (repetitions) => process.time(repetitions),
      stop: () => process.stop(),
    });
  }
  return found;
}

/** Why a combination is left out; `undefined` if it is measured. */
export function reasonToSkip(backend: string, optimizer: string, size: number): string | undefined {
  if (usesMatrices(optimizer) && size > 2 ** 16) {
    return 'its matrix products and factorizations take minutes at this size, and are no matter of the update';
  }
  if (backend === 'cpu' && size > 2 ** 20) return 'the cpu backend takes seconds per step at this size';
  return undefined;
}
