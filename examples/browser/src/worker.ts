// Trains in a worker, so that the page stays responsive, and because only workers may wait for threads of wasm.
import type { Report, Request } from './messages.ts';
import { race } from './race.ts';
import { discardRace, storedRace } from './stored-race.ts';

const tell = (report: Report) => postMessage(report);
let stop = new AbortController();

async function answer(request: Request): Promise<void> {
  switch (request.kind) {
    case 'race':
      stop = new AbortController();
      return race(request, stop.signal, tell);
    case 'pause':
      return stop.abort();
    case 'discard':
      await discardRace();
      return tell({ kind: 'found', race: undefined });
    case 'find':
      return tell({ kind: 'found', race: await storedRace() });
  }
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  answer(data).catch(async (error: unknown) => {
    // Where nothing can be read, nothing can go on.
    const race = await storedRace().catch(() => undefined);
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: 'failed', message, stored: race !== undefined });
  });
});
