// Compiles the kernels where `npm ci --ignore-scripts` has left them out. The benchmark and the tests begin with it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (!existsSync(fileURLToPath(new URL('../src/generated/kernels.ts', import.meta.url)))) {
  process.stderr.write(
    'Compiling the kernels of @steepest/wasm-kernels, which installing without scripts left out\n',
  );
  await import('./compile.mjs');
}

/** For the tests, all is done when this file has loaded. */
export default function setup() {}
