import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { Hasher } from './hasher.ts';

// What Node does in another way is in platform.node.ts, under the same names.

/** Fetches the file of the embedded corpus, which bundlers put next to the program. */
export async function readEmbeddedFile(): Promise<Uint8Array<ArrayBuffer>> {
  const own = import.meta.url;
  // jsDelivr makes one module of a package, in the folder of the package rather than in dist.
  const address = own.endsWith('/+esm')
    ? new URL('data/embedded-corpus.jsonl.gz', own)
    : new URL('../data/embedded-corpus.jsonl.gz', import.meta.url);
  const response = await fetch(address);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new Error(`cannot fetch the embedded corpus from ${address}: status ${response.status}`);
}

const encoder = new TextEncoder();

export function createHasher(algorithm: 'sha256' | 'sha512'): Hasher {
  const hash = (algorithm === 'sha256' ? sha256 : sha512).create();
  const hasher: Hasher = {
    update(data) {
      hash.update(typeof data === 'string' ? encoder.encode(data) : data);
      return hasher;
    },
    digest: () => Uint8Array.from(hash.digest()),
    hex: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
  return hasher;
}

/** Warns the user of something that is no error. */
export function warn(message: string): void {
  console.warn(message);
}
