import type { PreparedSubject, PrepareSubject } from '@steepest/training-throughput/subjects/subject.ts';
import type { StoredTask, Task } from '@steepest/training-throughput/task.ts';

/** Backends that a browser has. */
export type BrowserBackend = 'wasm' | 'webgpu';

/** What the page asks of a worker, once `backend`, then `steps`. */
export type Request =
  | { readonly backend: BrowserBackend; readonly threads: number }
  | { readonly steps: number };

/** One step by the clock of the worker. */
export interface ClockedStep {
  readonly loss: number;
  readonly milliseconds: number;
}

/** What a worker answers. */
export type Answer =
  | { readonly ready: true }
  | { readonly steps: readonly ClockedStep[] }
  | { readonly missing: string }
  | { readonly error: string };

async function fetched(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`/${file}`)).arrayBuffer());
}

/** The task that the server of the page has. */
export async function readTask(): Promise<StoredTask> {
  const task = JSON.parse(new TextDecoder().decode(await fetched('task.json'))) as Task;
  const tokens = new Int32Array((await fetched('tokens.bin')).buffer);
  const size = task.sequences * (task.positions + 1);
  return {
    task,
    weights: await fetched('weights.safetensors'),
    batch: (step) => tokens.slice((step % task.batches) * size, ((step % task.batches) + 1) * size),
  };
}

/** Answers what a page asks with one function. */
export function answer(respond: (request: Request) => Promise<Answer>): void {
  addEventListener('message', ({ data }: MessageEvent<Request>) => {
    respond(data).then(
      (value) => postMessage(value),
      (error: Error) => {
        postMessage(
          error.name === 'MissingSubject' ? { missing: error.message } : { error: String(error.stack) },
        );
      },
    );
  });
}

/** Makes this worker train a subject as the page asks. */
export function serve(prepare: (backend: BrowserBackend) => PrepareSubject): void {
  let subject: PreparedSubject;
  let next = 0;
  answer(async (request) => {
    if ('backend' in request) {
      subject = await prepare(request.backend)(await readTask(), request.threads);
      return { ready: true };
    }
    const steps: ClockedStep[] = [];
    for (let i = 0; i < request.steps; i++) {
      const start = performance.now();
      const loss = await subject.train(next++);
      steps.push({ loss, milliseconds: performance.now() - start });
    }
    return { steps };
  });
}
