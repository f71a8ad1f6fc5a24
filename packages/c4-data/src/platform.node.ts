import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Reads a file of this package's folder `data`. */
export function readPackageFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(new URL(`../data/${name}`, import.meta.url));
}

/** A SHA-256 or SHA-512 that takes bytes and text (as UTF-8) piece by piece. */
export interface Hasher {
  update(data: string | Uint8Array): Hasher;
  digest(): Uint8Array<ArrayBuffer>;
  /** The digest as lower-case hexadecimal digits. */
  hex(): string;
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
