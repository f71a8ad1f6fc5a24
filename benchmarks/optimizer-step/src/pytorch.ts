import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClockName } from './timing.ts';

const program = fileURLToPath(new URL('./pytorch-adamw.py', import.meta.url));

/** PyTorch's AdamW, in a process of its own that waits while others are timed. */
export class PyTorchAdamW {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    readonly version: string,
  ) {}

  /** @returns `undefined` if that Python has no PyTorch. */
  static async start(
    python: string,
    options: { size: number; form: 'foreach' | 'fused'; threads: number; clock: ClockName },
  ): Promise<PyTorchAdamW | undefined> {
    const { size, form, clock } = options;
    const threads = String(options.threads);
    const child = spawn(python, [program, String(size), form, threads, clock], {
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
    return first.done === true ? undefined : new PyTorchAdamW(child, lines, first.value);
  }

  /** Milliseconds a step. */
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
