import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  inspectTokenShards,
  loadTokenizer,
  openTextData,
  type PreparationProgress,
  prepareTokenShards,
  verifyTokenShards,
} from '../../src/index.ts';
import { CheckedShard } from '../../src/tokens/shards/block-checksums.ts';
import {
  formatManifest,
  readManifest,
  type ShardManifest,
  shardFile,
  shardFiles,
  tokenBytes,
} from '../../src/tokens/shards/manifest.ts';
import { openShards } from '../../src/tokens/shards/open-shards.ts';
import { PositionalFiles } from '../../src/tokens/shards/positional-files.ts';
import { initialState } from '../../src/tokens/shards/preparation.ts';
import {
  type PreparationSettings,
  requireSameSettings,
  statePath,
  writeState,
} from '../../src/tokens/shards/preparation-state.ts';
import { readShardDocuments, readShardTokens } from '../../src/tokens/shards/shard-files.ts';
import { ShardStore } from '../../src/tokens/shards/shard-store.ts';
import { nothingWritten, SplitWriter } from '../../src/tokens/shards/shard-writer.ts';
import type { VerificationProgress } from '../../src/tokens/shards/verify.ts';
import { filesOf, joined, madeTexts, prepareFiles, temporaryFolder, writeTexts } from './prepared-folder.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

/** Short documents, and one that is longer than what is read of a shard at once. */
const texts = [...madeTexts(30), 'many words of a long text '.repeat(4000), ...madeTexts(40).slice(30)];
const held = madeTexts(45).slice(40);
const directory = join(folder, 'shards');
const tokenizer = await loadTokenizer('embedded');
let manifest: ShardManifest;
let lengths: number[] = [];
let tokens: number[] = [];

beforeAll(async () => {
  const train = [writeTexts(folder, 'a.jsonl', texts)];
  const validation = [writeTexts(folder, 'held.jsonl', held)];
  await prepareFiles(train, directory, { validation, shardTokens: 300 });
  manifest = await readManifest(directory);
  lengths = texts.map((text) => tokenizer.encode(text).length + 1);
  tokens = await joined(texts);
});

let copies = 0;
function copy(): string {
  const path = join(folder, `copy-${copies++}`);
  cpSync(directory, path, { recursive: true });
  return path;
}

// biome-ignore lint/suspicious/noExplicitAny: it becomes what no manifest is
type Draft = any;

/** Changes a manifest, with a checksum that is right. */
function rewrite(path: string, change: (content: Draft) => void): void {
  const file = join(path, 'manifest.json');
  const { checksum: _, ...content } = JSON.parse(readFileSync(file, 'utf8'));
  change(content);
  writeFileSync(file, formatManifest(content));
}

describe('the inspection of shards', () => {
  it('sums up each side: lengths, frequencies, and the documents that all were made of', async () => {
    const { splits, ...rest } = await inspectTokenShards(directory, { mostFrequent: 5, sample: 100 });
    expect(rest).toEqual({
      tokenizer: manifest.tokenizer,
      seed: null,
      source: manifest.source,
      inputs: manifest.inputs,
      malformedLines: { count: 0, examples: [] },
    });
    const counts = new Map<number, number>();
    for (const id of tokens) counts.set(id, (counts.get(id) ?? 0) + 1);
    const ordered = [...counts].sort(([a, x], [b, y]) => y - x || a - b);
    const { train, validation } = splits;
    expect(train).toMatchObject({
      shards: manifest.splits.train.shards.length,
      documents: 41,
      tokens: tokens.length,
      bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      differentTokens: counts.size,
      mostFrequent: ordered.slice(0, 5).map(([id, count]) => ({ id, text: tokenizer.decode([id]), count })),
    });
    expect([...train.sample].sort()).toEqual(texts.map((text) => text.trim()).sort());
    expect([...validation.sample].sort()).toEqual([...held].sort());
    const sorted = [...lengths].sort((a, b) => a - b);
    const atMost = (share: number) => sorted[Math.ceil(share * 41) - 1];
    const found = train.lengths!;
    expect(found).toMatchObject({
      mean: tokens.length / 41,
      shortest: sorted[0],
      longest: sorted.at(-1),
      quantiles: { 0.1: atMost(0.1), 0.5: atMost(0.5), 0.9: atMost(0.9), 0.99: atMost(0.99) },
    });
    // Powers of two from the one that holds the shortest to the one that holds the longest.
    expect(found.bins[0]!.from).toBe(2 ** Math.floor(Math.log2(sorted[0]!)));
    expect(found.bins.at(-1)!.to).toBe(2 ** (Math.floor(Math.log2(sorted.at(-1)!)) + 1));
    for (const [index, { from, to, documents }] of found.bins.entries()) {
      expect(to).toBe(2 * from);
      if (index > 0) expect(from).toBe(found.bins[index - 1]!.to);
      expect(documents).toBe(lengths.filter((length) => length >= from && length < to).length);
    }
  });

  it('names 20 tokens and decodes one document where nothing else is asked, the same each time', async () => {
    const [one, two] = [await inspectTokenShards(directory), await inspectTokenShards(directory)];
    expect([one.splits.train.mostFrequent.length, one.splits.train.sample.length]).toEqual([20, 1]);
    expect(two).toEqual(one);
    expect((await inspectTokenShards(directory, { sample: 0, mostFrequent: 0 })).splits.train).toMatchObject({
      sample: [],
      mostFrequent: [],
    });
  });

  it('says of a side without documents that it has none', async () => {
    const alone = join(folder, 'alone');
    await prepareFiles([writeTexts(folder, 'b.jsonl', texts.slice(0, 3))], alone, { validationFraction: 0 });
    expect((await inspectTokenShards(alone)).splits.validation).toEqual({
      shards: 0,
      documents: 0,
      tokens: 0,
      bytes: 0,
      lengths: null,
      differentTokens: 0,
      mostFrequent: [],
      sample: [],
    });
  });

  it.each(['tokens', 'documents'])('names a file of %s that is damaged', async (kind) => {
    const damaged = copy();
    const name = `train-00001.${kind}`;
    const bytes = readFileSync(join(damaged, name));
    // One that no document of the sample has.
    bytes[bytes.length - 4]! ^= 1;
    writeFileSync(join(damaged, name), bytes);
    await expect(inspectTokenShards(damaged, { sample: 0 })).rejects.toThrow(
      `${name} is damaged: run "steepest data verify" on its folder`,
    );
  });
});

describe('documents in shards', () => {
  const starts = () =>
    lengths.map((_, index) => lengths.slice(0, index).reduce((sum, length) => sum + length, 0));

  it('are read from any place, in any order, as they were written', () => {
    const store = new ShardStore(directory, manifest, 'train');
    const start = starts();
    expect([store.documentCount, store.tokenCount]).toEqual([41, tokens.length]);
    for (let step = 0; step < 400; step += 1) {
      const document = step % 3 === 0 ? 30 : (step * 7) % 41;
      const length = lengths[document]!;
      expect(store.documentTokens(document)).toBe(length);
      expect(store.documentBytes(document)).toBe(Buffer.byteLength(texts[document]!));
      const from = (step * 4111) % length;
      const count = 1 + ((step * 977) % (length - from));
      const target = new Int32Array(count + 2);
      store.copy(document, from, count, target, 1);
      const first = start[document]! + from;
      expect(Array.from(target)).toEqual([0, ...tokens.slice(first, first + count), 0]);
    }
    for (let token = 0; token < tokens.length; token += 37) {
      const { document, offset } = store.locate(token);
      expect(start[document]! + offset).toBe(token);
      expect(offset).toBeLessThan(lengths[document]!);
    }
    expect(store.locate(tokens.length - 1)).toEqual({ document: 40, offset: lengths[40]! - 1 });
    store.close();
    expect(() => store.documentTokens(0)).toThrow('the token shards are closed');
  });

  it('are never given from what was read before a failure', () => {
    const damaged = copy();
    const shard = manifest.splits.train.shards.find(({ tokens: count }) => count > 8192)!;
    const path = join(damaged, shard.tokensFile);
    const whole = readFileSync(path);
    const bytes = Buffer.from(whole);
    bytes[bytes.length - 10]! ^= 1;
    writeFileSync(path, bytes);
    const store = new ShardStore(damaged, manifest, 'train');
    const start = starts()[30]!;
    const length = lengths[30]!;
    const read = (from: number, count: number) => {
      const target = new Int32Array(count);
      store.copy(30, from, count, target, 0);
      return Array.from(target);
    };
    const expected = (from: number, count: number) => tokens.slice(start + from, start + from + count);
    expect(read(0, 5)).toEqual(expected(0, 5));
    expect(() => read(0, length)).toThrow(/is damaged between byte \d+ and \d+: run "steepest data verify"/);
    expect(read(0, 1)).toEqual(expected(0, 1));
    expect(read(1, 8000)).toEqual(expected(1, 8000));
    expect(() => read(length - 2, 2)).toThrow('is damaged');
    writeFileSync(path, whole);
    expect(read(length - 2, 2)).toEqual(expected(length - 2, 2));
    store.close();
  });

  it('have an identity that changes with their tokens, their shards and their tokenizer', () => {
    const of = (change: (content: Draft) => void) => {
      const content = structuredClone(manifest);
      change(content);
      return new ShardStore(directory, content, 'train').identity;
    };
    const identity = of(() => {});
    expect(identity).toBe(
      createHash('sha256')
        .update(manifest.tokenizer.hash)
        .update(manifest.splits.train.shards.map(({ tokensSha256 }) => tokensSha256).join(''))
        .digest('hex'),
    );
    const other = 'f'.repeat(64);
    expect(of(({ splits }) => (splits.train.shards[1].tokensSha256 = other))).not.toBe(identity);
    expect(of((content) => (content.tokenizer.hash = other))).not.toBe(identity);
    expect(of(({ splits }) => splits.train.shards.pop())).not.toBe(identity);
  });

  it('are refused where an index row has no document, though its checksum is right', () => {
    const damaged = copy();
    const name = 'train-00000.documents';
    const index = new Uint32Array(Uint8Array.from(readFileSync(join(damaged, name))).buffer);
    index[2] = index[0]! + 1;
    writeFileSync(join(damaged, name), index);
    const record = manifest.splits.train.shards[0]!;
    const checksums = new Uint32Array(
      Uint8Array.from(readFileSync(join(damaged, record.checksumsFile))).buffer,
    );
    checksums[checksums.length - 1] = crc32(new Uint8Array(index.buffer));
    writeFileSync(join(damaged, record.checksumsFile), checksums);
    const checksumsSha256 = createHash('sha256').update(checksums).digest('hex');
    const changed = structuredClone(manifest);
    changed.splits.train.shards[0] = { ...record, checksumsSha256 };
    const store = new ShardStore(damaged, changed, 'train');
    expect(store.documentTokens(0)).toBe(lengths[0]);
    expect(() => store.documentTokens(1)).toThrow(
      'document 1 of a token shard ends before it begins: run "steepest data verify" on its folder',
    );
  });
});

describe('a shard that is compared with its checksums', () => {
  const checked = (path: string) => {
    const files = new PositionalFiles();
    return new CheckedShard(path, manifest.splits.train.shards[0]!, manifest, files);
  };
  const record = () => manifest.splits.train.shards[0]!;

  it('gives tokens and index rows wherever they are to go', () => {
    const shard = checked(directory);
    const target = new Int32Array(2);
    const ids = new Uint16Array(6);
    shard.readTokens(3, ids, 2, 3);
    expect(Array.from(ids)).toEqual([0, 0, ...tokens.slice(3, 6), 0]);
    const rows = new Uint32Array(4);
    shard.readIndex(1, rows, 8, 1);
    expect(Array.from(rows)).toEqual([0, 0, lengths[0]! + lengths[1]!, Buffer.byteLength(texts[1]!)]);
    expect(target).toEqual(new Int32Array(2));
  });

  it('names the block that is damaged, and checksums that are', () => {
    const damaged = copy();
    const path = join(damaged, record().tokensFile);
    const bytes = readFileSync(path);
    bytes[0]! ^= 1;
    writeFileSync(path, bytes);
    const read = () => checked(damaged).readTokens(0, new Uint16Array(1), 0, 1);
    expect(read).toThrow(
      `${path} is damaged between byte 0 and ${bytes.length}: run "steepest data verify" on its folder`,
    );
    const checksums = join(damaged, record().checksumsFile);
    const stored = readFileSync(checksums);
    const message = `${checksums} is damaged: run "steepest data verify" on its folder`;
    truncateSync(checksums, 4);
    expect(read).toThrow(message);
    stored[0]! ^= 1;
    writeFileSync(checksums, stored);
    expect(read).toThrow(message);
  });
});

describe('files that are read at any place', () => {
  const write = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const read = (files: PositionalFiles, path: string, position: number, length: number) => {
    const target = Buffer.alloc(length + 1, '.');
    files.read(path, position, target, 1, length);
    return target.toString();
  };

  it('are open only so many at a time, the least recently used closed first', () => {
    const paths = ['one', 'two', 'three'].map((name) => write(name, name));
    const files = new PositionalFiles(2);
    for (const round of [0, 1, 2, 0, 2, 1, 1, 0])
      expect(read(files, paths[round]!, 1, 2)).toBe(`.${['ne', 'wo', 'hr'][round]}`);
    // A descriptor that is open reads on where the name is gone; one that was closed does not.
    expect(read(files, paths[1]!, 0, 1)).toBe('.t');
    expect(read(files, paths[0]!, 0, 1)).toBe('.o');
    for (const path of paths) rmSync(path);
    expect(read(files, paths[1]!, 0, 1)).toBe('.t');
    expect(read(files, paths[0]!, 0, 1)).toBe('.o');
    expect(() => read(files, paths[2]!, 0, 1)).toThrow('ENOENT');
    files.close();
    expect(() => read(files, paths[0]!, 0, 1)).toThrow(
      `the token shards are closed: ${paths[0]} is no longer read`,
    );
    files.close();
  });

  it('are errors where they end before what is asked for', () => {
    const path = write('short', 'abc');
    const files = new PositionalFiles();
    expect(read(files, path, 0, 3)).toBe('.abc');
    expect(() => read(files, path, 1, 3)).toThrow(
      `${path} ends before byte 4: run "steepest data verify" on its folder`,
    );
    files.close();
  });
});

describe('the files of a shard', () => {
  it('have names by side and number, which are told from others', () => {
    expect(shardFiles('validation', 7)).toEqual({
      tokensFile: 'validation-00007.tokens',
      documentsFile: 'validation-00007.documents',
      checksumsFile: 'validation-00007.checksums',
    });
    expect(shardFiles('train', 123_456).tokensFile).toBe('train-123456.tokens');
    for (const name of ['train-00000.tokens', 'validation-123456.documents', 'train-00001.checksums'])
      expect(shardFile.test(name), name).toBe(true);
    for (const name of [
      'test-00000.tokens',
      'train-0000.tokens',
      'train-00000.json',
      'a-train-00000.tokens',
      'train-00000.tokens.5-x.partial',
    ])
      expect(shardFile.test(name), name).toBe(false);
    expect(tokenBytes({ tokenType: 'uint16' })).toBe(2);
    expect(tokenBytes({ tokenType: 'uint32' })).toBe(4);
  });

  it('are read in pieces of 1 MiB, whole integers at a time', async () => {
    const path = join(folder, 'long');
    mkdirSync(path);
    const numbers = Uint32Array.from({ length: 600_000 }, (_, index) => index);
    writeFileSync(join(path, 't'), numbers);
    const shard = { tokensFile: 't', documentsFile: 't' } as ShardManifest['splits']['train']['shards'][0];
    const found: number[] = [];
    let bytes = 0;
    for await (const some of readShardTokens(path, shard, 'uint32', (chunk) => (bytes += chunk.length)))
      for (const number of some) found.push(number);
    expect(found).toEqual(Array.from(numbers));
    expect(bytes).toBe(2_400_000);
    const rows: number[] = [];
    for await (const some of readShardDocuments(path, shard))
      for (const row of some) rows.push(row.end, row.bytes);
    expect(rows).toEqual(Array.from(numbers));
    writeFileSync(join(path, 't'), Uint8Array.of(1, 0, 2, 0, 3));
    const short: number[] = [];
    for await (const some of readShardTokens(path, shard, 'uint16'))
      for (const number of some) short.push(number);
    expect(short).toEqual([1, 2]);
  });

  it('continue behind the bytes that a state knows, which must be those that were written', async () => {
    const run = (first: number, count: number) => ({
      tokens: Uint16Array.from({ length: count }, (_, index) => first + index),
      lengths: [count],
      bytes: [10 * count],
    });
    const path = (name: string) => {
      const made = join(folder, name);
      mkdirSync(made);
      return made;
    };
    const openWriter = (at: string, progress = nothingWritten, limit = 100) =>
      SplitWriter.open(at, 'train', { limit, bytesPerToken: 2, progress });
    const [whole, stopped] = [path('whole'), path('stopped')];
    const one = await openWriter(whole);
    expect(await one.append(run(0, 40))).toBe(false);
    expect(one.totals()).toEqual({ documents: 1, tokens: 40, bytes: 400 });
    expect(await one.append(run(40, 40))).toBe(false);
    expect(await one.append(run(80, 40))).toBe(true);
    expect(one.totals()).toEqual({ documents: 3, tokens: 120, bytes: 1200 });
    const record = await one.finish();
    expect(record.shards.map(({ documents, tokens: count, bytes }) => [documents, count, bytes])).toEqual([
      [2, 80, 800],
      [1, 40, 400],
    ]);
    const two = await openWriter(stopped);
    expect(await two.progress()).toEqual({ complete: [], open: null });
    await two.append(run(0, 40));
    const state = await two.progress();
    const sha256 = (bytes: NodeJS.ArrayBufferView) => createHash('sha256').update(bytes).digest('hex');
    expect(state.open).toEqual({
      documents: 1,
      tokens: 40,
      bytes: 400,
      tokensSha256: sha256(run(0, 40).tokens),
      documentsSha256: sha256(Uint32Array.of(40, 400)),
    });
    // What was written after the state is cut off.
    await two.append(run(7, 30));
    await two.close();
    const three = await openWriter(stopped, JSON.parse(JSON.stringify(state)));
    expect(three.totals()).toEqual({ documents: 1, tokens: 40, bytes: 400 });
    await three.append(run(40, 40));
    await three.append(run(80, 40));
    expect(await three.finish()).toEqual(record);
    expect(filesOf(stopped)).toEqual(filesOf(whole));
    const damaged = path('damaged');
    const four = await openWriter(damaged);
    await four.append(run(0, 40));
    const later = await four.progress();
    await four.close();
    truncateSync(join(damaged, 'train-00000.documents'), 7);
    await expect(openWriter(damaged, later)).rejects.toThrow(
      'train-00000.documents has 7 bytes, but 8 were written: remove the folder and start over',
    );
    writeFileSync(join(damaged, 'train-00000.documents'), Uint32Array.of(40, 401));
    await expect(openWriter(damaged, later)).rejects.toThrow(
      'train-00000.documents was damaged since it was written: remove the folder and start over',
    );
  });
});

describe('the manifest', () => {
  it('is refused with the field that is wrong', async () => {
    const wrong = copy();
    const refused = async (change: (content: Draft) => void, message: RegExp | string) => {
      cpSync(join(directory, 'manifest.json'), join(wrong, 'manifest.json'));
      rewrite(wrong, change);
      await expect(readManifest(wrong)).rejects.toThrow(message);
    };
    const path = join(wrong, 'manifest.json');
    const named = (field: string) => `${path} is not a manifest of token shards: ${field}: `;
    await refused((content) => (content.format = 'other'), named('format'));
    await refused((content) => (content.tokenizer.vocabularySize = 0), named('tokenizer.vocabularySize'));
    await refused((content) => (content.tokenizer.endOfSequence = -1), named('tokenizer.endOfSequence'));
    await refused(
      (content) => (content.tokenizer.sha256 = 'x'),
      `${named('tokenizer.sha256')}expected a SHA-256 in hex`,
    );
    for (const sha256 of [`${'a'.repeat(64)}b`, `x${'a'.repeat(64)}`, 'A'.repeat(64)])
      await refused((content) => (content.tokenizer.sha256 = sha256), 'expected a SHA-256 in hex');
    for (const file of ['../tokenizer.json', 'a/b', '', 'a b'])
      await refused(
        (content) => (content.tokenizer.file = file),
        `${named('tokenizer.file')}expected the name of a file in the folder of the manifest`,
      );
    await refused((content) => (content.limits.shardTokens = 0), named('limits.shardTokens'));
    await refused(
      ({ splits }) => (splits.train.shards[0].tokens = 1.5),
      named('splits.train.shards.0.tokens'),
    );
    await refused((content) => (content.more = 1), named('the whole'));
    await refused((content) => (content.inputs[0].split = 'test'), named('inputs.0.split'));
    await refused(
      (content) => (content.malformedLines.examples = [{ file: 'a', line: 0, reason: '' }]),
      named('malformedLines.examples.0.line'),
    );
    await refused(({ splits }) => {
      splits.validation.shards[0].checksumsFile = splits.train.shards[0].documentsFile;
    }, `${path} names the file train-00000.documents twice`);
    writeFileSync(path, '[]');
    await expect(readManifest(wrong)).rejects.toThrow(`${path} is not a JSON object`);
    writeFileSync(path, 'null');
    await expect(readManifest(wrong)).rejects.toThrow(`${path} is not a JSON object`);
    rmSync(path);
    mkdirSync(path);
    await expect(readManifest(wrong)).rejects.toThrow(`cannot read ${path}: EISDIR`);
  });

  it('says what was prepared, and how, by default', async () => {
    const made = join(folder, 'defaults');
    const train = writeTexts(folder, 'defaults.jsonl', texts.slice(0, 25));
    const found = await prepareTokenShards({
      source: { type: 'files', train },
      directory: made,
      tokenizer: 'embedded',
    });
    expect(found.status).toBe('complete');
    const { size, mtimeMs } = statSync(train);
    const content = await readManifest(made);
    expect(content).toMatchObject({
      format: 'steepest-token-shards',
      version: 2,
      tokenType: 'uint16',
      tokenizer: {
        hash: tokenizer.hash,
        vocabularySize: 4096,
        endOfSequence: 1,
        file: 'tokenizer.json',
        sha256: createHash('sha256')
          .update(readFileSync(join(made, 'tokenizer.json')))
          .digest('hex'),
      },
      seed: null,
      validationFraction: 0.05,
      limits: { shardTokens: 2 ** 28, documents: null, validationDocuments: null },
      source: { type: 'files', train: [{ path: train, bytes: size, modified: mtimeMs }], validation: [] },
      inputs: [
        { name: train, split: 'train', bytes: size, documents: 25, emptyDocuments: 0, malformedLines: 0 },
      ],
      malformedLines: { count: 0, examples: [] },
      splits: { train: { documents: 24 }, validation: { documents: 1 } },
    });
    expect(readFileSync(join(made, 'tokenizer.json'), 'utf8')).toBe(tokenizer.definition);
    expect(
      readdirSync(made)
        .filter((name) => !shardFile.test(name))
        .sort(),
    ).toEqual(['manifest.json', 'tokenizer.json']);
    expect(manifest).toMatchObject({ validationFraction: null, limits: { shardTokens: 300 } });
  });

  it('has ids of 4 bytes where the vocabulary needs them, which are verified and read', async () => {
    const { definition } = tokenizer;
    const content = JSON.parse(definition);
    content.added_tokens.push({ id: 70_000, content: '<far>', special: false });
    const far = await loadTokenizer({ definition: JSON.stringify(content) });
    const made = join(folder, 'far');
    const source = { type: 'texts', train: ['one <far> two', 'three'] } as const;
    await prepareTokenShards({ source, directory: made, tokenizer: far, workers: 0, validationFraction: 0 });
    expect((await readManifest(made)).tokenType).toBe('uint32');
    expect((await verifyTokenShards(made)).problems).toEqual([]);
    const data = await openTextData({
      source: { type: 'prepared', directory: made },
      contextLength: 3,
      batchSize: 1,
      seed: 0,
    });
    expect(Array.from(data.sequence(0))).toContain(70_000);
    const stores = await openShards(made);
    expect(stores.train.identity).not.toBe(stores.validation.identity);
    data.close();
  });

  it('must fit its files', async () => {
    const wrong = copy();
    const { documentsFile, documents } = manifest.splits.train.shards[0]!;
    truncateSync(join(wrong, documentsFile), 4);
    await expect(openShards(wrong)).rejects.toThrow(
      `${join(wrong, documentsFile)} has 4 bytes where the manifest says ${8 * documents}: prepare the data again`,
    );
    rmSync(join(wrong, documentsFile));
    await expect(openShards(wrong)).rejects.toThrow(
      `cannot read the token shard ${join(wrong, documentsFile)}: ENOENT`,
    );
    const other = copy();
    writeFileSync(
      join(other, 'tokenizer.json'),
      (await loadTokenizer('embedded', { prune: { size: 1000 } })).definition,
    );
    await expect(inspectTokenShards(other)).rejects.toThrow(
      `${join(other, 'tokenizer.json')} is not the tokenizer of these shards: put the file back, or prepare the data again`,
    );
  });

  it('closes both sides', async () => {
    const data = await openTextData({
      source: { type: 'prepared', directory },
      contextLength: 4,
      batchSize: 1,
      seed: 0,
    });
    data.close();
    expect(() => data.validation({ sequences: 1 })).toThrow('the token shards are closed');
    expect(() => data.train.next()).toThrow('the token shards are closed');
  });
});

describe('the settings of a preparation', () => {
  const settings = {
    tokenType: 'uint16',
    seed: 1,
    validationFraction: null,
    source: { of: 'x'.repeat(300) },
  } as unknown as PreparationSettings;

  it('must be those that a folder has, or the first that differs is named, cut where it is long', () => {
    expect(() => requireSameSettings('there', settings, { ...settings })).not.toThrow();
    expect(() =>
      requireSameSettings('there', settings, { ...settings, seed: 2, tokenType: 'uint32' }),
    ).toThrow(
      'there holds shards of other settings: tokenType is "uint16" there and "uint32" here; ' +
        'give another folder, or remove this one to start over',
    );
    const { seed: _, ...without } = settings;
    expect(() => requireSameSettings('there', without as PreparationSettings, settings)).toThrow(
      'seed is missing there and 1 here',
    );
    const long = { ...settings, source: { of: 'y'.repeat(300) } };
    expect(() => requireSameSettings('there', settings, long)).toThrow(
      `source is {"of":"${'x'.repeat(193)}… there and {"of":"${'y'.repeat(193)}… here`,
    );
    const exact = { ...settings, source: { of: 'y'.repeat(191) } };
    expect(() => requireSameSettings('there', settings, exact)).toThrow(`${'y'.repeat(191)}"} here`);
  });

  it('are kept in a state that begins with nothing, and an unreadable one is an error', async () => {
    const made = join(folder, 'states');
    mkdirSync(made);
    await writeState(made, initialState(settings));
    const { checksum: _, ...content } = JSON.parse(readFileSync(statePath(made), 'utf8'));
    expect(content).toEqual({
      settings,
      inputs: [],
      malformedExamples: [],
      current: { documents: 0, emptyDocuments: 0 },
      documentsToSplit: 0,
      splits: { train: { complete: [], open: null }, validation: { complete: [], open: null } },
    });
    rmSync(statePath(made));
    mkdirSync(statePath(made));
    await expect(prepareFiles([join(folder, 'a.jsonl')], made)).rejects.toThrow('EISDIR');
    expect(existsSync(join(made, 'prepare.lock'))).toBe(false);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ directory: 5 }, 'directory must be the path of a folder, got 5 (number)'],
    [{ shardTokens: 0 }, 'shardTokens must be an integer of 1 or more, got 0 (number)'],
    [{ documents: 0 }, 'documents must be an integer of 1 or more, got 0 (number)'],
    [{ validationDocuments: 0 }, 'validationDocuments must be an integer of 1 or more, got 0 (number)'],
    [{ seed: -1 }, 'seed must be an integer of 0 or more, got -1 (number)'],
    [{ workers: 1025 }, 'workers must be at most 1024 threads, got 1025 (number)'],
    [{ validationFraction: -0.1 }, 'validationFraction must be a number of at least 0 and below 1, got -0.1'],
    [{ validationFraction: '0' }, 'validationFraction must be a number of at least 0 and below 1, got "0"'],
    [{ checkpointSeconds: 'x' }, 'checkpointSeconds must be a number of at least 0, got "x" (string)'],
    [{ source: 5 }, 'source must be { type:'],
    [{ source: { type: 'prepared', directory: 'x' } }, 'source must be { type:'],
    [{ tokenizer: 5 }, "tokenizer must be 'embedded'"],
    [
      { source: { type: 'texts', train: ['a'], validation: ['b'] }, validationFraction: 0.1 },
      'the source has validation documents of its own: leave validationFraction out',
    ],
    [
      { validationDocuments: 1 },
      'validationDocuments needs a source with validation documents: use validationFraction',
    ],
  ])('are refused where they are %j', async (changes, message) => {
    const options = {
      source: { type: 'texts', train: ['a'] },
      directory: join(folder, 'never'),
      tokenizer: 'embedded',
      workers: 0,
    };
    await expect(prepareTokenShards({ ...options, ...changes } as never)).rejects.toThrow(message);
    expect(existsSync(join(folder, 'never', 'manifest.json'))).toBe(false);
  });

  it('take every bound that they may have', async () => {
    const made = join(folder, 'bounds');
    const source = { type: 'texts', train: ['one two', 'three'], validation: ['four', 'five'] } as const;
    const { status } = await prepareTokenShards({
      source,
      directory: made,
      tokenizer: 'embedded',
      workers: 0,
      shardTokens: 1,
      documents: 1,
      validationDocuments: 1,
      seed: 0,
      checkpointSeconds: 0,
    });
    expect(status).toBe('complete');
    const { splits, limits, seed } = await readManifest(made);
    expect([splits.train.documents, splits.validation.documents, limits, seed]).toEqual([
      1,
      1,
      { shardTokens: 1, documents: 1, validationDocuments: 1 },
      0,
    ]);
  });
});

describe('a preparation', () => {
  it('removes what a killed process was about to write, and nothing else', async () => {
    const made = join(folder, 'leftovers');
    mkdirSync(made);
    const leftovers = [
      'prepare.lock.x-1.stale',
      'manifest.json.12-abc.partial',
      'tokenizer.json.12-abc.partial',
      'prepare.state.json.1-.partial',
      'train-00000.checksums.12-a.partial',
      'validation-123456.checksums.12-a.partial',
    ];
    const others = [
      'my.prepare.lock.x',
      'prepare.lock.',
      'manifest.json.12-abc.partial.txt',
      'x.manifest.json.12-abc.partial',
      'manifest.json.abc.partial',
      'manifest.json.12abc.partial',
      'manifest_json.12-abc.partial',
      'test-00000.checksums.12-a.partial',
      'train-.checksums.12-a.partial',
    ];
    for (const name of [...leftovers, ...others]) writeFileSync(join(made, name), 'x');
    await prepareFiles([join(folder, 'a.jsonl')], made);
    const there = readdirSync(made);
    expect(leftovers.filter((name) => there.includes(name))).toEqual([]);
    expect(others.filter((name) => !there.includes(name))).toEqual([]);
    expect(there).not.toContain('prepare.state.json');
  });

  it('is ended by its signal before it begins, and says so', async () => {
    const made = join(folder, 'ended');
    const controller = new AbortController();
    controller.abort();
    const ended = { status: 'interrupted' };
    expect(await prepareFiles([join(folder, 'a.jsonl')], made, { signal: controller.signal })).toEqual(ended);
    expect(readdirSync(made)).toEqual([]);
  });

  it('tells how fast this process is, and how long it takes, after what an earlier one has done', async () => {
    const made = join(folder, 'resumed');
    // A hundred shards of one document each, so that every one is a step.
    const source = {
      describe: async () => ({ type: 'made up' }),
      shards: async (split: string) =>
        split === 'train'
          ? Array.from({ length: 10 }, (_, index) => ({
              name: `${index}`,
              bytes: 100,
              async *open({ onBytes }: { onBytes?: ((bytes: number) => void) | undefined } = {}) {
                onBytes?.(100);
                yield { text: `document ${index}`, timestamp: null, url: null, location: 'here' };
              },
            }))
          : [],
    };
    const options = {
      source,
      directory: made,
      tokenizer: 'embedded',
      workers: 0,
      validationFraction: 0,
    } as const;
    const stop = new AbortController();
    const first: PreparationProgress[] = [];
    await prepareTokenShards({
      ...options,
      checkpointSeconds: 0,
      signal: stop.signal,
      onProgress: (event) => {
        first.push(event);
        if (event.documents === 4) stop.abort();
      },
    });
    const second: PreparationProgress[] = [];
    await prepareTokenShards({ ...options, onProgress: (event) => second.push(event) });
    const tokensOf = (documents: number) =>
      Array.from(
        { length: documents },
        (_, index) => tokenizer.encode(`document ${index}`).length + 1,
      ).reduce((sum, one) => sum + one, 0);
    const done = first.at(-1)!.documents;
    expect(second.map(({ documents }) => documents)).toEqual(
      Array.from({ length: 10 - done }, (_, index) => done + index + 1),
    );
    for (const { documents, tokens: count, seconds, tokensPerSecond, fraction, secondsLeft } of second) {
      expect(count).toBe(tokensOf(documents));
      expect(tokensPerSecond).toBeCloseTo((tokensOf(documents) - tokensOf(done)) / seconds, 6);
      // Some of what is ahead may have been read already.
      expect(fraction).toBeGreaterThanOrEqual(documents / 10);
      if (fraction! > done / 10)
        expect(secondsLeft).toBeCloseTo((seconds * (1 - fraction!)) / (fraction! - done / 10), 6);
    }
    expect(second.at(-1)).toMatchObject({ fraction: 1, secondsLeft: 0 });
  });
});

describe('the verification', () => {
  it('tells how much it has read after each shard', async () => {
    const events: VerificationProgress[] = [];
    const started = performance.now();
    await verifyTokenShards(directory, (event) => events.push(event));
    const sizes = [...manifest.splits.train.shards, ...manifest.splits.validation.shards].map(
      (shard) => shard.tokens,
    );
    const all = sizes.reduce((sum, size) => sum + size, 0);
    let read = 0;
    for (const [index, { tokens: count, fraction, seconds }] of events.entries()) {
      read += sizes[index]!;
      expect([count, fraction]).toEqual([read, read / all]);
      expect(seconds).toBeLessThanOrEqual((performance.now() - started) / 1000);
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    expect(events).toHaveLength(sizes.length);
  });

  const problemsOf = async (path: string) =>
    (await verifyTokenShards(path)).problems.map(({ file, problem }) => `${file} ${problem}`);

  it('names what cannot be read, and an index that ends elsewhere than its tokens', async () => {
    const wrong = copy();
    const { tokensFile, documentsFile, documents } = manifest.splits.train.shards[0]!;
    rmSync(join(wrong, 'tokenizer.json'));
    rmSync(join(wrong, 'validation-00000.checksums'));
    mkdirSync(join(wrong, 'validation-00000.checksums'));
    const path = join(wrong, documentsFile);
    const index = new Uint32Array(Uint8Array.from(readFileSync(path)).buffer);
    const end = index[2 * documents - 2]!;
    index[2 * documents - 2] = end + 5;
    index[2 * documents - 1]! += 3;
    writeFileSync(path, index);
    const { bytes, tokens: count } = manifest.splits.train.shards[0]!;
    expect(await problemsOf(wrong)).toEqual([
      'tokenizer.json is missing or cannot be read',
      `${documentsFile} its last document ends at token ${count + 5}, the shard at ${count}`,
      `${documentsFile} its documents have ${bytes + 3} bytes of text, the manifest says ${bytes}`,
      expect.stringMatching(
        /^train-00000\.documents has SHA-256 \w{64} where the manifest says \w{64}: its bytes have changed$/,
      ),
      expect.stringMatching(/^validation-00000\.checksums cannot be read: EISDIR/),
    ]);
    expect(tokensFile).toBe('train-00000.tokens');
  });

  it('names the first document of two tokens or more that an index does not have', async () => {
    const wrong = copy();
    const { documentsFile } = manifest.splits.train.shards[1]!;
    const path = join(wrong, documentsFile);
    const index = new Uint32Array(Uint8Array.from(readFileSync(path)).buffer);
    const first = index[0]!;
    index[2] = first + 1;
    writeFileSync(path, index);
    const problems = await problemsOf(wrong);
    expect(problems).toContain(
      `${documentsFile} document 1 ends at token ${first + 1}, the one before at ${first}`,
    );
    index[2] = first + 2;
    writeFileSync(path, index);
    expect((await problemsOf(wrong)).filter((problem) => problem.includes('the one before'))).toEqual([]);
  });

  it('names sums that do not add up, on each side and of both', async () => {
    const wrong = copy();
    const { validation, train } = manifest.splits;
    rewrite(wrong, ({ splits, inputs }) => {
      splits.validation.tokens += 1;
      splits.validation.bytes -= 1;
      inputs[0].emptyDocuments += 2;
    });
    expect(await problemsOf(wrong)).toEqual([
      `manifest.json says validation tokens ${validation.tokens + 1}, but its parts have ${validation.tokens}`,
      `manifest.json says validation bytes ${validation.bytes - 1}, but its parts have ${validation.bytes}`,
      `manifest.json says documents of both sides ${train.documents + validation.documents}, but its parts have ${train.documents + validation.documents - 2}`,
    ]);
    await expect(openShards(wrong)).rejects.toThrow(`${join(wrong, 'manifest.json')} says validation tokens`);
  });
});

it('a folder that NumPy has written is verified as it is', async () => {
  const made = fileURLToPath(new URL('../fixtures/numpy-shards', import.meta.url));
  // Its tokenizer is none.
  const { problems, shards } = await verifyTokenShards(made);
  expect(shards).toBe(3);
  expect(problems.filter(({ file }) => shardFile.test(file))).toEqual([]);
});
