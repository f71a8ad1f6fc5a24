import { execFile } from 'node:child_process';
import {
  existsSync,
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
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openTextData, type TextDataOptions, type TokenizingProgress } from '../src/index.ts';

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
