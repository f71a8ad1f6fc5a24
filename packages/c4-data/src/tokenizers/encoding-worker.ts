import { parentPort, workerData } from 'node:worker_threads';
import { DocumentEncoder } from './document-encoder.ts';
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from './worker-messages.ts';

const port = parentPort!;
const encoder = new DocumentEncoder(workerData as WorkerSetup);

function answer({ id, text, ends }: WorkerRequest): void {
  try {
    const tokens = encoder.encode(text, ends);
    const result: WorkerAnswer = { id, tokens, lengths: ends, text };
    port.postMessage(result, [tokens.buffer, ends.buffer, text.buffer]);
  } catch (error) {
    port.postMessage({ id, error: error as Error } satisfies WorkerAnswer);
  }
}

port.on('message', answer);
