import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerSetup } from './worker-messages.ts';

let bundle: string | undefined;

/** The worker of a checkout as one script: threads do not inherit what reads TypeScript on every version of Node. */
function bundleSource(): string {
  const require = createRequire(import.meta.url);
  const { buildSync } = require('esbuild') as {
    buildSync(options: object): { outputFiles: readonly { readonly text: string }[] };
  };
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('./encoding-worker.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    conditions: ['@steepest/source'],
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

/** Starts a worker: the file next to the built package, or in a checkout its TypeScript. */
export function startWorker(setup: WorkerSetup): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./encoding-worker.js', import.meta.url), { workerData: setup });
  }
  bundle ??= bundleSource();
  return new Worker(bundle, { eval: true, workerData: setup, execArgv: [] });
}
