import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { DamagedTransfer } from './failures.ts';
import type { FileFacts } from './hub-file.ts';

const readBytes = 1024 * 1024;

/** The beginning of a file on disk, with its checksum carried along as bytes are added. */
export class PartialFile {
  /** Bytes on disk. */
  length = 0;
  /** What is known of the file: stated, or learned from the answers. */
  facts: FileFacts;
  /** The storage's tag of the version that the bytes belong to, for `If-Range`. */
  tag: string | undefined;
  private hash: Hash = createHash('sha256');

  private constructor(
    private readonly handle: FileHandle,
    /** What the hub stated before the download. */
    readonly stated: FileFacts,
  ) {
    this.facts = stated;
  }

  /** Takes up what an earlier download left, which is read once for the checksum. */
  static async resume(handle: FileHandle, facts: FileFacts): Promise<PartialFile> {
    const partial = new PartialFile(handle, facts);
    const { size } = await handle.stat();
    if (facts.bytes !== undefined && size > facts.bytes) await partial.restart();
    else {
      const buffer = Buffer.allocUnsafe(Math.min(readBytes, size));
      while (partial.length < size) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, partial.length);
        if (bytesRead === 0) throw new Error(`the file has become shorter than its ${size} bytes`);
        partial.hash.update(buffer.subarray(0, bytesRead));
        partial.length += bytesRead;
      }
    }
    return partial;
  }

  /** Forgets the bytes and all that was learned with them. */
  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.length = 0;
    this.facts = this.stated;
    this.tag = undefined;
    this.hash = createHash('sha256');
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(
        bytes,
        written,
        bytes.length - written,
        this.length + written,
      );
      written += bytesWritten;
    }
    this.hash.update(bytes);
    this.length += bytes.length;
  }

  /** SHA-256 of the bytes so far, in hex. */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  /** @throws DamagedTransfer if the bytes do not have the checksum that the hub states */
  async check(): Promise<void> {
    const { checksum } = this.facts;
    if (checksum === undefined) return;
    const actual = checksum.algorithm === 'sha256' ? this.digest() : await this.gitDigest();
    if (actual === checksum.value) return;
    throw new DamagedTransfer(`its ${checksum.algorithm} is ${actual}, the hub states ${checksum.value}`);
  }

  /** Git's name of a blob: SHA-1 of a header and the bytes. Only small files have it as their checksum. */
  private async gitDigest(): Promise<string> {
    const bytes = Buffer.allocUnsafe(this.length);
    await this.handle.read(bytes, 0, bytes.length, 0);
    return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  }
}
