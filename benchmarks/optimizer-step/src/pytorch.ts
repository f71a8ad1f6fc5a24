import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClockName } from './timing.ts';

const program = fileURLToPath(new URL('./pytorch-adamw.py', import.meta.url));

/** PyTorch's AdamW on one thread, in a process of its own that waits while others are timed. */
export class PyTorchAdamW {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    readonly version: string,
  ) {}

  /** @returns `undefined` if that Python has no PyTorch. */
  static async start(
    python: string,
    { size, form, clock }: { size: number; form: 'foreach' | 'fused'; clock: ClockName },
  ): Promise<PyTorchAdamW | undefined> {
    const child = spawn(python, [program, String(size), form, clock], {
      env: { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
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
