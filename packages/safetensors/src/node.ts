import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { type StreamedTensor, streamSafetensors } from './encode.ts';
import { type ByteSource, openSafetensors, type SafetensorsReader } from './reader.ts';

/** A safetensors file that is open for reading; close it in the end. */
export interface OpenSafetensorsFile {
  readonly reader: SafetensorsReader;
  close(): Promise<void>;
}

/**
 * Opens a file for the time of an operation that reads it in parts, as `openSafetensors` and the readers of models and states do.
 *
 * @throws Error naming the file that cannot be opened; what the operation throws
 */
export async function withFileSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await use(await sourceOf(file));
  } finally {
    await file.close();
  }
}

/**
 * Opens a safetensors file by its header alone; tensors are read one at a time as they are asked for.
 *
 * @throws Error naming the file, when it cannot be read or is malformed
 */
export async function openSafetensorsFile(path: string): Promise<OpenSafetensorsFile> {
  const file = await open(path, 'r');
  try {
    const reader = await openSafetensors(await sourceOf(file));
    return { reader, close: () => file.close() };
  } catch (cause) {
    await file.close();
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Writes a safetensors file piece by piece, with the bytes of `encodeSafetensors`. It replaces a file of that name when it is
 * complete; one that cannot be completed leaves nothing behind.
 *
 * @param tensors `data` is typed arrays, or functions that give them one after another, so that they need not be in memory
 * at once
 * @throws Error as `encodeSafetensors`, or when the file cannot be written
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: Record<string, Readonly<StreamedTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  // Two processes that write one file would otherwise write into each other's bytes.
  const partial = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}.partial`;
  try {
    const file = await open(partial, 'w');
    try {
      for await (const piece of streamSafetensors(tensors, metadata)) await writeAll(file, piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new Error(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function sourceOf(file: FileHandle): Promise<ByteSource> {
  const { size } = await file.stat();
  return { size, read: (position, length) => readAt(file, position, length) };
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
  }
}
