import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Device } from './devices.ts';
import { lastLines, repository, runProgram, sourceFlags } from './program.ts';

/** A decoder and its batches, under the names of training-throughput's options. */
export interface Sizes {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly sequences: number;
  readonly positions: number;
}

/** Milliseconds of a training step of both, each where it runs. */
export interface Throughput {
  readonly sizes: Sizes;
  readonly steepest?: number;
  readonly pytorch?: number;
  readonly tokensPerSecond?: number;
  /** What is missing, or went wrong. */
  readonly notes: readonly string[];
}

/** The part that is read of the file that training-throughput writes. */
interface Measured {
  readonly measurements: readonly { readonly name: string; readonly milliseconds: number }[];
}

/** Times training steps in turns with PyTorch on the same device, by benchmarks/training-throughput. */
export async function throughputOf(
  sizes: Sizes,
  { device, python, seconds }: { readonly device: Device; readonly python: string; readonly seconds: number },
): Promise<Throughput> {
  const names =
    device === 'gpu'
      ? (['steepest-node-gpu', 'pytorch-gpu'] as const)
      : (['steepest-node', 'pytorch'] as const);
  const folder = await mkdtemp(join(tmpdir(), 'gpu-check-'));
  try {
    const out = join(folder, 'throughput.json');
    const end = await runProgram(
      process.execPath,
      [
        ...sourceFlags,
        join(repository, 'benchmarks', 'training-throughput', 'src', 'cli.ts'),
        ...['--subjects', names.join(','), '--python', python, '--out', out],
        ...['--rounds', '3', '--turn-seconds', '2'],
        ...Object.entries(sizes).flatMap(([name, size]) => [`--${name}`, String(size)]),
      ],
      { seconds },
    );
    const notes = end.stderr
      .split('\n')
      .filter((line) => / is left out: |do not compute the same/.test(line));
    if (end.code === undefined) return { sizes, notes: [`cut off after ${Math.round(seconds)} s`] };
    const text = await readFile(out, 'utf8').catch(() => undefined);
    if (text === undefined) return { sizes, notes: [lastLines(end.stderr)] };
    const { measurements } = JSON.parse(text) as Measured;
    const [steepest, pytorch] = names.map(
      (name) => measurements.find((one) => one.name === name)?.milliseconds,
    );
    return {
      sizes,
      ...(steepest !== undefined && {
        steepest,
        tokensPerSecond: (1000 * sizes.sequences * sizes.positions) / steepest,
      }),
      ...(pytorch !== undefined && { pytorch }),
      notes: end.code === 0 || notes.length > 0 ? notes : [lastLines(end.stderr)],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
