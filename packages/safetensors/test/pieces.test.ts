import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ByteSource,
  decodeSafetensors,
  encodeSafetensors,
  openSafetensors,
  type StreamedTensor,
  streamSafetensors,
  type Tensor,
} from '../src/index.ts';
import { openSafetensorsFile, withFileSource, writeSafetensorsFile } from '../src/node.ts';

const tensors: Record<string, Tensor> = {
  weight: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1.5, -2.25, 3, 0.1, -0, 1e-30) },
  bytes: { dtype: 'U8', shape: [3], data: Uint8Array.of(0, 127, 255) },
  empty: { dtype: 'F64', shape: [0, 4], data: new Float64Array(0) },
};
const metadata = { step: '7' };
const whole = encodeSafetensors(tensors, metadata);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(Uint8Array.from(piece));
  return new Uint8Array(Buffer.concat(all));
}

describe('a file read in parts', () => {
  it('gives what decodeSafetensors gives, from a Blob and from any source', async () => {
    const source = { size: whole.length, read: (at: number, n: number) => whole.slice(at, at + n) };
    for (const file of [source, new Blob([whole])]) {
      const reader = await openSafetensors(file);
      expect(reader.metadata).toEqual(metadata);
      expect([...reader.tensors.keys()]).toEqual(Object.keys(decodeSafetensors(whole).tensors));
      for (const [name, { dtype, shape }] of reader.tensors) {
        expect(await reader.read(name)).toEqual(tensors[name]);
        expect({ dtype, shape }).toEqual({ dtype: tensors[name]!.dtype, shape: tensors[name]!.shape });
      }
    }
  });

  it('is a file on the disk for the time of an operation, and ends where the file ends', async () => {
    const path = join(folder, 'source');
    await writeFile(path, Uint8Array.of(1, 2, 3, 4, 5));
    const read = await withFileSource(path, async ({ size, read }) => [size, await read(3, 10)]);
    expect(read).toEqual([5, Uint8Array.of(4, 5)]);
    await rm(path);
    await expect(withFileSource(path, async () => 1)).rejects.toThrow(path);
  });

  it('is read no further than its header and the tensor asked for', async () => {
    const reads: [number, number][] = [];
    const reader = await openSafetensors({
      size: whole.length,
      read: (position, length) => {
        reads.push([position, length]);
        return whole.slice(position, position + length);
      },
    });
    const start = whole.length - 3 - 24;
    expect(reads).toEqual([
      [0, 8],
      [8, start - 8],
    ]);
    await reader.read('bytes');
    expect(reads.slice(2)).toEqual([[whole.length - 3, 3]]);
  });

  it('that is malformed or cut off fails as it is opened', async () => {
    for (let length = 0; length < whole.length; length++) {
      await expect(openSafetensors(new Blob([whole.slice(0, length)]))).rejects.toThrow(/byte \d+/);
    }
    await expect(openSafetensors(new Blob(['<!DOCTYPE html>']))).rejects.toThrow('not a safetensors file');
  });

  it('says which tensor it has not, what a source did not give, and what is no source', async () => {
    const reader = await openSafetensors(new Blob([whole]));
    await expect(reader.read('constructor')).rejects.toThrow('the file has no tensor "constructor"');
    let reads = 0;
    const short: ByteSource = {
      size: whole.length,
      read: (at, n) => whole.slice(at, at + n - (reads++ < 2 ? 0 : 1)),
    };
    const cut = await openSafetensors(short);
    await expect(cut.read('bytes')).rejects.toThrow(`asked for 3 bytes at byte ${whole.length - 3}, got 2`);
    for (const wrong of [undefined, 'text', whole]) {
      await expect(openSafetensors(wrong as never)).rejects.toThrow('expected a Blob or { size, read');
    }
  });
});

describe('a file written in pieces', () => {
  it('has the bytes of encodeSafetensors', async () => {
    expect(await joined(streamSafetensors(tensors, metadata))).toEqual(whole);
  });

  it('takes each tensor when its turn comes', async () => {
    const made: string[] = [];
    const lazy = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]): [string, StreamedTensor] => [
        name,
        {
          ...tensor,
          data: async () => {
            made.push(name);
            return tensor.data;
          },
        },
      ]),
    );
    const pieces = streamSafetensors(lazy, metadata);
    await pieces.next();
    expect(made).toEqual([]);
    await pieces.next();
    expect(made).toEqual(['empty', 'weight']);
    expect((await joined(streamSafetensors(lazy, metadata))).length).toBe(whole.length);
  });

  it('may be longer than 4 GiB, in pieces of at most 64 MiB', async () => {
    const data = new Float32Array(2 ** 28);
    const names = ['a', 'b', 'c', 'd', 'e'];
    const big = Object.fromEntries(
      names.map((name): [string, StreamedTensor] => [
        name,
        { dtype: 'F32', shape: [2 ** 14, 2 ** 14], data: () => data },
      ]),
    );
    let header: Uint8Array | undefined;
    let bytes = 0;
    let longest = 0;
    for await (const piece of streamSafetensors(big)) {
      header ??= piece;
      bytes += piece.length;
      longest = Math.max(longest, piece.length);
    }
    expect(bytes - header!.length).toBe(5 * 2 ** 30);
    expect(longest).toBe(2 ** 26);
    const { e } = JSON.parse(new TextDecoder().decode(header!.subarray(8)));
    expect(e.data_offsets).toEqual([4 * 2 ** 30, 5 * 2 ** 30]);
  });

  it('names what cannot be written before the first piece, and data at their turn', async () => {
    const wrong = { a: { dtype: 'F32', shape: [-1], data: new Float32Array(1) } } as const;
    await expect(streamSafetensors(wrong as never).next()).rejects.toThrow('tensor "a": shape must be');
    const short: Record<string, StreamedTensor> = {
      a: { dtype: 'F32', shape: [2], data: () => new Float32Array(1) },
    };
    await expect(joined(streamSafetensors(short))).rejects.toThrow('shape [2] needs 2 elements, got 1');
  });
});

describe('a file on disk', () => {
  it('is written in pieces and read in parts', async () => {
    const path = join(folder, 'whole.safetensors');
    await writeSafetensorsFile(path, tensors, metadata);
    expect(new Uint8Array(await readFile(path))).toEqual(whole);
    const { reader, close } = await openSafetensorsFile(path);
    expect(await reader.read('weight')).toEqual(tensors.weight);
    await close();
    expect(await readdir(folder)).toEqual(['whole.safetensors']);
  });

  it('of more than 4 GiB gives the tensor that lies behind them', async () => {
    const path = join(folder, 'sparse.safetensors');
    const first = { dtype: 'U8', shape: [5 * 2 ** 30], data_offsets: [0, 5 * 2 ** 30] };
    const last = { dtype: 'U8', shape: [4], data_offsets: [5 * 2 ** 30, 5 * 2 ** 30 + 4] };
    const text = Buffer.from(JSON.stringify({ first, last }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    const file = await open(path, 'w');
    await file.write(Buffer.concat([length, text]), 0, undefined, 0);
    // A sparse file: the zeros take no room.
    await file.write(Uint8Array.of(1, 2, 3, 4), 0, 4, 8 + text.length + 5 * 2 ** 30);
    await file.close();
    const { reader, close } = await openSafetensorsFile(path);
    expect(reader.tensors.get('first')).toEqual({ dtype: 'U8', shape: [5 * 2 ** 30] });
    expect((await reader.read('last')).data).toEqual(Uint8Array.of(1, 2, 3, 4));
    await close();
    await rm(path);
  });

  it('stays as it was when the next one cannot be completed, and the error names it', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, whole);
    const failing: Record<string, StreamedTensor> = {
      ...tensors,
      last: {
        dtype: 'BOOL',
        shape: [1],
        data: () => {
          throw new Error('the tensor is gone');
        },
      },
    };
    await expect(writeSafetensorsFile(path, failing)).rejects.toThrow(
      `cannot write ${path}: the tensor is gone`,
    );
    expect(new Uint8Array(await readFile(path))).toEqual(whole);
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('that two write at once is that of one of them, whole', async () => {
    const path = join(folder, 'two.safetensors');
    const of = (value: number): Record<string, StreamedTensor> =>
      Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => [
          `part${index}`,
          { dtype: 'F32', shape: [64], data: async () => new Float32Array(64).fill(value) },
        ]),
      );
    await Promise.all([writeSafetensorsFile(path, of(1)), writeSafetensorsFile(path, of(2))]);
    const { reader, close } = await openSafetensorsFile(path);
    const values = new Set<number>();
    for (const name of reader.tensors.keys())
      for (const value of (await reader.read(name)).data as Float32Array) values.add(value);
    expect(values.size).toBe(1);
    await close();
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
    await rm(path);
  });

  it('that is malformed is named and closed', async () => {
    const path = join(folder, 'cut.safetensors');
    await writeFile(path, whole.subarray(0, 20));
    await expect(openSafetensorsFile(path)).rejects.toThrow(`${path}: safetensors: the header needs bytes 8`);
  });
});
