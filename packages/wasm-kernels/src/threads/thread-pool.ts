import { controlStride, controlWords, workerSource } from './worker-source.ts';

/** A compiled module whose functions the threads may call, by their names in it. */
export interface SharedModule {
  readonly module: WebAssembly.Module;
  readonly names: readonly string[];
}

/** A function on the shared heap, called with numbers: its place in the pool's list, and the arguments. */
export interface KernelCall {
  readonly kernel: number;
  readonly values: readonly number[];
}

/** What a worker thread is here: of `node:worker_threads`, or of a browser. */
export interface WorkerThread {
  postMessage(value: unknown): void;
  terminate(): unknown;
}

/** What the threads of a backend have done so far. */
export interface ThreadUse {
  /** Threads that have started, the calling one included. */
  readonly started: number;
  /** How many times work was divided. */
  readonly jobs: number;
  /** Milliseconds during which work was divided; the rest of the time the calling thread was alone. */
  readonly dividedMilliseconds: number;
}

/** Numbers that fit into the list of calls of one worker and job. */
const programSize = 1 << 16;
/** Milliseconds without a finished call after which a worker counts as dead. */
const longestCall = 600_000;
/** Milliseconds that the main thread looks for an answer before it sleeps. */
const spinTime = 0.3;

/**
 * Threads that work on one heap beside the main thread.
 *
 * Workers start at the first use and sleep when there is nothing to do. What a worker has not begun when the calling thread is
 * done with its own part, since it is starting or the machine is busy, the calling thread does as well.
 */
export class ThreadPool {
  private workers: WorkerThread[] = [];
  private readonly control: Int32Array;
  private readonly programs: Float64Array[];
  private readonly tickets: number[];
  private readonly spins: boolean;
  private functions: ((...values: number[]) => unknown)[] = [];
  private modules: SharedModule[] = [];
  private failure: Error | undefined;
  private hasEnded = false;
  private jobs = 0;
  private dividedMilliseconds = 0;

  /**
   * @param capacity How many may work together, the calling one included.
   * @param cores How many cores there are: with fewer than threads, nobody waits by looking again and again.
   * @param limit How many are to work at the moment.
   */
  constructor(
    private readonly memory: WebAssembly.Memory,
    readonly capacity: number,
    cores: number,
    private readonly makeWorker: (onEnd: (reason: string) => void) => WorkerThread = startWorker,
    private readonly limit: () => number = () => capacity,
  ) {
    const others = capacity - 1;
    this.control = new Int32Array(new SharedArrayBuffer(4 * controlStride * Math.max(1, others)));
    for (let worker = 0; worker < others; worker++)
      this.control[worker * controlStride + controlWords.done] = -1;
    this.programs = Array.from(
      { length: others },
      () => new Float64Array(new SharedArrayBuffer(8 * programSize)),
    );
    this.tickets = this.programs.map(() => 0);
    this.spins = capacity <= cores;
  }

  /** How many work together from the next call on. */
  get threads(): number {
    return Math.min(this.capacity, this.limit());
  }

  /** Makes functions callable. @returns the place of the first in the list; the others follow in the order of the names */
  add(module: SharedModule, exports: Readonly<Record<string, unknown>>): number {
    const first = this.functions.length;
    for (const name of module.names) this.functions.push(exports[name] as (...values: number[]) => unknown);
    this.modules.push(module);
    for (const worker of this.workers) worker.postMessage([module]);
    return first;
  }

  /** What the threads have done so far. */
  use(): ThreadUse {
    const hasStarted = (worker: number): boolean =>
      Atomics.load(this.control, worker * controlStride + controlWords.done) !== -1;
    const started = 1 + this.workers.filter((_, worker) => hasStarted(worker)).length;
    return { started, jobs: this.jobs, dividedMilliseconds: this.dividedMilliseconds };
  }

  /**
   * Runs a list of calls on each thread, the first on this one, and waits for all. The lists must not write what another
   * list reads or writes.
   *
   * @param lists At most `capacity` of them.
   * @throws Error if a call failed or a worker died; the heap then holds an unfinished result, and the pool is of no more use
   */
  run(lists: readonly (readonly KernelCall[])[]): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.hasEnded) {
      for (const calls of lists) this.call(calls);
      return;
    }
    const start = performance.now();
    const [own = [], ...others] = lists;
    while (this.workers.length < Math.max(this.threads - 1, others.length)) this.start(this.workers.length);
    const sent = others.map((calls, worker) => this.send(worker, calls, 0));
    this.call(own);
    for (const [worker, calls] of others.entries()) this.finish(worker, calls, sent[worker]!);
    this.jobs++;
    this.dividedMilliseconds += performance.now() - start;
  }

  private call(calls: readonly KernelCall[]): void {
    for (const { kernel, values } of calls) this.functions[kernel]!(...values);
  }

  /** Sees to it that a worker's calls are done; those from `sent` on did not fit into its job. */
  private finish(worker: number, calls: readonly KernelCall[], sent: number): void {
    const taken = worker * controlStride + controlWords.taken;
    let [first, next] = [0, sent];
    for (;;) {
      const ticket = this.tickets[worker]!;
      const before = (ticket - 1) | 0;
      if (Atomics.compareExchange(this.control, taken, before, ticket) === before) {
        this.call(calls.slice(first));
        return;
      }
      this.wait(worker);
      if (next >= calls.length) return;
      first = next;
      next = this.send(worker, calls, first);
    }
  }

  /** Writes down as many calls as fit. @returns the index of the first that did not */
  private send(worker: number, calls: readonly KernelCall[], from: number): number {
    const program = this.programs[worker]!;
    let at = 1;
    let next = from;
    for (; next < calls.length; next++) {
      const { kernel, values } = calls[next]!;
      if (at + 2 + values.length > programSize) break;
      program[at++] = kernel;
      program[at++] = values.length;
      for (const value of values) program[at++] = value;
    }
    program[0] = next - from;
    this.give(worker);
    return next;
  }

  private give(worker: number): void {
    const at = worker * controlStride;
    Atomics.store(this.control, at + controlWords.functions, this.functions.length);
    this.tickets[worker] = (this.tickets[worker]! + 1) | 0;
    Atomics.store(this.control, at + controlWords.ticket, this.tickets[worker]!);
    Atomics.notify(this.control, at + controlWords.ticket);
  }

  /** Waits for a worker's last job. */
  private wait(worker: number): void {
    const at = worker * controlStride;
    const done = at + controlWords.done;
    const isDone = (value: number): boolean => value === this.tickets[worker]!;
    let value = Atomics.load(this.control, done);
    if (this.spins && !isDone(value)) {
      const end = performance.now() + spinTime;
      do {
        for (let turn = 0; turn < 100 && !isDone(value); turn++) value = Atomics.load(this.control, done);
      } while (!isDone(value) && performance.now() < end);
    }
    let progress = -1;
    while (!isDone(value)) {
      if (Atomics.wait(this.control, done, value, longestCall) === 'timed-out') {
        const now = Atomics.load(this.control, at + controlWords.progress);
        if (now === progress) {
          throw this.fail(
            `worker thread ${worker + 1} has not answered for ${longestCall / 60_000} minutes: it may have been ended from outside`,
          );
        }
        progress = now;
      }
      value = Atomics.load(this.control, done);
    }
    if (Atomics.load(this.control, at + controlWords.failed) === 1) {
      const [length, ...codes] = this.programs[worker]!.subarray(0, 1001);
      const text = String.fromCharCode(...codes.slice(0, length));
      throw this.fail(`a kernel failed on worker thread ${worker + 1} (${text})`);
    }
  }

  private fail(what: string): Error {
    this.failure ??= new Error(
      `@steepest/wasm-kernels: ${what}. Start the program again, or use one thread.`,
    );
    return this.failure;
  }

  private start(index: number): void {
    const worker = this.makeWorker((reason) => {
      if (!this.hasEnded) this.fail(`worker thread ${index + 1} ${reason}`);
    });
    worker.postMessage({
      memory: this.memory,
      control: this.control,
      program: this.programs[index],
      at: index * controlStride,
      spins: this.spins,
      modules: this.modules,
    });
    this.workers.push(worker);
  }

  /** Ends the workers; whoever runs something afterwards does all work on the calling thread. */
  end(): void {
    this.hasEnded = true;
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
  }
}

/** Starts a worker thread. @param onEnd Is told how it came to an end. */
export function startWorker(onEnd: (reason: string) => void): WorkerThread {
  if (globalThis.process?.versions?.node !== undefined) {
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const worker = new Worker(workerSource, { eval: true, execArgv: [], stdin: false });
    worker.on('error', (error: Error) => onEnd(`failed (${error.message})`));
    worker.on('exit', () => onEnd('has ended'));
    // A program whose work is done ends, whatever the workers do.
    worker.unref();
    return worker;
  }
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onerror = ({ message }) => onEnd(`failed (${message})`);
  return worker;
}

/** Whether this thread may sleep until another wakes it, which a page's main thread may not. */
export function mayWait(): boolean {
  return globalThis.process?.versions?.node !== undefined || typeof document === 'undefined';
}
