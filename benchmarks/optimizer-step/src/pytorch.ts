import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClockName } from './timing.ts';

/** One of PyTorch's optimizers, in a process of its own that waits while others are timed. */
export class PyTorchOptimizer {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    readonly version: string,
  ) {}

  /** @returns `undefined` if that Python has no PyTorch, or one without this optimizer. */
  static async start(
    python: string,
    options: {
      program: 'adamw' | 'muon';
      /** What is optimized, and how, as the program takes it. */
      subject: readonly string[];
      threads: number;
      clock: ClockName;
    },
  ): Promise<PyTorchOptimizer | undefined> {
    const { program, subject, clock } = options;
    const path = fileURLToPath(new URL(`./pytorch-${program}.py`, import.meta.url));
    const threads = String(options.threads);
    const child = spawn(python, [path, ...subject, threads, clock], {
      env: {
        ...process.env,
        OMP_NUM_THREADS: threads,
        MKL_NUM_THREADS: threads,
        OPENBLAS_NUM_THREADS: threads,
      },
    });
    // Absent, without PyTorch, or with one that has no such form: its output then ends without a line.
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    child.stderr.resume();
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    return first.done === true ? undefined : new PyTorchOptimizer(child, lines, first.value);
  }

  /** Milliseconds per step. */
  async time(repetitions: number): Promise<number> {
    this.child.stdin.write(`${repetitions}\n`);
    const line = await this.lines.next();
    if (line.done === true) throw new Error('the PyTorch process ended while it was timed');
    return Number(line.value);
  }

  stop(): void {
    this.child.stdin.end();
  }
}
