import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type MalformedLine,
  openTextData,
  type TextDataOptions,
  type TokenizingProgress,
} from '../src/index.ts';
import { readCachedTokens, writeCachedTokens } from '../src/tokens/cache/token-cache.ts';
import { allocateTokens, hashTokens } from '../src/tokens/memory-store.ts';

const root = mkdtempSync(join(tmpdir(), 'steepest-cache-'));
afterAll(() => rmSync(root, { recursive: true }));
const train = join(root, 'documents.jsonl');
writeFileSync(
  train,
  Array.from({ length: 400 }, (_, index) => JSON.stringify({ text: `document ${index} has words` })).join(
    '\n',
  ),
);
let cacheDirectory = root;
beforeEach(() => {
  cacheDirectory = join(mkdtempSync(join(root, 'case-')), 'made', 'here');
});

const options = (): TextDataOptions => ({
  source: { type: 'files', train },
  tokenizer: 'embedded',
  contextLength: 8,
  batchSize: 2,
  seed: 3,
  cacheDirectory,
});

/** Opens the data; `tokenized` tells whether the text was read anew. */
async function openAndWatch(changes: Partial<TextDataOptions> = {}) {
  const progress: TokenizingProgress[] = [];
  const data = await openTextData({ ...options(), onProgress: (event) => progress.push(event), ...changes });
  return { data, tokenized: progress.length > 0, progress };
}

describe('the token cache', () => {
  it('gives the second opening the same batches without reading the text', async () => {
    const first = await openAndWatch();
    const second = await openAndWatch();
    expect([first.tokenized, second.tokenized]).toEqual([true, false]);
    expect(second.data.tokenCounts).toEqual(first.data.tokenCounts);
    expect(second.data.train.position()).toEqual(first.data.train.position());
    for (let step = 0; step < 20; step += 1)
      expect(second.data.train.next()).toEqual(first.data.train.next());
  });

  it('gives the same batches as no cache', async () => {
    await openAndWatch();
    const cached = await openAndWatch();
    const { cacheDirectory: _, ...without } = options();
    const plain = await openTextData(without);
    expect(cached.data.train.position()).toEqual(plain.train.position());
    expect(cached.data.train.next()).toEqual(plain.train.next());
    expect(cached.data.validation({ sequences: 3 })).toEqual(plain.validation({ sequences: 3 }));
  });

  it('serves every contextLength, seed and split, and nothing else', async () => {
    await openAndWatch();
    expect((await openAndWatch({ contextLength: 5, seed: 9, validationFraction: 0.2 })).tokenized).toBe(
      false,
    );
    utimesSync(train, new Date(), new Date(Date.now() + 5000));
    expect((await openAndWatch()).tokenized).toBe(true);
  });

  it('makes anew what is cut short or unreadable as JSON', async () => {
    const { data } = await openAndWatch();
    for (const ending of ['.tokens', '.json']) {
      const file = readdirSync(cacheDirectory).find((name) => name.endsWith(ending))!;
      truncateSync(join(cacheDirectory, file), 10);
      const again = await openAndWatch();
      expect(again.tokenized).toBe(true);
      expect(again.data.train.position()).toEqual(data.train.position());
    }
    expect((await openAndWatch()).tokenized).toBe(false);
  });

  it('notices every kind of changed byte, says so, and makes the tokens anew', async () => {
    const malformed = join(root, 'with-malformed.jsonl');
    writeFileSync(malformed, `${readFileSync(train, 'utf8')}\nbroken\n`);
    const reports: string[] = [];
    const changes = {
      source: { type: 'files', train: malformed },
      onMalformed: ({ line, reason }: MalformedLine) => void reports.push(`${line} ${reason}`),
    } as const;
    const { data } = await openAndWatch(changes);
    const expected = [data.train.next(), data.validation({ sequences: 3 })];
    const files = readdirSync(cacheDirectory).map((name) => join(cacheDirectory, name));
    const [index, tokens] = [
      files.find((file) => file.endsWith('.json'))!,
      files.find((file) => file.endsWith('.tokens'))!,
    ];
    const text = readFileSync(index, 'utf8');
    /** Of the lengths, the bytes and the malformed lines, some digit or letter each. */
    const places = [
      '"tokenCount":',
      '"documents":',
      '"hash":"',
      '"documentLengths":[\n',
      '"documentBytes":[\n',
      '"reason":"',
      '"checksum":"',
    ].map((mark) => text.indexOf(mark) + mark.length);
    const damages: [string, number][] = [
      ...places.map((at): [string, number] => [index, at]),
      [tokens, 0],
      [tokens, 1001],
    ];
    const warnings: string[] = [];
    // The texts of this test fit the embedded tokenizer poorly, which is another warning.
    const listen = ({ message }: Error) => message.startsWith('the token cache') && warnings.push(message);
    process.on('warning', listen);
    try {
      for (const [file, at] of damages) {
        const whole = readFileSync(file);
        const damaged = Buffer.from(whole);
        damaged[at]! ^= 1;
        writeFileSync(file, damaged);
        reports.length = 0;
        const again = await openAndWatch(changes);
        expect(again.tokenized, `${file} ${at}`).toBe(true);
        expect([again.data.train.next(), again.data.validation({ sequences: 3 })]).toEqual(expected);
        expect(reports).toEqual([expect.stringMatching(/^401 not a JSON object/)]);
        expect(readFileSync(file).equals(whole)).toBe(true);
        expect((await openAndWatch(changes)).tokenized).toBe(false);
      }
      await vi.waitUntil(() => warnings.length >= damages.length);
    } finally {
      process.off('warning', listen);
    }
    for (const warning of warnings) {
      expect(warning).toMatch(
        /^the token cache .*\.json is damaged \(its (index|tokens) .*\): it is rebuilt$/,
      );
    }
  });

  it('does not take memory for what a header states', async () => {
    await openAndWatch();
    const index = join(cacheDirectory, readdirSync(cacheDirectory).find((name) => name.endsWith('.json'))!);
    const text = readFileSync(index, 'utf8');
    for (const field of ['documents', 'tokenCount']) {
      writeFileSync(index, text.replace(new RegExp(`"${field}":\\d+`), `"${field}":4503599627370495`));
      expect((await openAndWatch()).tokenized).toBe(true);
    }
  });

  it('is one JSON object, however many lines it is written in', async () => {
    const store = {
      tokens: Uint16Array.from({ length: 30_000 }, (_, index) => index % 4096),
      documentLengths: new Uint32Array(10_000).fill(3),
      documentBytes: Uint32Array.from({ length: 10_000 }, (_, index) => index),
      malformed: Array.from({ length: 5 }, (_, line) => ({
        file: 'a\nb',
        line: line + 1,
        reason: '],"checksum":"',
      })),
    };
    const hash = hashTokens(store.tokens, store.documentLengths);
    mkdirSync(cacheDirectory, { recursive: true });
    await writeCachedTokens(cacheDirectory, 'key', 'the source', { ...store, hash });
    expect(JSON.parse(readFileSync(join(cacheDirectory, 'key.json'), 'utf8'))).toMatchObject({
      schemaVersion: 3,
      source: 'the source',
      tokenCount: 30_000,
      documentLengths: [...store.documentLengths],
      documentBytes: [...store.documentBytes],
      malformed: store.malformed,
    });
    expect(await readCachedTokens(cacheDirectory, 'key')).toEqual({ ...store, hash });
    // As written at once: SHA-256 of the tokens' bytes and the lengths with commas between them.
    const expected = createHash('sha256').update(store.tokens).update(store.documentLengths.join());
    expect(hash).toBe(expected.digest('hex'));
  });

  // Takes 4 GiB of memory and of disk, and some minutes on a slow one.
  const gigabytes = Number(process.env.C4_DATA_LONG_TEST_GIGABYTES ?? 0);
  it.skipIf(gigabytes < 2)('is read again above 2 GiB of tokens', { timeout: 600_000 }, async () => {
    const tokens = new Uint16Array(2 ** 30 + 8);
    for (let index = 0; index < tokens.length; index += 999) tokens[index] = index;
    const documentLengths = Uint32Array.of(tokens.length);
    const store = { tokens, documentLengths, documentBytes: Uint32Array.of(5), malformed: [] };
    mkdirSync(cacheDirectory, { recursive: true });
    const hash = hashTokens(tokens, documentLengths);
    await writeCachedTokens(cacheDirectory, 'key', 'the source', { ...store, hash });
    const again = await readCachedTokens(cacheDirectory, 'key');
    expect(Buffer.compare(new Uint8Array(again!.tokens.buffer), new Uint8Array(tokens.buffer))).toBe(0);
  });

  it('says what would take less memory where the tokens do not fit', () => {
    expect(() => allocateTokens(2, 2 ** 52)).toThrow(
      /^4503599627370496 tokens of 2 bytes do not fit in memory \(.*\): prepare them as shards/,
    );
  });

  it('keeps raw little-endian integers and leaves no partial file', async () => {
    const { data } = await openAndWatch({ validationFraction: 0 });
    const names = readdirSync(cacheDirectory).sort();
    expect(names.map((name) => name.replace(/^[0-9a-f]{32}/, ''))).toEqual(['.json', '.tokens']);
    const bytes = readFileSync(join(cacheDirectory, names[1]!));
    const ids = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16LE(2 * index));
    expect(ids).toHaveLength(data.tokenCounts.train);
    expect(data.tokenizer.decode(ids.slice(0, ids.indexOf(1)))).toBe('document 0 has words');
  });

  it('survives two processes that fill it at once', async () => {
    const program = `
      import { openTextData } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
      const data = await openTextData(${JSON.stringify(options())});
      console.log(JSON.stringify([data.train.position(), Array.from(data.train.next().tokens)]));`;
    const script = join(root, 'open.mts');
    writeFileSync(script, program);
    const cwd = new URL('../../../', import.meta.url).pathname;
    const run = () =>
      promisify(execFile)(process.execPath, ['--conditions=@steepest/source', '--import', 'tsx', script], {
        cwd,
      });
    const [one, two] = await Promise.all([run(), run()]);
    expect(one.stdout).toBe(two.stdout);
    const third = await openAndWatch();
    expect(third.tokenized).toBe(false);
    expect(JSON.stringify([third.data.train.position(), Array.from(third.data.train.next().tokens)])).toBe(
      one.stdout.trim(),
    );
    expect(readdirSync(cacheDirectory)).toHaveLength(2);
  });

  it('says before any work that its folder cannot be written', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    const progress: TokenizingProgress[] = [];
    await expect(
      openTextData({
        ...options(),
        cacheDirectory: join(file, 'cache'),
        onProgress: (event) => progress.push(event),
      }),
    ).rejects.toThrow(
      /cacheDirectory .*a-file\/cache is not writable \(ENOTDIR.*or leave cacheDirectory out/,
    );
    expect(progress).toEqual([]);
    expect(existsSync(join(file, 'cache'))).toBe(false);
  });

  it('opens the embedded corpus without tokenizing once it is filled', async () => {
    const source = { type: 'embedded' } as const;
    const first = await openAndWatch({ source, contextLength: 128 });
    expect(first.progress.at(-1)).toMatchObject({ phase: 'tokenizing', documents: 5064 });
    const { data, tokenized } = await openAndWatch({ source, contextLength: 128 });
    expect(tokenized).toBe(false);
    expect(data.tokenCounts.train + data.tokenCounts.validation).toBe(first.progress.at(-1)!.tokens);
  });
});
