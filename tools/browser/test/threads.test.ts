import { describe, expect, inject, it } from 'vitest';
import { lossesOfFewSteps } from '../few-steps.ts';
import type { Request } from '../threads-worker.ts';

let worker: Worker | undefined;

/** What the worker answers. @throws Error with the stack of an error in the worker */
function ask<Result>(request: Request): Promise<Result> {
  worker ??= new Worker(new URL('../threads-worker.ts', import.meta.url), { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    worker!.onerror = ({ message }) => reject(new Error(message));
    port1.onmessage = ({ data }) => {
      if (data.error === undefined) resolve(data.result);
      else reject(new Error(data.error));
    };
    worker!.postMessage(request, [port2]);
  });
}

const isWasm = inject('backend') === 'wasm';
const { reason, names } = isWasm
  ? await ask<{ reason: string; names: string[] }>({ get: 'names' })
  : { reason: '', names: [] };

describe.skipIf(!isWasm)('in a worker on two threads (wasm only)', () => {
  it('says how many', () => {
    expect(crossOriginIsolated).toBe(true);
    expect(reason).toContain('on 2 threads');
  });

  it('a language model trains with the bits of one thread', async () => {
    const { losses, jobs } = await ask<{ losses: number[]; jobs: number }>({ get: 'losses' });
    expect(jobs).toBeGreaterThan(50);
    expect(losses).toEqual(await lossesOfFewSteps());
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it.each(names)('%s', (name) => ask({ run: name }));
});
