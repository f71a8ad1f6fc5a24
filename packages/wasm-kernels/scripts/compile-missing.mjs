// Compiles the kernels where `npm ci --ignore-scripts` has left them out, or where they are those of another checkout. The
// benchmark and the tests begin with it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { madeFrom, sourceHash } from './source-hash.mjs';

const compiled = fileURLToPath(new URL('../src/generated/kernels.ts', import.meta.url));
const text = await readFile(compiled, 'utf8').catch(() => undefined);
if (text === undefined || !text.startsWith(`${madeFrom(await sourceHash())}\n`)) {
  const why = text === undefined ? 'which installing without scripts left out' : 'whose sources have changed';
  process.stderr.write(`Compiling the kernels of @steepest/wasm-kernels, ${why}\n`);
  await import('./compile.mjs');
}

/** For the tests, all is done when this file has loaded. */
export default function setup() {}
