import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createBatchStream } from '../src/batches/batch-stream.ts';
import { JoinedDocuments, sequenceCount, shuffledOrder } from '../src/batches/joined-documents.ts';
import { type DataPosition, loadTokenizer, openTextData, type TextDataOptions } from '../src/index.ts';
import type {
  DocumentShard,
  DocumentSource,
  MalformedLine,
  SplitName,
} from '../src/sources/document-source.ts';
import { bytesOfTokens, utf8Bytes } from '../src/text-bytes.ts';
import { bytesPerToken } from '../src/tokenizers/encoded-documents.ts';
import { createInlinePool } from '../src/tokenizers/inline-pool.ts';
import { readCachedTokens, writeCachedTokens } from '../src/tokens/cache/token-cache.ts';
import {
  type DocumentBatch,
  DocumentReader,
  divide,
  encodeBatches,
  type Input,
  type ReadingOptions,
  type ReadingStart,
} from '../src/tokens/encoded-batches.ts';
import { allocateTokens, hashTokens, memoryStore, nameOf, TokenBuffer } from '../src/tokens/memory-store.ts';
import { firstWhere } from '../src/tokens/token-store.ts';

const root = mkdtempSync(join(tmpdir(), 'steepest-tokens-'));
afterAll(() => rmSync(root, { recursive: true }));

const tokenizer = await loadTokenizer('embedded');

/** A shard of texts, with malformed lines after the first of them. */
function shardOf(name: string, texts: readonly string[], bytes?: number, malformed = 0): DocumentShard {
  return {
    name,
    bytes,
    async *open({ signal, onMalformed, onBytes } = {}) {
      for (const [index, text] of texts.entries()) {
        signal?.throwIfAborted();
        if (bytes !== undefined) onBytes?.((bytes * (index + 1)) / texts.length);
        yield { text, timestamp: null, url: null, location: `${name} ${index}` };
        if (index > 0) continue;
        for (let line = 1; line <= malformed; line += 1) {
          if (onMalformed === undefined) throw new Error(`${name} line ${line} is malformed`);
          onMalformed({ file: name, line, reason: 'it is' });
        }
      }
    },
  };
}

const numbered = (count: number, name = 'text') =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);
const nothing: ReadingStart = { inputs: 0, documents: 0, earlier: { train: 0, validation: 0 } };
const everything = { train: Number.POSITIVE_INFINITY, validation: Number.POSITIVE_INFINITY };

async function batchesOf(reader: DocumentReader): Promise<DocumentBatch[]> {
  const batches: DocumentBatch[] = [];
  for await (const batch of reader.batches()) batches.push(batch);
  return batches;
}

function readerOf(
  plan: readonly Input[],
  start: Partial<ReadingStart> = {},
  options: Partial<ReadingOptions> = {},
) {
  return new DocumentReader(
    plan,
    { ...nothing, ...start },
    { seed: null, most: everything, onMalformed: null, ...options },
  );
}

describe('batches of documents', () => {
  it('have 128 documents, or 256 Ki characters, and the last of each shard says what it had', async () => {
    const long = 'x'.repeat(100_000);
    const plan: Input[] = [
      { split: 'train', shard: shardOf('many', numbered(300)) },
      {
        split: 'train',
        shard: shardOf('long', [long, long, 'x'.repeat(62_143), 'a', long, long, 'x'.repeat(62_144)]),
      },
      { split: 'validation', shard: shardOf('none', []) },
    ];
    const batches = await batchesOf(readerOf(plan));
    expect(batches.map(({ input, texts }) => [input.shard.name, texts.length])).toEqual([
      ['many', 128],
      ['many', 128],
      ['many', 44],
      ['long', 4],
      ['long', 3],
      ['long', 0],
      ['none', 0],
    ]);
    expect(batches.slice(0, 3).flatMap(({ texts }) => texts)).toEqual(numbered(300));
    const ends = batches.map(({ end }) => end);
    const nothingMalformed = { malformedLines: 0, examples: [] };
    expect(ends).toEqual([
      undefined,
      undefined,
      { documents: 300, ...nothingMalformed },
      undefined,
      undefined,
      { documents: 7, ...nothingMalformed },
      { documents: 0, ...nothingMalformed },
    ]);
  });

  it('count malformed lines, keep the first 20 of each shard, and report all; or they are errors', async () => {
    const plan: Input[] = [{ split: 'train', shard: shardOf('a', numbered(2), undefined, 25) }];
    const problems: MalformedLine[] = [];
    const [batch] = await batchesOf(readerOf(plan, {}, { onMalformed: (problem) => problems.push(problem) }));
    expect(problems.map(({ line }) => line)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    expect(batch!.end).toEqual({ documents: 2, malformedLines: 25, examples: problems.slice(0, 20) });
    await expect(batchesOf(readerOf(plan))).rejects.toThrow('a line 1 is malformed');
  });

  it('begin behind what was read before, in the same order, and notice a shard that has become shorter', async () => {
    const plan: Input[] = ['a', 'b', 'c'].map((name) => ({
      split: 'train',
      shard: shardOf(name, numbered(10, name)),
    }));
    const textsOf = async (start: Partial<ReadingStart>, options: Partial<ReadingOptions> = {}) =>
      (await batchesOf(readerOf(plan, start, options))).flatMap(({ texts }) => texts);
    const start = { inputs: 1, documents: 4, earlier: { train: 10, validation: 0 } };
    for (const seed of [null, 7]) {
      const whole = await textsOf({}, { seed });
      expect([...whole].sort()).toEqual(['a', 'b', 'c'].flatMap((name) => numbered(10, name)).sort());
      expect(await textsOf(start, { seed })).toEqual(whole.slice(14));
      const most = { train: 16, validation: 0 };
      expect(await textsOf(start, { seed, most })).toEqual((await textsOf({}, { seed, most })).slice(14));
    }
    // Another seed and another shard have orders of their own.
    const orders = [await textsOf({}, { seed: 7 }), await textsOf({}, { seed: 8 })].flatMap((texts) =>
      ['a', 'b', 'c'].map((name) =>
        texts
          .filter((text) => text.startsWith(name))
          .map((text) => text.slice(2))
          .join(),
      ),
    );
    expect(new Set(orders).size).toBe(6);
    await expect(textsOf({ inputs: 2, documents: 11 })).rejects.toThrow(
      'c had at least 11 documents before and has 10 now: it was changed',
    );
    expect(await textsOf({ inputs: 2, documents: 10 })).toEqual([]);
  });

  it('read at most as many documents of each side as are wanted, over its shards', async () => {
    const plan: Input[] = (['train', 'train', 'train', 'validation', 'validation'] as const).map(
      (split, index) => ({
        split,
        shard: shardOf(`${index}`, numbered(5, `${index}`)),
      }),
    );
    const batches = await batchesOf(readerOf(plan, {}, { most: { train: 7, validation: 5 } }));
    expect(batches.map(({ input, texts }) => [input.shard.name, texts.length])).toEqual([
      ['0', 5],
      ['1', 2],
      ['3', 5],
    ]);
  });

  it('tell which part of the bytes was read, also of a limited number of documents and after an interruption', async () => {
    const plan: Input[] = [
      { split: 'train', shard: shardOf('a', numbered(200), 1000) },
      { split: 'train', shard: shardOf('b', numbered(200), 1000) },
      { split: 'validation', shard: shardOf('c', numbered(100), 2000) },
    ];
    const fractionsOf = async (reader: DocumentReader) => {
      const fractions: (number | undefined)[] = [reader.fraction()];
      for await (const _ of reader.batches()) fractions.push(reader.fraction());
      return fractions;
    };
    // After 128 and 200 of 200 documents of 1000 bytes, twice, and then all: of 4000 bytes.
    expect(await fractionsOf(readerOf(plan))).toEqual([undefined, 0.16, 0.25, 0.41, 0.5, 1]);
    const start = { inputs: 1, documents: 0, earlier: { train: 200, validation: 0 } };
    expect(await fractionsOf(readerOf(plan, start))).toEqual([0.25, 0.41, 0.5, 1]);
    // 50 documents of the 5 bytes that each had so far, and the validation side whole.
    const limited = readerOf(plan, {}, { most: { train: 50, validation: 1000 } });
    const [, first, last] = await fractionsOf(limited);
    expect(first).toBeCloseTo(250 / (250 + 2000), 12);
    expect(last).toBe(1);
    // Where a size is not known, nothing is said, unless the limit says enough.
    const unknown: Input[] = [{ split: 'train', shard: shardOf('d', numbered(10)) }];
    expect(await fractionsOf(readerOf(unknown))).toEqual([undefined, undefined]);
    const half: Input[] = [plan[0]!, unknown[0]!];
    expect(
      (await fractionsOf(readerOf(half))).every((fraction) => fraction === undefined || fraction === 0),
    ).toBe(true);
    for (const train of [20, Number.POSITIVE_INFINITY]) {
      const resumed = readerOf(
        unknown,
        { inputs: 1, earlier: { train: 10, validation: 0 } },
        { most: { train, validation: 0 } },
      );
      expect(resumed.fraction()).toBeUndefined();
    }
  });

  it('are encoded so many ahead, in order, until a signal ends that', async () => {
    const batches = numbered(6).map(
      (text): DocumentBatch => ({
        input: { split: 'train', shard: shardOf('a', []) },
        texts: [text],
      }),
    );
    async function* given() {
      yield* batches;
    }
    const asked: string[] = [];
    const pool = {
      encodeDocuments: async ([text]: readonly string[]) => {
        asked.push(text!);
        return { tokens: new Uint16Array(0), lengths: Uint32Array.of(asked.length) };
      },
    };
    for (const ahead of [0, 2]) {
      asked.length = 0;
      let place = 0;
      for await (const { batch, encoded } of encodeBatches(given(), pool, { ahead })) {
        expect(batch).toBe(batches[place]);
        expect(encoded.lengths).toEqual(Uint32Array.of(place + 1));
        place += 1;
        expect(asked).toHaveLength(Math.min(6, place + ahead));
      }
      expect(place).toBe(6);
    }
    for (const last of [0, 4]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const seen: number[] = [];
      const reading = (async () => {
        for await (const { encoded } of encodeBatches(given(), pool, {
          ahead: 2,
          signal: controller.signal,
        })) {
          seen.push(encoded.lengths[0]!);
          if (seen.length === last + 1) controller.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      expect(seen).toHaveLength(last + 1);
    }
  });

  it('are divided into runs of one side, without the documents that have no token', () => {
    const tokens = Uint16Array.from({ length: 15 }, (_, index) => index);
    const sides: SplitName[] = ['train', 'train', 'validation', 'train'];
    let asked = 0;
    const { runs, emptyDocuments } = divide(
      ['a', '', 'bé', 'c', '', 'd東'],
      { tokens, lengths: Uint32Array.of(2, 0, 3, 4, 0, 6) },
      () => sides[asked++]!,
    );
    expect(asked).toBe(4);
    expect(emptyDocuments).toBe(2);
    expect(runs).toEqual([
      { split: 'train', run: { tokens: tokens.subarray(0, 5), lengths: [2, 3], bytes: [1, 3] } },
      { split: 'validation', run: { tokens: tokens.subarray(5, 9), lengths: [4], bytes: [1] } },
      { split: 'train', run: { tokens: tokens.subarray(9, 15), lengths: [6], bytes: [4] } },
    ]);
  });
});

describe('tokens in memory', () => {
  it('grow as they come, in 2 or 4 bytes each', () => {
    for (const size of [2, 4] as const) {
      const buffer = new TokenBuffer(size);
      const expected: number[] = [];
      for (const count of [3, 65_533, 1, 200_000]) {
        const tokens = Uint32Array.from({ length: count }, (_, index) => (expected.length + index) % 60_000);
        buffer.append(size === 2 ? Uint16Array.from(tokens) : tokens, [1, count - 1], [count, 7]);
        for (const token of tokens) expected.push(token);
        expect([buffer.tokenCount, buffer.documentCount % 2]).toEqual([expected.length, 0]);
      }
      const { tokens, documentLengths, documentBytes, hash } = buffer.finish();
      expect(tokens.BYTES_PER_ELEMENT).toBe(size);
      expect(Array.from(tokens)).toEqual(expected);
      expect(Array.from(documentLengths)).toEqual([1, 2, 1, 65_532, 1, 0, 1, 199_999]);
      expect(Array.from(documentBytes)).toEqual([3, 7, 65_533, 7, 1, 7, 200_000, 7]);
      expect(hash).toBe(hashTokens(tokens, documentLengths));
    }
    expect(allocateTokens(4, 3)).toEqual(new Uint32Array(3));
    expect(allocateTokens(2, 3)).toEqual(new Uint16Array(3));
    expect(() => allocateTokens(4, 2 ** 52)).toThrow(
      /^4503599627370496 tokens of 4 bytes do not fit in memory \(.+\): prepare them as shards \(prepareTokenShards, or steepest data prepare\), which are read from the disk$/,
    );
  });

  it('have the SHA-256 of their bytes and the lengths of their documents, wherever they lie and however many', () => {
    const expected = (tokens: Uint16Array, lengths: Uint32Array) =>
      createHash('sha256').update(tokens).update(lengths.join()).digest('hex');
    for (const count of [0, 1, 4095, 4096, 4097, 8193]) {
      const lengths = Uint32Array.from({ length: count }, (_, index) => index);
      const tokens = Uint16Array.from({ length: 100 }, (_, index) => index).subarray(3, 50);
      expect(hashTokens(tokens, lengths)).toBe(expected(tokens, lengths));
    }
    // Above the 64 MiB that are hashed at a time.
    const many = new Uint16Array(2 ** 25 + 5);
    many.set([1, 2, 3], 2 ** 25 - 1);
    many[2 ** 25 + 4] = 9;
    expect(hashTokens(many, Uint32Array.of(5))).toBe(expected(many, Uint32Array.of(5)));
  });

  it('of some documents are found by their place among those', () => {
    const tokens = Uint16Array.from({ length: 14 }, (_, index) => index);
    const all = {
      tokens,
      documentLengths: Uint32Array.of(2, 3, 4, 5),
      documentBytes: Uint32Array.of(20, 30, 40, 50),
      hash: 'x',
    };
    const store = memoryStore(all, (index) => index % 2 === 1);
    expect([store.identity, store.documentCount, store.tokenCount]).toEqual(['x', 2, 8]);
    expect([0, 1].map((index) => [store.documentTokens(index), store.documentBytes(index)])).toEqual([
      [3, 30],
      [5, 50],
    ]);
    expect(Array.from({ length: 8 }, (_, token) => store.locate(token))).toEqual([
      ...[0, 1, 2].map((offset) => ({ document: 0, offset })),
      ...[0, 1, 2, 3, 4].map((offset) => ({ document: 1, offset })),
    ]);
    const target = new Int32Array(5);
    store.copy(1, 1, 3, target, 2);
    expect(Array.from(target)).toEqual([0, 0, 10, 11, 12]);
  });

  it('are told from others by the names of their shards, of which messages show three', () => {
    const named = (names: readonly string[]) => nameOf(names.map((name) => shardOf(name, [])));
    expect(named([])).toBe('the source');
    expect(named(['a'])).toBe('a');
    expect(named(['a', 'b', 'c'])).toBe('a, b, c');
    expect(named(['a', 'b', 'c', 'd'])).toBe('a, b, c and 1 more');
    expect(named(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  });

  it('take 2 bytes each for vocabularies of up to 65,536', () => {
    expect([1, 65_536, 65_537].map(bytesPerToken)).toEqual([2, 2, 4]);
  });
});

describe('a pool on the calling thread', () => {
  it('lets other work have its turn after 256 Ki characters, and ends with the reason of its signal', async () => {
    const few = { ...tokenizer, encode: () => [5] };
    const pool = createInlinePool(few);
    const reason = new Error('enough');
    const controller = new AbortController();
    // It can end the work only where this gives way.
    setTimeout(() => controller.abort(reason));
    const half = 'x'.repeat(1 << 17);
    await expect(pool.encodeDocuments([half, half, 'a'], { signal: controller.signal })).rejects.toBe(reason);
    const late = new AbortController();
    setTimeout(() => late.abort(reason));
    const { tokens, lengths } = await pool.encodeDocuments([half, half.slice(1)], { signal: late.signal });
    expect([Array.from(tokens), Array.from(lengths)]).toEqual([
      [5, 1, 5, 1],
      [2, 2],
    ]);
  });

  it('gives ids of 4 bytes where the vocabulary needs them', async () => {
    const large = { ...tokenizer, vocabularySize: 70_000, encode: () => [69_999] };
    const { tokens } = await createInlinePool(large).encodeDocuments(['a']);
    expect(tokens).toEqual(Uint32Array.of(69_999, 1));
  });
});

describe('the order of documents', () => {
  it('is drawn as Fisher and Yates shuffle up to 2^20 documents, from a hash of the label', () => {
    // The seed: the first 4 bytes of the SHA-256 of the label, as a signed little-endian integer.
    for (const count of [1, 2, 10, 2 ** 20]) {
      const generator = xoroshiro128plus(createHash('sha256').update('a label').digest().readInt32LE());
      const expected = Array.from({ length: count }, (_, index) => index);
      for (let last = count - 1; last > 0; last -= 1) {
        const other = uniformInt(generator, 0, last);
        [expected[last], expected[other]] = [expected[other]!, expected[last]!];
      }
      const order = shuffledOrder(count, 'a label');
      let same = true;
      for (let place = 0; place < count; place += 1) same &&= order(place) === expected[place];
      expect(same, String(count)).toBe(true);
    }
  });

  it('joins documents to a stream that must have the tokens that were counted', () => {
    const documentLengths = Uint32Array.of(3, 2);
    const tokens = Uint16Array.of(1, 2, 3, 4, 5);
    const all = { tokens, documentLengths, documentBytes: Uint32Array.of(4, 3), hash: 'x' };
    const joined = new JoinedDocuments(
      memoryStore(all, () => true),
      (place) => 1 - place,
    );
    const target = new Int32Array(6);
    joined.read({ document: 0, offset: 0 }, 5, target, 1);
    expect(Array.from(target)).toEqual([0, 4, 5, 1, 2, 3]);
    const place = { document: 0, offset: 1 };
    joined.skip(place, 2);
    expect(place).toEqual({ document: 1, offset: 1 });
    expect(() => joined.skip({ document: 0, offset: 0 }, 6)).toThrow(
      'the documents end before the tokens that were counted of them',
    );
    // All targets but the first token: </s> of the first document, then both text tokens of the second and its </s>.
    expect(joined.targetBytes({ document: 0, offset: 0 }, 4)).toBe(4);
    expect(joined.targetBytes({ document: 0, offset: 0 }, 2)).toBe(2);
  });

  it('gives windows that overlap in one token', () => {
    for (const [tokens, contextLength, windows] of [
      [0, 4, 0],
      [1, 4, 0],
      [4, 4, 0],
      [5, 4, 1],
      [8, 4, 1],
      [9, 4, 2],
    ] as const)
      expect(sequenceCount(tokens, contextLength)).toBe(windows);
    for (const first of [0, 1, 5, 6, 7]) expect(firstWhere(7, (index) => index >= first)).toBe(first);
    expect(firstWhere(7, () => false)).toBe(7);
  });

  it('spreads the bytes of a document evenly over its tokens but the last', () => {
    expect(bytesOfTokens(5, 12, 0, 5)).toBe(12);
    expect(bytesOfTokens(5, 12, 0, 4)).toBe(12);
    expect(bytesOfTokens(5, 12, 1, 3)).toBe(6);
    expect(bytesOfTokens(5, 12, 3, 5)).toBe(3);
    expect(bytesOfTokens(5, 12, 4, 5)).toBe(0);
    expect(bytesOfTokens(1, 0, 0, 1)).toBe(0);
    expect(utf8Bytes('aé東😀')).toBe(10);
  });
});

describe('a position', () => {
  const documentLengths = new Uint32Array(10).fill(3);
  const tokens = Uint16Array.from({ length: 30 }, (_, index) => index);
  const store = memoryStore(
    { tokens, documentLengths, documentBytes: documentLengths, hash: 'x' },
    () => true,
  );
  const options = { contextLength: 4, batchSize: 1, seed: 3, shuffle: false, worker: { index: 0, count: 1 } };
  const position = createBatchStream(store, options).position();

  it('is refused with what is wrong in it', () => {
    const stream = createBatchStream(store, options);
    const refused = (changes: object, message: string) =>
      expect(() => stream.seek({ ...position, ...changes })).toThrow(message);
    const range = (name: string, most: number, got: unknown) =>
      `a data position needs a whole number from 0 to ${most} as its ${name}, got ${got}`;
    refused({ epoch: -1 }, range('epoch', Number.MAX_SAFE_INTEGER, -1));
    refused({ epoch: 0.5 }, range('epoch', Number.MAX_SAFE_INTEGER, 0.5));
    refused({ token: 30 }, range('token', 29, 30));
    refused({ token: '5' }, range('token', 29, 5));
    refused({ token: 12, document: 10 }, range('document', 9, 10));
    refused({ token: 12, document: 4, offset: 5 }, range('offset', 4, 5));
    refused({ token: 12, offset: 4 }, 'a data position has the offset 4, behind its document');
    refused(
      { schemaVersion: 4 },
      'expected a data position with schemaVersion 3, 2 or 1, got {"schemaVersion":4',
    );
    expect(() => stream.seek(undefined as unknown as DataPosition)).toThrow('got undefined');
    const { fingerprint } = position;
    refused(
      { fingerprint: 'other' },
      'the data position belongs to other data: the tokens, the validation split or the seed differ, in a position of ' +
        'schemaVersion 1 the contextLength, or it was taken on prepared shards when these shuffled sequences ' +
        `(fingerprint other, here ${fingerprint})`,
    );
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(stream.position()).toEqual(position);
  });

  it('may be the last token, and the end of a document', () => {
    const stream = createBatchStream(store, options);
    stream.seek({ ...position, token: 3, document: 0, offset: 3 });
    expect(Array.from(stream.next().tokens)).toEqual([3, 4, 5, 6, 7]);
    stream.seek({ schemaVersion: 2, epoch: 0, token: 29, fingerprint: position.fingerprint });
    expect(Array.from(stream.next().tokens)).toEqual([0, 1, 2, 3, 4]);
    expect(stream.position()).toMatchObject({ epoch: 1, token: 4, document: 1, offset: 1 });
    stream.seek({ schemaVersion: 2, epoch: 5, token: 25, fingerprint: position.fingerprint });
    expect(Array.from(stream.next().tokens)).toEqual([25, 26, 27, 28, 29]);
    expect(stream.position()).toMatchObject({ epoch: 5, token: 29 });
  });

  it('is one of a stream whose sequences may be as long as an epoch, and no longer', () => {
    const stream = createBatchStream(store, options);
    expect(Array.from(stream.next({ contextLength: 29, batchSize: 1 }).tokens)).toEqual(Array.from(tokens));
    expect(() => stream.next({ contextLength: 30, batchSize: 1 })).toThrow(
      'a batch of contextLength 30 needs 31 tokens for one sequence, but the training documents have 30',
    );
  });
});

describe('openTextData', () => {
  const texts = numbered(40, 'some words of a text');
  const base: TextDataOptions = {
    source: { type: 'texts', train: texts },
    tokenizer: 'embedded',
    contextLength: 8,
    batchSize: 2,
    seed: 1,
  };
  const open = (changes: Record<string, unknown> = {}) => openTextData({ ...base, ...changes });

  it.each<[Record<string, unknown>, string]>([
    [{ batchSize: 0 }, 'batchSize must be an integer of 1 or more, got 0 (number)'],
    [{ seed: -1 }, 'seed must be an integer of 0 or more, got -1 (number)'],
    [{ shuffle: 'no' }, 'shuffle must be true or false, got "no" (string)'],
    ...[-0.1, 1, Number.NaN, '0.1', null].map((validationFraction): [Record<string, unknown>, string] => [
      { validationFraction },
      'validationFraction must be a number of at least 0 and below 1, got ',
    ]),
    [
      { validationFraction: 0, source: { type: 'texts', train: texts, validation: texts } },
      'give either source.validation or validationFraction, not both',
    ],
    [{ onProgress: 'x' }, 'onProgress must be a function, got "x" (string)'],
    [{ onMalformed: null }, 'onMalformed must be a function, got null'],
    [{ worker: 1 }, 'worker must be an object, got 1 (number)'],
    [{ worker: { index: 0, count: 0 } }, 'worker.count must be an integer of 1 or more, got 0 (number)'],
    [{ worker: { index: -1, count: 1 } }, 'worker.index must be an integer of 0 or more, got -1 (number)'],
    [{ worker: { index: 1, count: 1 } }, 'worker.index must be below worker.count, got index 1 of 1'],
    [{ cacheDirectory: '' }, 'cacheDirectory must be the path of a folder, got "" (string)'],
    [{ cacheDirectory: null }, 'cacheDirectory must be the path of a folder, got null'],
    [{ source: null }, 'source must be { type:'],
    [{ source: { shards: () => [] } }, 'source must be { type:'],
    [{ source: { describe: () => ({}) } }, 'source must be { type:'],
    [{ source: { type: 'texts' } }, 'source.train must be a list of texts, got undefined'],
    [{ source: { type: 'texts', train: 'x' } }, 'source.train must be a list of texts, got "x" (string)'],
    [{ source: { type: 'texts', train: ['a', 5] } }, 'source.train[1] must be a string, got 5 (number)'],
    [
      { source: { type: 'texts', train: ['a'], validation: [null] } },
      'source.validation[0] must be a string, got null',
    ],
    [
      { source: { type: 'texts', train: ['a'], validation: ['b', '\ude00'] } },
      'source.validation[1] has half of a character at 0: it was cut in two',
    ],
    [{ source: { type: 'texts', train: ['a'], test: [] } }, 'source has no option "test"'],
    [
      { source: { type: 'files', train: 'a', onSkipped: 1 } },
      'source.onSkipped must be a function, got 1 (number)',
    ],
    [
      { source: { type: 'files', train: 'a', textField: '' } },
      'source.textField must be the name of a field, got "" (string)',
    ],
    [
      { source: { type: 'files', train: 'a', validation: [] } },
      'source.validation must be a path or a list of paths, got [] (array)',
    ],
    [{ source: { type: 'files', train: 'a', tets: 1 } }, 'source has no option "tets"'],
    [{ tokenizer: undefined }, "tokenizer must be 'embedded'"],
    [{ source: { type: 'prepared', directory: 5 } }, 'source.directory must be the path of a folder, got 5'],
    [{ source: { type: 'prepared', folder: 'a' } }, 'source has no option "folder": did you mean'],
    [
      { contextLength: 1e5 },
      'contextLength 100000 needs 100001 tokens for one sequence, but the training documents have ',
    ],
    [{ contextLength: 1e5 }, ': use a smaller contextLength or more text'],
    [
      { validationFraction: 0.02 },
      'contextLength 8 needs 9 tokens for one sequence, but the validation documents have 0: ' +
        'use a smaller contextLength, more text, or another validationFraction (0 for no validation)',
    ],
  ])('refuses %j with what would be right', async (changes, message) => {
    await expect(open(changes)).rejects.toThrow(message);
  });

  it('keeps every 20th document for validation by default, and none where that is asked for', async () => {
    const encoded = texts.map((text) => tokenizer.encode(text).length + 1);
    const total = encoded.reduce((sum, count) => sum + count, 0);
    const kept = encoded[19]! + encoded[39]!;
    expect((await open()).tokenCounts).toEqual({ train: total - kept, validation: kept });
    const without = await open({ validationFraction: 0 });
    expect(without.tokenCounts).toEqual({ train: total, validation: 0 });
    expect(() => without.validation({ sequences: 1 })).toThrow(
      'validation has 0 sequences of contextLength 8: sequences must be an integer from 1 to that, got 1',
    );
  });

  it('gives sequences and validation batches for what is a number of them, and nothing else', async () => {
    const data = await open({ validationFraction: 0.5 });
    const last = data.sequenceCount - 1;
    expect(data.sequence(last)).toHaveLength(9);
    for (const index of [-1, 0.5, last + 1, Number.NaN])
      expect(() => data.sequence(index)).toThrow(
        `sequence must be an integer from 0 to ${last}, got ${index}`,
      );
    for (const sequences of [0, 1.5, 1e6])
      expect(() => data.validation({ sequences })).toThrow(
        `sequences must be an integer from 1 to that, got ${sequences}`,
      );
    expect(() => data.validation({ sequences: 3, batchSize: 0 })).toThrow(
      'batchSize must be an integer of 1 or more, got 0 (number)',
    );
    const shapes = (batches: { batchSize: number; sequenceLength: number }[]) =>
      batches.map(({ batchSize, sequenceLength }) => [batchSize, sequenceLength]);
    expect(shapes(data.validation({ sequences: 5 }))).toEqual([
      [2, 9],
      [2, 9],
      [1, 9],
    ]);
    expect(shapes(data.validation({ sequences: 4, batchSize: 4 }))).toEqual([[4, 9]]);
    // A larger number of sequences begins with a smaller one's.
    const rows = (count: number) => data.validation({ sequences: count, batchSize: 1 });
    expect(rows(5).slice(0, 2)).toEqual(rows(2));
    data.close();
    expect(data.validation({ sequences: 1 })).toHaveLength(1);
  });

  it('tells how far it is after every batch of documents', async () => {
    const events: { phase: string; documents: number; tokens: number; seconds: number }[] = [];
    const started = performance.now();
    const data = await open({
      source: { type: 'texts', train: numbered(300, 'words') },
      onProgress: (event: (typeof events)[number]) => events.push(event),
    });
    expect(events.map(({ phase, documents }) => [phase, documents])).toEqual([
      ['tokenizing', 128],
      ['tokenizing', 256],
      ['tokenizing', 300],
    ]);
    const { train, validation } = data.tokenCounts;
    expect(events.at(-1)!.tokens).toBe(train + validation);
    for (const { seconds } of events) {
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(seconds).toBeLessThanOrEqual((performance.now() - started) / 1000);
    }
  });

  it('reads sources of the caller: both sides, the cache of each by what is said of it, and no fraction of it', async () => {
    const source = (
      train: readonly string[],
      validation: readonly string[],
      name: string,
    ): DocumentSource => ({
      describe: async () => ({ name, train: 'x', validation: validation.length }),
      shards: async (split) =>
        split === 'train'
          ? [shardOf('here', train.slice(0, 9)), shardOf('there', train.slice(9))]
          : validation.length === 0
            ? []
            : [shardOf('held', validation)],
    });
    const held = numbered(30, 'held words');
    const cacheDirectory = join(root, 'own');
    const read = async (
      validation: readonly string[],
      name = 'a',
      changes: Partial<TextDataOptions> = {},
    ) => {
      const onProgress = vi.fn();
      const data = await open({
        source: source(texts, validation, name),
        cacheDirectory,
        onProgress,
        ...changes,
      });
      return { data, documents: onProgress.mock.calls.map(([{ documents }]) => documents) };
    };
    const first = await read(held);
    expect(first.documents).toEqual([9, 40, 30]);
    const sums = [texts, held].map((list) =>
      list.reduce((sum, text) => sum + tokenizer.encode(text).length + 1, 0),
    );
    expect(first.data.tokenCounts).toEqual({ train: sums[0], validation: sums[1] });
    expect((await read(held)).documents).toEqual([]);
    // Another validation side leaves the training side as it is, and another name neither.
    expect((await read(held.slice(1))).documents).toEqual([29]);
    expect((await read(held, 'b')).documents).toEqual([9, 40, 30]);
    // The two sides of a source that says the same of both are two.
    expect((await read(held)).data.validation({ sequences: 2 })).toEqual(
      first.data.validation({ sequences: 2 }),
    );
    await expect(read(held, 'a', { validationFraction: 0.1 })).rejects.toThrow(
      'the source has validation documents of its own: leave validationFraction out',
    );
    expect((await read([], 'a', { validationFraction: 0.5 })).data.tokenCounts.validation).toBeGreaterThan(0);
    await expect(open({ source: source([' '], [], 'c'), onMalformed: () => {} })).rejects.toThrow(
      /^here, there has no text: not one document gives a token$/,
    );
    const malformed: DocumentSource = {
      describe: async () => ({}),
      shards: async () => [shardOf('lines', [' '], undefined, 2)],
    };
    await expect(open({ source: malformed, onMalformed: () => {} })).rejects.toThrow(
      'lines has no text: not one document gives a token; the first malformed line is lines line 1: it is',
    );
  });

  it('reads texts in memory as one shard a side, which says what it is', async () => {
    const { textsSource } = await import('../src/sources/texts-source.ts');
    const source = await textsSource.open({ type: 'texts', train: ['a', 'é東'], validation: ['b'] });
    const sha256 = (...parts: string[]) => createHash('sha256').update(parts.join('')).digest('hex');
    expect(await source.describe()).toEqual({
      type: 'texts',
      train: sha256('1:', 'a', '2:', 'é東'),
      validation: sha256('1:', 'b'),
    });
    const [shard] = await source.shards('train');
    expect([shard!.name, shard!.bytes]).toEqual(['the training texts', 6]);
    const read: number[] = [];
    const documents = [];
    for await (const document of shard!.open({ onBytes: (bytes) => read.push(bytes) }))
      documents.push(document);
    expect(read).toEqual([1, 6]);
    expect(documents).toEqual([
      { text: 'a', timestamp: null, url: null, location: 'the training texts, number 0' },
      { text: 'é東', timestamp: null, url: null, location: 'the training texts, number 1' },
    ]);
    expect((await source.shards('validation')).map(({ name }) => name)).toEqual(['the validation texts']);
    const reason = new Error('enough');
    await expect(
      shard!
        .open({ signal: AbortSignal.abort(reason) })
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toBe(reason);
    const alone = await textsSource.open({ type: 'texts', train: ['a'] });
    expect(await alone.describe()).toEqual({ type: 'texts', train: sha256('1:', 'a') });
    expect(await alone.shards('validation')).toEqual([]);
  });

  it('reads the embedded corpus under a name and a hash of its own, until a signal ends that', async () => {
    const { embeddedSource } = await import('../src/sources/embedded-source.ts');
    const source = await embeddedSource.open({ type: 'embedded' });
    expect(await source.describe()).toEqual({
      type: 'embedded',
      hash: '6b6cb1aef6be8aea18c8e8766b01f98dafe93da9cae1e62b4fab6729538339f1',
    });
    const [shard] = await source.shards('train');
    expect(shard!.name).toBe('the embedded corpus');
    const reason = new Error('enough');
    await expect(
      shard!
        .open({ signal: AbortSignal.abort(reason) })
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toBe(reason);
    for await (const { text, url } of shard!.open()) {
      expect([typeof text, url]).toEqual(['string', null]);
      break;
    }
  });
});

describe('a cache of tokens', () => {
  const store = {
    tokens: Uint16Array.from({ length: 9 }, (_, index) => index),
    documentLengths: Uint32Array.of(4, 5),
    documentBytes: Uint32Array.of(7, 8),
    malformed: [{ file: 'f', line: 3, reason: 'r' }],
  };
  const hash = hashTokens(store.tokens, store.documentLengths);
  const fresh = async (name: string) => {
    const directory = join(root, name);
    mkdirSync(directory);
    await writeCachedTokens(directory, 'k', `s${'o'.repeat(1000)}`, { ...store, hash });
    return directory;
  };
  const warningsOf = async (directory: string) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      return [await readCachedTokens(directory, 'k'), ...warn.mock.calls.map(([message]) => message)];
    } finally {
      warn.mockRestore();
    }
  };

  it('is what was written, with the beginning of a long name of its source; absent where a file of it is', async () => {
    const directory = await fresh('whole');
    expect(await warningsOf(directory)).toEqual([{ ...store, hash }]);
    const index = JSON.parse(readFileSync(join(directory, 'k.json'), 'utf8'));
    expect(index).toMatchObject({
      schemaVersion: 3,
      source: `s${'o'.repeat(999)}…`,
      bytesPerToken: 2,
      documents: 2,
    });
    expect(readdirSync(directory).sort()).toEqual(['k.json', 'k.tokens']);
    for (const name of ['k.json', 'k.tokens']) {
      const bytes = readFileSync(join(directory, name));
      rmSync(join(directory, name));
      expect(await warningsOf(directory)).toEqual([undefined]);
      writeFileSync(join(directory, name), bytes);
    }
    expect(await warningsOf(join(directory, 'k.json', 'below'))).toEqual([undefined]);
    expect(await warningsOf(join(root, 'nowhere'))).toEqual([undefined]);
  });

  it('is damaged where its files are not as they were written', async () => {
    const directory = await fresh('damaged');
    const damaged = (reason: string) => [
      undefined,
      `the token cache ${join(directory, 'k.json')} is damaged (${reason}): it is rebuilt`,
    ];
    const [index, tokens] = [join(directory, 'k.json'), join(directory, 'k.tokens')];
    writeFileSync(tokens, new Uint16Array(8));
    expect(await warningsOf(directory)).toEqual(damaged('its tokens have 16 bytes instead of 18'));
    writeFileSync(tokens, new Uint16Array(9));
    expect(await warningsOf(directory)).toEqual(damaged('its tokens have changed'));
    writeFileSync(tokens, store.tokens);
    expect(await warningsOf(directory)).toEqual([{ ...store, hash }]);
    const text = readFileSync(index, 'utf8');
    /** As a wrong writer would have sealed it. */
    const sealed = (content: string) => {
      const body = content.slice(0, content.lastIndexOf('"checksum":"') + '"checksum":"'.length);
      return `${body}${createHash('sha256').update(body).digest('hex')}"}\n`;
    };
    expect(sealed(text)).toBe(text);
    for (const wrong of [
      '',
      'words\n',
      text.slice(0, -10),
      text.replace('4,5', '4,6'),
      text.slice(0, text.indexOf('],"checksum')),
      sealed(text.replace('4,5', '4')),
      sealed(text.replace('7,8', '7,8,9')),
      sealed(text.replace('7,8', 'seven')),
      sealed(text.replace('"schemaVersion":3', '"schemaVersion":2')),
      sealed(text.replace('"bytesPerToken":2', '"bytesPerToken":3')),
      sealed(text.replace('"documents":2', '"documents":100000')),
      sealed(text.replace('"source"', '"sources"')),
      text.slice(text.indexOf('],"checksum')),
    ]) {
      expect(wrong).not.toBe(text);
      writeFileSync(index, wrong);
      expect(await warningsOf(directory), wrong).toEqual(damaged('its index is not as it was written'));
    }
  });

  it('that cannot be read or written is an error that names its folder', async () => {
    const directory = join(root, 'folders');
    mkdirSync(join(directory, 'k.json', 'x'), { recursive: true });
    mkdirSync(join(directory, 'k.tokens'));
    await expect(readCachedTokens(directory, 'k')).rejects.toThrow(
      `cannot read the token cache in ${directory}: EISDIR`,
    );
    await expect(writeCachedTokens(directory, 'k', 's', { ...store, hash })).rejects.toThrow(
      `cacheDirectory ${directory} is not writable (`,
    );
    await expect(writeCachedTokens(directory, 'k', 's', { ...store, hash })).rejects.toThrow(
      '): give a folder that can be written, or leave cacheDirectory out to tokenize each time',
    );
  });
});
