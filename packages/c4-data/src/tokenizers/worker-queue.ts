import type { Worker } from 'node:worker_threads';
import { startWorker } from './start-worker.ts';
import { type Chunk, writeChunk } from './text-chunks.ts';
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from './worker-messages.ts';

/** Requests on their way to a worker: the second is there when the first is done. */
const mostRequests = 2;

/** The ids of a chunk's documents. */
export interface EncodedChunk {
  readonly tokens: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  readonly lengths: Uint32Array<ArrayBuffer>;
}

/** The chunks of one call to the pool. */
interface Call {
  readonly texts: readonly string[];
  readonly encoded: EncodedChunk[];
  missing: number;
  settled: boolean;
  readonly resolve: (encoded: EncodedChunk[]) => void;
  readonly reject: (reason: unknown) => void;
}

interface Task {
  readonly call: Call;
  readonly chunk: Chunk;
  /** Place of the chunk in its call. */
  readonly place: number;
}

interface Thread {
  readonly worker: Worker;
  requests: number;
}

/** Gives chunks to workers as these become free, and puts what they give back into order. */
export class WorkerQueue {
  private readonly threads: Thread[];
  private readonly waiting: Task[] = [];
  private readonly sent = new Map<number, Task>();
  /** Buffers that came back, to be filled again. */
  private readonly spare: ArrayBuffer[] = [];
  private lastId = 0;
  private failure: Error | undefined;

  constructor(setup: WorkerSetup, workers: number) {
    this.threads = Array.from({ length: workers }, () => this.start(setup));
  }

  private start(setup: WorkerSetup): Thread {
    const thread: Thread = { worker: startWorker(setup), requests: 0 };
    thread.worker.unref();
    thread.worker.on('message', (answer: WorkerAnswer) => this.receive(thread, answer));
    thread.worker.on('error', (cause) => {
      this.fail(new Error(`a worker of the tokenizer pool failed: ${cause.message}`, { cause }));
    });
    thread.worker.on('exit', (code) => {
      this.fail(new Error(`a worker of the tokenizer pool ended with code ${code}`));
    });
    return thread;
  }

  /** Encodes the chunks of some texts; an abort rejects at once, and drops what no worker has yet. */
  encode(texts: readonly string[], chunks: readonly Chunk[], signal?: AbortSignal): Promise<EncodedChunk[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const abort = () => call.reject(signal?.reason);
      const settle = (then: () => void) => {
        if (call.settled) return;
        call.settled = true;
        signal?.removeEventListener('abort', abort);
        then();
      };
      const call: Call = {
        texts,
        encoded: new Array(chunks.length),
        missing: chunks.length,
        settled: false,
        resolve: (encoded) => settle(() => resolve(encoded)),
        reject: (reason) => settle(() => reject(reason)),
      };
      signal?.addEventListener('abort', abort);
      chunks.forEach((chunk, place) => {
        this.waiting.push({ call, chunk, place });
      });
      this.send();
    });
  }

  private send(): void {
    for (const limit of [1, mostRequests]) {
      for (const thread of this.threads) {
        while (thread.requests < limit) {
          const task = this.nextTask();
          if (task === undefined) return;
          this.give(thread, task);
        }
      }
    }
  }

  private nextTask(): Task | undefined {
    let task = this.waiting.shift();
    while (task?.call.settled) task = this.waiting.shift();
    return task;
  }

  private give(thread: Thread, task: Task): void {
    const { call, chunk } = task;
    const text = this.bufferOf(3 * chunk.characters + chunk.to - chunk.from);
    const ends = writeChunk(call.texts, chunk, text);
    const request: WorkerRequest = { id: ++this.lastId, text, ends };
    this.sent.set(request.id, task);
    if (thread.requests === 0) thread.worker.ref();
    thread.requests += 1;
    thread.worker.postMessage(request, [text.buffer, ends.buffer]);
  }

  private bufferOf(bytes: number): Uint8Array<ArrayBuffer> {
    const index = this.spare.findIndex(({ byteLength }) => byteLength >= bytes);
    return new Uint8Array(index === -1 ? new ArrayBuffer(bytes) : this.spare.splice(index, 1)[0]!);
  }

  private receive(thread: Thread, answer: WorkerAnswer): void {
    const task = this.sent.get(answer.id);
    // An answer may still come in after the queue has failed or was closed.
    if (task === undefined) return;
    this.sent.delete(answer.id);
    const { call, place } = task;
    thread.requests -= 1;
    if (thread.requests === 0) thread.worker.unref();
    if ('error' in answer) call.reject(answer.error);
    else {
      this.keep(answer.text.buffer);
      call.encoded[place] = { tokens: answer.tokens, lengths: answer.lengths };
      call.missing -= 1;
      if (call.missing === 0) call.resolve(call.encoded);
    }
    this.send();
  }

  private keep(buffer: ArrayBuffer): void {
    this.spare.push(buffer);
    // The largest serve every chunk.
    this.spare.sort((a, b) => a.byteLength - b.byteLength);
    if (this.spare.length > mostRequests * this.threads.length) this.spare.shift();
  }

  /** Rejects every call, now and later. */
  private fail(reason: Error): void {
    if (this.failure !== undefined) return;
    this.failure = reason;
    for (const { call } of [...this.sent.values(), ...this.waiting]) call.reject(reason);
    this.sent.clear();
    this.waiting.length = 0;
    for (const { worker } of this.threads) void worker.terminate();
  }

  async close(): Promise<void> {
    this.fail(new Error('the tokenizer pool was closed before the documents were encoded'));
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }
}
