/** What is stored together with its checksum: a JSON value, or bytes as a Blob. */
export interface Sealed<T> {
  readonly content: T;
  /** SHA-256 in hexadecimal: of the JSON text, or of the SHA-256 of every {@link pieceLength} bytes. */
  readonly checksum: string;
}

/** SubtleCrypto takes bytes at once, and a Blob may be longer than one array. */
const pieceLength = 2 ** 26;
const encoder = new TextEncoder();

/** @throws Error where the browser has no SubtleCrypto, as on pages that came over plain HTTP */
export function requireChecksums(): void {
  const { subtle } = (globalThis.crypto ?? {}) as Partial<Crypto>;
  if (subtle !== undefined) return;
  throw new Error(
    'there is no crypto.subtle here, with which a store finds out damage: serve the page over HTTPS or from localhost',
  );
}

/** Gives content its checksum. */
export async function seal<T>(content: T): Promise<Sealed<T>> {
  return { content, checksum: await checksumOf(content) };
}

/** Whether something is sealed content that can be read and is what it was when it was sealed. */
export async function isIntact(sealed: Partial<Sealed<unknown>> | undefined): Promise<boolean> {
  return sealed?.content !== undefined && (await checksumOf(sealed.content)) === sealed.checksum;
}

/** Checksum of a list of JSON values that grows: of the checksum of those before, and the next one. */
export function extendedChecksum(before: string, next: unknown): Promise<string> {
  return digest(encoder.encode(`${before}${JSON.stringify(next)}`)).then(hexadecimal);
}

async function checksumOf(content: unknown): Promise<string> {
  if (!(content instanceof Blob)) return hexadecimal(await digest(encoder.encode(JSON.stringify(content))));
  const digests: ArrayBuffer[] = [];
  for (let start = 0; start < content.size; start += pieceLength)
    digests.push(await digest(await content.slice(start, start + pieceLength).arrayBuffer()));
  return hexadecimal(await digest(await new Blob(digests).arrayBuffer()));
}

function digest(bytes: BufferSource): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', bytes);
}

function hexadecimal(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
