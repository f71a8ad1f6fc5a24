import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Product } from './products.ts';
import type { Multiplier, Prepared } from './timing.ts';

const program = fileURLToPath(new URL('./pytorch.py', import.meta.url));

/** PyTorch's `bmm`, in a process of its own that waits while others are timed. */
export class PyTorch implements Multiplier {
  private constructor(
    readonly name: string,
    readonly version: string,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** @returns `undefined` if that Python has no PyTorch. */
  static async start(
    python: string,
    { threads, clock }: { readonly threads: number; readonly clock: 'wall' | 'processor' },
  ): Promise<PyTorch | undefined> {
    const count = String(threads);
    const child = spawn(python, [program, count, clock], {
      env: { ...process.env, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count },
    });
    // Absent or without PyTorch: its output then ends without a line.
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    child.stderr.resume();
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    return first.done === true ? undefined : new PyTorch('PyTorch', first.value, child, lines);
  }

  prepare({ batch, m, k, n, transposeA, transposeB }: Product): Prepared {
    this.child.stdin.write(`${[batch, m, k, n, Number(transposeA), Number(transposeB)].join(' ')}\n`);
    return {
      run: async () => {
        this.child.stdin.write('\n');
        const line = await this.lines.next();
        if (line.done === true) throw new Error('the PyTorch process ended while it was timed');
        return Number(line.value);
      },
      end: () => {},
    };
  }

  stop(): void {
    this.child.stdin.end();
  }
}
