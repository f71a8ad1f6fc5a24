import type { ByteSource } from '@steepest/safetensors';
import type { Content } from './run-store.ts';

/** What one read of a file takes is limited to 2 GiB. */
const longestPiece = 2 ** 26;

/** The whole content, however long. */
export async function readWhole(source: ByteSource): Promise<Uint8Array> {
  const bytes = new Uint8Array(source.size);
  for (let start = 0; start < bytes.length; start += longestPiece) {
    bytes.set(await source.read(start, Math.min(longestPiece, bytes.length - start)), start);
  }
  return bytes;
}

/** A copy of some content, which browsers may keep on disk when it is large. */
export async function blobOf(content: Content): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    // The caller may write over its bytes, or have them in shared memory, which no Blob takes.
    pieces.push(new Uint8Array(piece));
  }
  return new Blob(pieces);
}

/** Reads a Blob in parts. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (position, length) =>
      new Uint8Array(await blob.slice(position, position + length).arrayBuffer()),
  };
}
