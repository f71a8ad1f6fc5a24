import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Hasher } from './hasher.ts';

// What the browser does in another way is in platform.browser.ts, under the same names.

/** Reads the file of the embedded corpus. */
export function readEmbeddedFile(): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(new URL('../data/embedded-corpus.jsonl.gz', import.meta.url));
}

export function createHasher(algorithm: 'sha256' | 'sha512'): Hasher {
  const hash = createHash(algorithm);
  const hasher: Hasher = {
    update(data) {
      hash.update(data);
      return hasher;
    },
    digest: () => Uint8Array.from(hash.digest()),
    hex: () => hash.digest('hex'),
  };
  return hasher;
}

/** Warns the user of something that is no error. */
export function warn(message: string): void {
  process.emitWarning(message);
}
