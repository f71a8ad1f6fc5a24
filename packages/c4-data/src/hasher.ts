/** A SHA-256 or SHA-512 that takes bytes and text (as UTF-8) piece by piece. */
export interface Hasher {
  update(data: string | Uint8Array): Hasher;
  digest(): Uint8Array<ArrayBuffer>;
  /** The digest as lower-case hexadecimal digits. */
  hex(): string;
}
