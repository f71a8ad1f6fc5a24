import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DataPosition, openTextData, type TextDataOptions } from '../../src/index.ts';
import { createTextData } from '../../src/text-data.ts';
import { loadTokenizer } from '../../src/tokenizers/load-tokenizer.ts';
import { formatManifest, type ShardManifest } from '../../src/tokens/shards/manifest.ts';
import { openShards } from '../../src/tokens/shards/open-shards.ts';
import { joined, madeTexts, prepareFiles, temporaryFolder, writeTexts } from './prepared-folder.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const texts = madeTexts(80);
const heldTexts = madeTexts(100).slice(80);
const directory = join(folder, 'shards');
let stream: number[] = [];

beforeAll(async () => {
  const train = [
    writeTexts(folder, 'a.jsonl', texts.slice(0, 50)),
    writeTexts(folder, 'b.jsonl', texts.slice(50)),
  ];
  const validation = [writeTexts(folder, 'held.jsonl', heldTexts)];
  // So small that sequences of 16 tokens often lie in two shards, and those of 500 in many.
  await prepareFiles(train, directory, { validation, shardTokens: 150 });
  stream = await joined(texts);
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type BatchOptions = Omit<TextDataOptions, 'source'>;
const base: BatchOptions = { contextLength: 16, batchSize: 4, seed: 1 };
const openFolder = (path: string, changes: Partial<BatchOptions> = {}) =>
  openTextData({ source: { type: 'prepared', directory: path }, ...base, ...changes });
const open = (changes: Partial<BatchOptions> = {}) => openFolder(directory, changes);
/** The same documents, tokenized in memory. */
const openTexts = (changes: Partial<BatchOptions> = {}) =>
  openTextData({
    source: { type: 'texts', train: texts, validation: heldTexts },
    tokenizer: 'embedded',
    ...base,
    ...changes,
  });

/** The next rows of a stream. */
function rowsOf({ tokens, sequenceLength }: { tokens: Int32Array; sequenceLength: number }): string[] {
  return Array.from({ length: tokens.length / sequenceLength }, (_, row) =>
    tokens.slice(row * sequenceLength, (row + 1) * sequenceLength).join(),
  );
}

const window = (index: number, length = 16) => stream.slice(index * length, (index + 1) * length + 1);

describe('sequences of token shards', () => {
  it('are windows of the joined documents, contextLength apart, which share one token', async () => {
    const shards = await open();
    expect(shards.tokenCounts.train).toBe(stream.length);
    expect(shards.sequenceCount).toBe(Math.floor((stream.length - 1) / 16));
    for (let index = 0; index < shards.sequenceCount; index += 1) {
      expect(Array.from(shards.sequence(index))).toEqual(window(index));
    }
    const long = await open({ contextLength: 500 });
    expect(Array.from(long.sequence(1))).toEqual(window(1, 500));
    expect(() => shards.sequence(shards.sequenceCount)).toThrow(
      `sequence must be an integer from 0 to ${shards.sequenceCount - 1}, got ${shards.sequenceCount}`,
    );
    shards.close();
    expect(() => shards.sequence(0)).toThrow('the token shards are closed');
  });

  it('come in the order of the shards without shuffling', async () => {
    const { train } = await open({ shuffle: false });
    expect(rowsOf(train.next())).toEqual([0, 1, 2, 3].map((index) => window(index).join()));
  });

  it('hold whole documents in another order in each epoch and for another seed, each once', async () => {
    const documents = texts.map((text) => text.split(' ').slice(0, 2).join(' '));
    const orderOf = async (seed: number, epochs: number) => {
      const { train, tokenizer, tokenCounts } = await open({ contextLength: 1, batchSize: 1, seed });
      return Array.from({ length: epochs }, (_, epoch) => {
        const tokens = [train.next().tokens];
        while (train.position().token < tokenCounts.train - 1) tokens.push(train.next().tokens);
        expect(train.position().epoch).toBe(epoch);
        const joinedTokens = [tokens[0]![0]!, ...tokens.map((pair) => pair[1]!)];
        const documentsOfEpoch: number[][] = [[]];
        for (const id of joinedTokens) {
          if (id === tokenizer.endOfSequence) documentsOfEpoch.push([]);
          else documentsOfEpoch.at(-1)!.push(id);
        }
        return documentsOfEpoch
          .slice(0, -1)
          .map((ids) => tokenizer.decode(ids).split(' ').slice(0, 2).join(' '));
      });
    };
    const [first, second] = (await orderOf(1, 2)) as [string[], string[]];
    const [other] = (await orderOf(2, 1)) as [string[]];
    for (const order of [first, second, other]) expect([...order].sort()).toEqual([...documents].sort());
    for (const [a, b] of [
      [first, documents],
      [first, second],
      [first, other],
    ] as const) {
      // Of 80 documents one stays in its place on average; eight or more do once in 10^5 orders.
      expect(a.filter((document, index) => document === b[index]).length).toBeLessThan(8);
    }
  });

  it('are those of the same documents in memory, bit for bit, in every shape', async () => {
    for (const changes of [{}, { shuffle: false }, { seed: 7, worker: { index: 1, count: 3 } }]) {
      const [files, memory] = [await open(changes), await openTexts(changes)];
      expect(files.tokenCounts).toEqual(memory.tokenCounts);
      for (const contextLength of [16, 1, 500, 3, 40, 16]) {
        const shape = { contextLength, batchSize: 5 };
        expect(files.train.next(shape)).toEqual(memory.train.next(shape));
        const { fingerprint: _, ...position } = memory.train.position();
        expect(files.train.position()).toMatchObject(position);
      }
      for (let step = 0; step < 200; step += 1) expect(files.train.next()).toEqual(memory.train.next());
      expect(files.train.position().epoch).toBeGreaterThan(1);
      for (const index of [0, 5, files.sequenceCount - 1]) {
        expect(files.sequence(index)).toEqual(memory.sequence(index));
      }
      expect(files.validation({ sequences: 20 })).toEqual(memory.validation({ sequences: 20 }));
    }
  });

  it('are the same for any size of a batch', async () => {
    const one = await open({ batchSize: 1 });
    const rows = Array.from({ length: 210 }, () => rowsOf(one.train.next())[0]);
    for (const batchSize of [2, 7, 30, 210]) {
      const { train } = await open({ batchSize });
      expect(Array.from({ length: 210 / batchSize }, () => rowsOf(train.next())).flat()).toEqual(rows);
    }
  });

  it('continue after a seek exactly as without one, over the ends of epochs', async () => {
    const straight = await open({ batchSize: 7 });
    const positions: DataPosition[] = [];
    const batches = Array.from({ length: 150 }, () => {
      positions.push(JSON.parse(JSON.stringify(straight.train.position())) as DataPosition);
      return straight.train.next();
    });
    expect(straight.train.position().epoch).toBeGreaterThan(1);
    for (const step of [0, 1, 13, 14, 149]) {
      const { train } = await open({ batchSize: 7 });
      train.seek(positions[step]!);
      for (const expected of batches.slice(step)) expect(train.next()).toEqual(expected);
    }
    expect(JSON.stringify(positions[149]).length).toBeLessThan(150);
  });

  it('are refused at a position of other data or seed, and at one that is none', async () => {
    const { train } = await open();
    for (const changes of [{ seed: 2 }, { shuffle: false }]) {
      const other = await open(changes);
      expect(() => other.train.seek(train.position())).toThrow('the data position belongs to other data');
    }
    const position = train.position();
    const { fingerprint } = position;
    for (const [changes, message] of [
      [{ token: 1e9 }, /a whole number from 0 to \d+ as its token, got 1000000000/],
      [{ document: 80, token: 200 }, 'a whole number from 0 to 79 as its document, got 80'],
      [{ document: 10, token: 30, offset: 11 }, 'a whole number from 0 to 10 as its offset, got 11'],
      [{ token: 1000, offset: 900 }, 'the offset 900, behind its document'],
    ] as const) {
      expect(() => train.seek({ ...position, ...changes })).toThrow(message);
      expect(train.position()).toEqual(position);
    }
    expect(() => train.seek(null as unknown as DataPosition)).toThrow('schemaVersion 3, 2 or 1, got null');
    // As shards gave it when their sequences were shuffled.
    const old = {
      schemaVersion: 2,
      epoch: 0,
      token: 64,
      fingerprint: fingerprint.replace(/./g, '0'),
    } as const;
    expect(() => train.seek(old)).toThrow('it was taken on prepared shards when these shuffled sequences');
  });
});

describe('workers that train side by side', () => {
  it.each([2, 3, 4])(
    '%i of them see disjoint sequences, together those of one in the same steps',
    async (count) => {
      const one = await open({ batchSize: 12 });
      const workers = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          open({ batchSize: 12 / count, worker: { index, count } }),
        ),
      );
      const seen: string[] = [];
      while (one.train.position().epoch === 0) {
        const together = workers.flatMap(({ train }) => rowsOf(train.next()));
        const expected = rowsOf(one.train.next());
        expect([...together].sort()).toEqual([...expected].sort());
        for (const { train } of workers) expect(train.position()).toEqual(one.train.position());
        seen.push(...together);
      }
      // The last batch reaches into the next epoch; all before it are of the first.
      const whole = seen.slice(0, Math.floor(one.sequenceCount / 12) * 12);
      expect(new Set(whole).size).toBe(whole.length);
      for (const { sequence } of workers) expect(Array.from(sequence(3))).toEqual(window(3));
    },
  );

  it('continue where another number of them stopped', async () => {
    const two = await open({ batchSize: 6, worker: { index: 1, count: 2 } });
    for (let step = 0; step < 5; step += 1) two.train.next();
    const one = await open({ batchSize: 12 });
    for (let step = 0; step < 5; step += 1) one.train.next();
    const three = await Promise.all(
      [0, 1, 2].map((index) => open({ batchSize: 4, worker: { index, count: 3 } })),
    );
    const together = three.flatMap(({ train }) => {
      train.seek(two.train.position());
      return rowsOf(train.next());
    });
    expect([...together].sort()).toEqual(rowsOf(one.train.next()).sort());
  });
});

describe('validation from shards', () => {
  it('is the same for every seed, worker and batch size, and a sample of all validation documents', async () => {
    const held = await joined(heldTexts);
    const one = (await open()).validation({ sequences: 6, batchSize: 4 });
    const two = (await open({ seed: 9, worker: { index: 1, count: 2 } })).validation({
      sequences: 6,
      batchSize: 5,
    });
    expect(one.map(({ batchSize }) => batchSize)).toEqual([4, 2]);
    const rows = one.flatMap(rowsOf);
    expect(two.flatMap(rowsOf)).toEqual(rows);
    const stored = Array.from({ length: 6 }, (_, index) => held.slice(index * 16, index * 16 + 17).join());
    expect(rows).not.toEqual(stored);
    const available = Math.floor((held.length - 1) / 16);
    const shards = await open();
    expect(() => shards.validation({ sequences: available + 1 })).toThrow(
      `validation has ${available} sequences`,
    );
  });

  it('says how many bytes of text the targets stand for: all of the documents but the cut ends', async () => {
    const held = await joined(heldTexts);
    const one = await open({ contextLength: 1 });
    const [batch] = one.validation({ sequences: held.length - 1, batchSize: held.length });
    const stream = [
      batch!.tokens[0]!,
      ...Array.from(batch!.textBytes!, (_, row) => batch!.tokens[2 * row + 1]!),
    ];
    const decodedFirst = one.tokenizer
      .decode(stream.slice(0, stream.indexOf(1)))
      .split(' ')
      .slice(0, 2)
      .join(' ');
    const sum = batch!.textBytes!.reduce((total, bytes) => total + bytes, 0);
    const bytes = heldTexts.reduce((total, text) => total + Buffer.byteLength(text), 0);
    const firstText = heldTexts.find((text) => text.startsWith(`${decodedFirst} `))!;
    // The first token of all is no target. Sums of quotients round in the last of 53 bits.
    expect(sum).toBeCloseTo(bytes - Buffer.byteLength(firstText) / one.tokenizer.encode(firstText).length, 8);
    const long = await open({ contextLength: held.length - 1 });
    expect(long.validation({ sequences: 1 })[0]!.textBytes![0]).toBeCloseTo(sum, 8);
  });
});

describe('openTextData', () => {
  it('opens prepared shards with their own tokenizer', async () => {
    const data = await open();
    expect(data.vocabularySize).toBe(4096);
    expect(data.tokenizer.decode(data.sequence(0))).toMatch(/^document 0 says/);
    data.close();
    expect(() => data.train.next()).toThrow('the token shards are closed');
  });

  it('refuses options that prepared shards have decided', async () => {
    const source = { type: 'prepared', directory } as const;
    for (const changes of [{ tokenizer: 'embedded' as const }, { validationFraction: 0.1 }]) {
      await expect(openTextData({ source, ...base, ...changes })).rejects.toThrow(
        `a prepared source brings its own tokenizer and validation documents: leave ${Object.keys(changes)[0]} out`,
      );
    }
    await expect(openTextData({ source: { type: 'prepared', directory: '' }, ...base })).rejects.toThrow(
      'source.directory must be the path of a folder, got "" (string)',
    );
  });
});

describe('shards written by NumPy', () => {
  const made = fileURLToPath(new URL('../fixtures/numpy-shards', import.meta.url));
  /** They are no tokenizer's. */
  const openNumPy = async (options: { contextLength: number; batchSize: number; seed: number }) =>
    createTextData(await openShards(made), await loadTokenizer('embedded'), options, false);
  /** The ids that tools/reference/c4-data/token_shards.py gave. */
  const idAt = (place: number, ends: ReadonlySet<number>) =>
    ends.has(place) ? 1 : ((place * 7919 + 13) % 70000) + 3;

  it('are read with the ids they were given, above 16 bits and over the end of a shard', async () => {
    const shards = await openNumPy({ contextLength: 10, batchSize: 2, seed: 0 });
    const ends = new Set<number>();
    let place = 0;
    for (const count of [20, 13]) {
      for (let document = 0; document < count; document += 1) {
        place += 6 + (document % 5);
        ends.add(place - 1);
      }
    }
    expect(shards.tokenCounts).toEqual({ train: place, validation: 40 });
    for (let index = 0; index < shards.sequenceCount; index += 1) {
      const expected = Array.from({ length: 11 }, (_, offset) => idAt(index * 10 + offset, ends));
      expect(Array.from(shards.sequence(index))).toEqual(expected);
    }
    // Five documents of 5 to 9 text tokens, each with 4 bytes per token and one more; the first token is no target.
    const long = await openNumPy({ contextLength: 39, batchSize: 2, seed: 0 });
    expect(long.validation({ sequences: 1 })[0]!.textBytes![0]).toBeCloseTo(4 * 35 + 5 - 21 / 5, 10);
  });

  it('are shuffled as NumPy shuffles them by the same rule, in two epochs', async () => {
    const rows = JSON.parse(
      readFileSync(new URL('../fixtures/numpy-shards-order.json', import.meta.url), 'utf8'),
    ) as number[][];
    const { train } = await openNumPy({ contextLength: 10, batchSize: 1, seed: 5 });
    for (const row of rows) expect(Array.from(train.next().tokens)).toEqual(row);
    expect(train.position()).toMatchObject({ epoch: 1, token: 5 * rows.length });
  });
});

describe('a folder that is not as it was prepared', () => {
  it('is refused with what is wrong', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(directory, damaged, { recursive: true });
    const { shards } = (JSON.parse(readFileSync(join(damaged, 'manifest.json'), 'utf8')) as ShardManifest)
      .splits.train;
    const { tokensFile, tokens } = shards[1]!;
    truncateSync(join(damaged, tokensFile), 2 * tokens - 2);
    await expect(openFolder(damaged)).rejects.toThrow(
      `${tokensFile} has ${2 * tokens - 2} bytes where the manifest says ${2 * tokens}`,
    );
    await expect(openFolder(folder)).rejects.toThrow(
      'has no manifest.json: expected a folder that "steepest data prepare" has completed',
    );
    const manifest = join(damaged, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    const { checksum: _, ...content } = JSON.parse(text);
    writeFileSync(manifest, formatManifest({ ...content, tokenType: 'uint8' }));
    await expect(openFolder(damaged)).rejects.toThrow(/not a manifest of token shards: tokenType: /);
    for (const [version, remedy] of [
      [1, 'prepare the data again'],
      [3, 'update it'],
    ] as const) {
      writeFileSync(manifest, text.replace('"version": 2', `"version": ${version}`));
      await expect(openFolder(damaged)).rejects.toThrow(
        `has format version ${version}; this package reads 2: ${remedy}`,
      );
    }
    const { train } = content.splits;
    const twice = [train.shards[0], { ...train.shards[1], tokensFile: train.shards[0].tokensFile }];
    writeFileSync(
      manifest,
      formatManifest({ ...content, splits: { ...content.splits, train: { ...train, shards: twice } } }),
    );
    await expect(openFolder(damaged)).rejects.toThrow(/names the file train-00000\.tokens twice$/);
    const more = { ...train, tokens: train.tokens + 1 };
    writeFileSync(manifest, formatManifest({ ...content, splits: { ...content.splits, train: more } }));
    await expect(openFolder(damaged)).rejects.toThrow(/says train tokens \d+, but its parts have \d+/);
    writeFileSync(manifest, text.slice(0, 100));
    await expect(openFolder(damaged)).rejects.toThrow('manifest.json is not JSON');
  });

  /** A copy in which each digit of the manifest that decides a result is another one. */
  it('is refused where any byte of the manifest has changed', async () => {
    const changed = join(folder, 'changed');
    cpSync(directory, changed, { recursive: true });
    const path = join(changed, 'manifest.json');
    const text = readFileSync(path, 'utf8');
    for (const [from, to] of [
      ['"vocabularySize": 4096', '"vocabularySize": 4097'],
      ['"endOfSequence": 1', '"endOfSequence": 0'],
      [/"tokensSha256": "./, '"tokensSha256": "g'],
      [/"hash": "../, '"hash": "zz'],
      ['"validationFraction": null', '"validationFraction": 0.5'],
    ] as const) {
      expect(text.replace(from, to)).not.toBe(text);
      writeFileSync(path, text.replace(from, to));
      await expect(openFolder(changed)).rejects.toThrow(
        'manifest.json is damaged or was edited: its content has another checksum than it says',
      );
    }
  });

  it.each(['tokens', 'documents', 'checksums'])(
    'gives no batch and no byte count from %s in which a bit has changed',
    async (kind) => {
      const changed = join(folder, `changed-${kind}`);
      cpSync(directory, changed, { recursive: true });
      for (const name of readdirSync(changed).filter((file) => file.endsWith(`.${kind}`))) {
        const bytes = readFileSync(join(changed, name));
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(join(changed, name), bytes);
      }
      const shards = await openFolder(changed);
      const message = /is damaged.*: run "steepest data verify" on its folder/;
      const position = shards.train.position();
      expect(() => shards.train.next()).toThrow(message);
      expect(shards.train.position()).toEqual(position);
      expect(() => shards.sequence(0)).toThrow(message);
      expect(() => shards.validation({ sequences: 1 })).toThrow(message);
      // It is not taken for checked the second time.
      expect(() => shards.validation({ sequences: 1 })).toThrow(message);
    },
  );

  it('gives no id outside the vocabulary that its manifest states', async () => {
    const changed = join(folder, 'small-vocabulary');
    cpSync(directory, changed, { recursive: true });
    const path = join(changed, 'manifest.json');
    const { checksum: _, ...content } = JSON.parse(readFileSync(path, 'utf8'));
    content.tokenizer.vocabularySize = 100;
    writeFileSync(path, formatManifest(content));
    const shards = await openFolder(changed);
    expect(() => shards.train.next()).toThrow(
      /has the token \d+, outside the vocabulary of 100 that its manifest states/,
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ contextLenght: 5 }, 'openTextData has no option "contextLenght": did you mean "contextLength"?'],
    [{ worker: { index: 2, count: 2 } }, 'worker.index must be below worker.count, got index 2 of 2'],
    [{ worker: { index: 0, counts: 2 } }, 'worker has no option "counts": did you mean "count"?'],
    [{ shuffle: 1 }, 'shuffle must be true or false, got 1 (number)'],
    [{ contextLength: 1e6 }, 'contextLength 1000000 needs 1000001 tokens for one sequence'],
  ])('and so are the options %j', async (changes, message) => {
    await expect(open(changes as Partial<BatchOptions>)).rejects.toThrow(message);
  });
});

describe('memory', () => {
  it('does not grow with the data: 8 GiB of tokens are read at random with some MB', async () => {
    const huge = join(folder, 'huge');
    mkdirSync(huge);
    cpSync(join(directory, 'tokenizer.json'), join(huge, 'tokenizer.json'));
    const { checksum: _, ...manifest } = JSON.parse(
      readFileSync(join(directory, 'manifest.json'), 'utf8'),
    ) as ShardManifest & {
      checksum: string;
    };
    const tokens = 2 ** 30;
    // More documents than have their order drawn into a table.
    const documentTokens = 2 ** 11;
    const documents = tokens / documentTokens;
    const index = new Uint32Array(2 * documents);
    for (let row = 0; row < documents; row += 1) index.set([(row + 1) * documentTokens, 5], 2 * row);
    const shards = Array.from({ length: 4 }, (_, number) => {
      const tokensFile = `train-${number}.tokens`;
      // A sparse file: zeros that take no room on the disk, but for its last token.
      const file = openSync(join(huge, tokensFile), 'w');
      writeSync(file, new Uint16Array([number + 2]), 0, 2, 2 * tokens - 2);
      const block = Buffer.alloc(16_384);
      const tokenBlocks = new Array<number>((2 * tokens) / block.length).fill(crc32(block));
      block.writeUInt16LE(number + 2, block.length - 2);
      tokenBlocks[tokenBlocks.length - 1] = crc32(block);
      const documentsFile = `train-${number}.documents`;
      writeFileSync(join(huge, documentsFile), index);
      const indexBlocks = Array.from({ length: index.byteLength / block.length }, (_, at) =>
        crc32(new Uint8Array(index.buffer, at * block.length, block.length)),
      );
      const checksums = Uint32Array.from([...tokenBlocks, ...indexBlocks]);
      const checksumsFile = `train-${number}.checksums`;
      writeFileSync(join(huge, checksumsFile), checksums);
      const checksumsSha256 = createHash('sha256').update(checksums).digest('hex');
      const hashes = { tokensSha256: '0'.repeat(64), documentsSha256: '0'.repeat(64), checksumsSha256 };
      return { tokensFile, documentsFile, checksumsFile, documents, bytes: 5 * documents, tokens, ...hashes };
    });
    const train = { documents: 4 * documents, bytes: 20 * documents, tokens: 4 * tokens, shards };
    const none = { documents: 0, tokens: 0, bytes: 0, shards: [] };
    writeFileSync(
      join(huge, 'manifest.json'),
      formatManifest({ ...manifest, splits: { train, validation: none } }),
    );
    const data = await openFolder(huge, { contextLength: 511 });
    const held = () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    for (let step = 0; step < 50; step += 1) data.train.next();
    const before = held();
    for (let step = 0; step < 25_000; step += 1) data.train.next();
    // 100,000 sequences of 512 tokens went by, 205 MB. What a collection found is freed beside the program, a while later.
    await vi.waitFor(() => expect(held() - before).toBeLessThan(5e6), { timeout: 30_000, interval: 200 });
    expect(data.sequenceCount).toBe(Math.floor((4 * tokens - 1) / 511));
    const last = data.sequence(Math.floor((tokens - 1) / 511));
    expect(last[(tokens - 1) % 511]).toBe(2);
    // A position far behind is taken up without going through what came before it.
    const position = data.train.position();
    const place = { token: 2 ** 31, document: 2 ** 20, offset: 0 };
    data.train.seek({ ...position, ...place });
    expect(data.train.position()).toEqual({ ...position, ...place });
    data.close();
  });
});
