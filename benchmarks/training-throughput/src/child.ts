import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { recommendedNodeFlags } from '@steepest/backend';

/** What one step took, by the clock and in the processor's time of the whole process. */
export interface TimedStep {
  readonly loss: number;
  readonly milliseconds: number;
  readonly processorMilliseconds: number;
}

/** A subject's name and the command that runs it on a task's folder. */
export interface Subject {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const nodeProgram = fileURLToPath(new URL('./subject-process.ts', import.meta.url));
const pythonProgram = fileURLToPath(new URL('./subjects/pytorch.py', import.meta.url));

/** A subject of this repository on a Node of one's choice. */
export function nodeSubject(name: 'steepest' | 'tfjs' | 'jax-js', node: string): Subject {
  const version = execFileSync(node, ['--version']).toString().replace('v', '');
  const flags = [...recommendedNodeFlags(version), '--conditions=@steepest/source'];
  const program = [...flags, '--import', 'tsx', nodeProgram];
  return { name, command: [node, ...program, name] };
}

/** PyTorch of a Python of one's choice. */
export function pytorchSubject(python: string): Subject {
  return { name: 'pytorch', command: [python, pythonProgram] };
}

/** A subject in a process of its own, which waits while others are timed. */
export class Child {
  private constructor(
    readonly name: string,
    /** Of what runs it. */
    readonly version: string,
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** Starts a subject, on one thread; answers instead what is missing for it, if something is. */
  static async start(subject: Subject, folder: string): Promise<Child | { readonly missing: string }> {
    const [program, ...args] = subject.command;
    const child = spawn(program, [...args, folder], {
      cwd: packageFolder,
      env: { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const failed = new Promise<{ missing: string }>((resolve) => {
      child.on('error', (error) => resolve({ missing: error.message }));
    });
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const started = nextAnswer(subject.name, lines) as Promise<{ version: string } | { missing: string }>;
    const answer = await Promise.race([failed, started]);
    return 'missing' in answer ? answer : new Child(subject.name, answer.version, child, lines);
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
