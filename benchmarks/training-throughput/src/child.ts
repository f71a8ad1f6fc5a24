import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What one step took, by the clock and in the processor's time of the whole process. */
export interface TimedStep {
  readonly loss: number;
  readonly milliseconds: number;
  readonly processorMilliseconds: number;
  /** Milliseconds of it during which several threads worked, where the subject counts them. */
  readonly dividedMilliseconds?: number;
}

/** A subject's name and the command that runs it on a task's folder. */
export interface Subject {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Threads it works on; 1 by default. */
  readonly threads?: number;
}

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const nodeProgram = fileURLToPath(new URL('./subject-process.ts', import.meta.url));
const pythonProgram = fileURLToPath(new URL('./subjects/pytorch.py', import.meta.url));

/** The subjects that run in Node. */
export type NodeSubjectName =
  | 'steepest'
  | 'steepest-node'
  | 'steepest-node-gpu'
  | 'steepest-webgpu'
  | 'tfjs'
  | 'tfjs-webgpu'
  | 'jax-js';

/** A subject in JavaScript on a Node of one's choice; only `steepest` and `steepest-node` work on more than one thread. */
export function nodeSubject(name: NodeSubjectName, node: string, threads = 1): Subject {
  const version = execFileSync(node, ['--version']).toString().replace('v', '');
  // The kernels of this repository need no flag; without it, Node 20 would keep relaxed SIMD from the others.
  const relaxedSimd = version.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];
  const flags = [...relaxedSimd, '--conditions=@steepest/source'];
  const program = [...flags, '--import', 'tsx', nodeProgram];
  return { name: withThreads(name, threads), command: [node, ...program, name, String(threads)], threads };
}

/** PyTorch of a Python of one's choice, on the processor. */
export function pytorchSubject(python: string, threads = 1): Subject {
  return {
    name: withThreads('pytorch', threads),
    command: [python, pythonProgram, String(threads), 'cpu'],
    threads,
  };
}

/** The same on an NVIDIA GPU. */
export function pytorchGpuSubject(python: string): Subject {
  return { name: 'pytorch-gpu', command: [python, pythonProgram, '1', 'cuda'] };
}

function withThreads(name: string, threads: number): string {
  return threads === 1 ? name : `${name}, ${threads} threads`;
}

/** A subject in a process of its own, which waits while others are timed. */
export class Child {
  private constructor(
    readonly name: string,
    /** Of what runs it. */
    readonly version: string,
    readonly threads: number,
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** Starts a subject, on as many threads as it names; returns instead what is missing for it, if something is. */
  static async start(subject: Subject, folder: string): Promise<Child | { readonly missing: string }> {
    const [program, ...args] = subject.command;
    const threads = subject.threads ?? 1;
    const variable = String(threads);
    const child = spawn(program, [...args, folder], {
      cwd: packageFolder,
      env: {
        ...process.env,
        OMP_NUM_THREADS: variable,
        MKL_NUM_THREADS: variable,
        OPENBLAS_NUM_THREADS: variable,
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const failed = new Promise<{ missing: string }>((resolve) => {
      child.on('error', (error) => resolve({ missing: error.message }));
    });
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const started = nextAnswer(subject.name, lines) as Promise<{ version: string } | { missing: string }>;
    const answer = await Promise.race([failed, started]);
    return 'missing' in answer ? answer : new Child(subject.name, answer.version, threads, child, lines);
  }

  /** Trains for that many steps. */
  async run(steps: number): Promise<readonly TimedStep[]> {
    this.child.stdin!.write(`${steps}\n`);
    return ((await nextAnswer(this.name, this.lines)) as { steps: TimedStep[] }).steps;
  }

  /** Ends the process and answers the most memory it held, in bytes. */
  async end(): Promise<number> {
    this.child.stdin!.end('end\n');
    return ((await nextAnswer(this.name, this.lines)) as { peakBytes: number }).peakBytes;
  }

  /** Ends the process at once. */
  kill(): void {
    this.child.kill();
  }
}

async function nextAnswer(name: string, lines: AsyncIterator<string>): Promise<unknown> {
  const line = await lines.next();
  if (line.done === true) throw new Error(`the process of ${name} ended before it answered`);
  return JSON.parse(line.value);
}
