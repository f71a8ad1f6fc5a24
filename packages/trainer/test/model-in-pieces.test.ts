import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { memoryStore } from '../src/index.ts';
import { blobOf, blobSource, readWhole } from '../src/stores/bytes.ts';
import { seal } from '../src/stores/sealed.ts';
import { checkpointBytes, freshFolder, trainTiny, untimedMetrics } from './run-in-folder.ts';
import { TinyModel } from './tiny-run.ts';

beforeAll(() => tf.setBackend('cpu'));

/** A model that is written and read in pieces alone, as one of more than 4 GiB. */
class PiecewiseModel extends TinyModel {
  readonly pieces: number[] = [];

  async *stream(): AsyncGenerator<Uint8Array> {
    const bytes = await super.save();
    // The same memory for every piece, as of a file that is read into one buffer.
    const piece = new Uint8Array(100);
    for (let start = 0; start < bytes.length; start += piece.length) {
      const length = Math.min(piece.length, bytes.length - start);
      piece.set(bytes.subarray(start, start + length));
      yield piece.subarray(0, length);
    }
  }

  async loadFrom(source: Parameters<typeof readWhole>[0]): Promise<void> {
    const bytes = new Uint8Array(source.size);
    for (let start = 0; start < bytes.length; start += 100) {
      const piece = await source.read(start, Math.min(100, bytes.length - start));
      this.pieces.push(piece.length);
      bytes.set(piece, start);
    }
    super.load(bytes);
  }

  override async save(): Promise<Uint8Array> {
    throw new Error('too long for one array');
  }

  override load(): void {
    throw new Error('too long for one array');
  }
}

it.each(['a folder', 'memory'])(
  'a model that is saved in pieces continues bit for bit in %s',
  async (place) => {
    const [whole, stopped] = [await freshFolder(), await freshFolder()];
    await trainTiny(whole);
    const where = place === 'memory' ? { store: memoryStore(), directory: undefined } : {};
    const stop = new AbortController();
    const first = new PiecewiseModel();
    await trainTiny(stopped, {
      ...where,
      model: first,
      signal: stop.signal,
      onProgress: ({ step }) => step === 7 && stop.abort(),
    });
    first.dispose();
    const second = new PiecewiseModel();
    const summary = await trainTiny(stopped, { ...where, model: second });
    // Two tensors of 11 rows and 6 columns in float32, and a header.
    expect(second.pieces.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(2 * 4 * 66);
    expect(Math.max(...second.pieces)).toBe(100);
    second.dispose();
    expect(summary).toMatchObject({ status: 'finished', steps: 20 });
    if (place === 'memory') return;
    expect(await untimedMetrics(stopped)).toEqual(await untimedMetrics(whole));
    expect(await checkpointBytes(stopped)).toEqual(await checkpointBytes(whole));
  },
);

const pieceLength = 2 ** 26;

it('reads a long file in pieces of 64 MiB, each to its place', async () => {
  const asked: [number, number][] = [];
  const source = {
    size: pieceLength + 3,
    read: async (position: number, length: number) => {
      asked.push([position, length]);
      return new Uint8Array(length).fill(asked.length);
    },
  };
  const bytes = await readWhole(source);
  expect(asked).toEqual([
    [0, pieceLength],
    [pieceLength, 3],
  ]);
  expect([...bytes.subarray(pieceLength - 2)]).toEqual([1, 1, 2, 2, 2]);
});

it('copies content into a Blob, whose parts can be read', async () => {
  const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6]);
  async function* reused() {
    const piece = new Uint8Array(2);
    for (let start = 0; start < bytes.length; start += 2) {
      piece.set(bytes.subarray(start, start + 2));
      yield piece;
    }
  }
  const shared = new Uint8Array(new SharedArrayBuffer(6));
  shared.set(bytes);
  for (const content of [bytes, shared, reused()]) {
    const source = blobSource(await blobOf(content));
    expect(source.size).toBe(6);
    expect([...(await source.read(2, 3))]).toEqual([3, 4, 5]);
  }
});

it('sums a Blob up by the SHA-256 of the SHA-256 of every 64 MiB', async () => {
  const sha256 = async (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hexadecimal = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const long = new Uint8Array(pieceLength + 5).fill(7);
  const parts = [await sha256(long.slice(0, pieceLength)), await sha256(long.slice(pieceLength))];
  const sealed = await seal(new Blob([long]));
  expect(sealed.checksum).toBe(
    hexadecimal(await sha256(Uint8Array.from(parts.flatMap((part) => [...part])))),
  );
  const text = new TextEncoder().encode('{"a":[1]}');
  expect((await seal({ a: [1] })).checksum).toBe(hexadecimal(await sha256(text)));
});
