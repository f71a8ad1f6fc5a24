// Runs in a worker of a cross-origin isolated page: everything on two threads, which a page itself may not wait for.
import { prepareBackend } from '@steepest/backend';
import { Adam } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import { Sgd } from '@steepest/optim-sgd';
import { type Check, conformanceChecks } from '@steepest/optimizer-testing';
import { threadUse } from '@steepest/wasm-kernels';
import '@tensorflow/tfjs';
import { adamReference } from '../../packages/optim-adam/test/adam-reference.ts';
import { lionReference } from '../../packages/optim-lion/test/lion-reference.ts';
import { sgdReference } from '../../packages/optim-sgd/test/sgd-reference.ts';
import { lossesOfFewSteps } from './few-steps.ts';

/** What the page asks for. */
export type Request = { readonly get: 'names' | 'losses' } | { readonly run: string };

// Vitest counts what a page imports later by a function that workers lack.
Object.assign(globalThis, {
  __vitest_browser_runner__: { wrapDynamicImport: (load: () => unknown) => load() },
});

const wasmPaths = '/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/';
const prepared = prepareBackend({ backend: 'wasm', threads: 2, wasmPaths });

function allChecks(): Map<string, Check> {
  const heavyBall = { name: 'heavy ball', options: { momentum: 0.9 } };
  const suites = {
    Adam: conformanceChecks({ optimizer: Adam, reference: adamReference }),
    Lion: conformanceChecks({ optimizer: Lion, reference: lionReference }),
    SGD: conformanceChecks({ optimizer: Sgd, reference: sgdReference, variants: [heavyBall] }),
  };
  return new Map(
    Object.entries(suites).flatMap(([optimizer, checks]) =>
      checks
        // Those that are named after wasm change the backend, which is wasm already.
        .filter(({ name }) => !name.endsWith('on wasm'))
        .map((check) => [`${optimizer}: ${check.name}`, check] as const),
    ),
  );
}
const checks = allChecks();

async function answer(request: Request): Promise<unknown> {
  const { reason } = await prepared;
  if ('run' in request) return checks.get(request.run)!.run();
  if (request.get === 'names') return { reason, names: [...checks.keys()] };
  const losses = await lossesOfFewSteps();
  return { losses, jobs: threadUse()?.jobs };
}

addEventListener('message', async ({ data, ports: [port] }: MessageEvent<Request>) => {
  try {
    port!.postMessage({ result: await answer(data) });
  } catch (error) {
    port!.postMessage({ error: (error as Error).stack });
  }
});
