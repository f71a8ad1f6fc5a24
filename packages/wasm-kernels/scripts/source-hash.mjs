// Which sources the compiled kernels were made from: kernels of an earlier checkout would be called with other arguments.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** SHA-256 of everything that decides what is compiled, but the compiler. */
export async function sourceHash() {
  const names = (await readdir(`${root}assembly`)).filter((name) => name.endsWith('.ts')).sort();
  const files = [...names.map((name) => `assembly/${name}`), 'scripts/compile.mjs'];
  const hash = createHash('sha256');
  for (const file of files) {
    // A checkout on Windows may have other line ends.
    const text = (await readFile(root + file, 'utf8')).replaceAll('\r\n', '\n');
    hash.update(`${file} ${text.length}\n${text}`);
  }
  return hash.digest('hex');
}

/** The first line of the compiled kernels. */
export function madeFrom(hash) {
  return `// Made by scripts/compile.mjs from assembly/ with the SHA-256 ${hash}.`;
}
