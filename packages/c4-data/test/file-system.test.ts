import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** What was done to files, in order, and what is to fail instead. */
const log: string[] = [];
let failure: ((call: string) => string | undefined) | undefined;
let withoutNumbers = false;

function note(what: string, path: unknown): void {
  const call = `${what} ${basename(String(path)).replace(/\.\d+-\w+\.partial$/, '.partial')}`;
  const code = failure?.(call);
  if (code !== undefined) throw Object.assign(new Error(`${code}: ${call}`), { code, path: String(path) });
  log.push(call);
}

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const open: typeof fs.open = async (path, flags, mode) => {
    if (flags !== 'r') note('open', path);
    const handle = await real.open(path, flags, mode);
    const watch = (method: 'write' | 'writeFile' | 'sync' | 'datasync', name: string) => {
      const original = handle[method].bind(handle) as (...args: unknown[]) => Promise<unknown>;
      handle[method] = (async (...args: unknown[]) => {
        note(name, path);
        return original(...args);
      }) as never;
    };
    watch('write', 'write');
    watch('writeFile', 'write');
    watch('sync', 'sync');
    watch('datasync', 'sync');
    return handle;
  };
  const rename: typeof fs.rename = async (from, to) => {
    note('rename', to);
    return real.rename(from, to);
  };
  const stat = (async (path: string) => {
    const info = await real.stat(path);
    // As on file systems that number no files.
    return withoutNumbers ? Object.assign(info, { ino: 0 }) : info;
  }) as typeof fs.stat;
  return { ...real, open, rename, stat };
});

const { makeFolder, writeAtomically } = await import('../src/atomic-file.ts');
const { lockFolder } = await import('../src/tokens/shards/folder-lock.ts');
const { SplitWriter, nothingWritten } = await import('../src/tokens/shards/shard-writer.ts');
const { prepareTokenShards } = await import('../src/tokens/shards/prepare.ts');
const { writeCachedTokens } = await import('../src/tokens/cache/token-cache.ts');
const { openHubFile } = await import('../src/sources/hub/open-file.ts');
const { resolveHubSettings } = await import('../src/sources/hub/settings.ts');
const { listSourceFiles } = await import('../src/sources/files/list-files.ts');

const root = mkdtempSync(join(tmpdir(), 'steepest-files-'));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  log.length = 0;
});
afterEach(() => {
  failure = undefined;
  withoutNumbers = false;
});
afterAll(() => rmSync(root, { recursive: true }));

describe('an atomic file', () => {
  it('is written, flushed, renamed, and its name is flushed with its folder', async () => {
    await writeAtomically(join(folder, 'a.json'), ['one ', Buffer.from('two')]);
    expect(log).toEqual([
      'open a.json.partial',
      'write a.json.partial',
      'write a.json.partial',
      'sync a.json.partial',
      'rename a.json',
      `sync ${basename(folder)}`,
    ]);
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('one two');
  });

  it.each(['write a.json.partial', 'sync a.json.partial', 'rename a.json'])(
    'stays as it was where %s fails, and nothing else is left',
    async (call) => {
      await writeAtomically(join(folder, 'a.json'), 'before');
      failure = (made) => (made === call ? 'ENOSPC' : undefined);
      await expect(writeAtomically(join(folder, 'a.json'), 'after')).rejects.toThrow('ENOSPC');
      expect(readdirSync(folder)).toEqual(['a.json']);
      expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('before');
    },
  );
});

describe('a shard', () => {
  const run = (lengths: number[]) => ({
    tokens: new Uint16Array(lengths.reduce((sum, length) => sum + length, 0)).fill(7),
    lengths,
    bytes: lengths,
  });
  const open = (limit: number) =>
    SplitWriter.open(folder, 'train', { limit, bytesPerToken: 2, progress: nothingWritten });

  it('is flushed before anything says that it is complete', async () => {
    const writer = await open(10);
    await writer.append(run([4, 4]));
    log.length = 0;
    await writer.append(run([4]));
    const complete = [
      'sync train-00000.tokens',
      'sync train-00000.documents',
      'open train-00000.checksums.partial',
      'write train-00000.checksums.partial',
      'sync train-00000.checksums.partial',
      'rename train-00000.checksums',
      `sync ${basename(folder)}`,
    ];
    expect(log.slice(0, complete.length)).toEqual(complete);
    // The next shard's names are durable before a state can speak of its bytes.
    expect(log.slice(complete.length)).toEqual([
      'open train-00001.tokens',
      'open train-00001.documents',
      `sync ${basename(folder)}`,
      'write train-00001.tokens',
      'write train-00001.documents',
    ]);
    await writer.close();
  });

  it('is flushed before a state says how far it is', async () => {
    const writer = await open(100);
    await writer.append(run([4, 4]));
    log.length = 0;
    await writer.progress();
    expect(log).toEqual(['sync train-00000.tokens', 'sync train-00000.documents']);
    await writer.close();
  });

  it('takes documents up to its limit, and none beyond it', async () => {
    for (const [lengths, shards] of [
      [[4, 6], [10]],
      [
        [4, 6, 1],
        [10, 1],
      ],
      [
        [4, 7],
        [4, 7],
      ],
      [
        [10, 10],
        [10, 10],
      ],
      [
        [11, 1, 9],
        [11, 10],
      ],
    ] as const) {
      for (const together of [true, false]) {
        const writer = await open(10);
        if (together) await writer.append(run([...lengths]));
        else for (const length of lengths) await writer.append(run([length]));
        const { shards: written } = await writer.finish();
        expect(written.map(({ tokens }) => tokens)).toEqual(shards);
      }
    }
  });
});

describe('a folder', () => {
  it('is made with those above it, and is there already when it is asked for again', async () => {
    const deep = join(folder, 'a', 'b', 'c');
    await Promise.all([makeFolder(deep), makeFolder(deep)]);
    await makeFolder(deep);
    expect(existsSync(deep)).toBe(true);
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toThrow('EEXIST');
    await expect(makeFolder(join(folder, 'file', 'x'))).rejects.toThrow('ENOTDIR');
  });

  it.skipIf(process.platform !== 'linux')(
    'is an error where the system lets none be made in one that is there',
    async () => {
      await expect(makeFolder('/proc/steepest/x')).rejects.toThrow(/ENOENT.*'\/proc\/steepest'/);
    },
  );
});

describe('the lock of a folder', () => {
  const prepare = () =>
    prepareTokenShards({
      source: { type: 'embedded' },
      tokenizer: 'embedded',
      documents: 1,
      workers: 0,
      directory: folder,
    });

  it('leaves nothing behind on a full disk, and is taken once there is room', async () => {
    failure = (call) => (call === 'write prepare.lock' ? 'ENOSPC' : undefined);
    await expect(prepare()).rejects.toThrow(
      /^the disk with .* is full \(ENOSPC.*prepare\.lock\): free some space, and the same command continues/,
    );
    expect(readdirSync(folder)).toEqual([]);
    failure = undefined;
    const release = await lockFolder(folder);
    await release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names the folder that cannot be written', async () => {
    failure = (call) => (call === 'open prepare.lock' ? 'EACCES' : undefined);
    await expect(prepare()).rejects.toThrow(`the folder ${folder} cannot be written (EACCES`);
  });
});

it('files are told apart by their paths where the file system does not number them', async () => {
  const [one, two] = ['one.jsonl', 'two.jsonl'].map((name) => join(folder, name)) as [string, string];
  for (const path of [one, two]) writeFileSync(path, '{"text":"x"}');
  withoutNumbers = true;
  expect(await listSourceFiles([one, two], 'train')).toHaveLength(2);
  await expect(listSourceFiles([one, one], 'train')).rejects.toThrow(
    'one.jsonl is listed twice as a train file',
  );
});

describe('a token cache', () => {
  const store = {
    tokens: Uint16Array.of(1, 2),
    documentLengths: Uint32Array.of(2),
    documentBytes: Uint32Array.of(3),
    malformed: [],
    hash: 'x',
  };

  it('is written tokens first, so that an index is never without them', async () => {
    await writeCachedTokens(folder, 'k', 'source', store);
    expect(log.filter((call) => call.startsWith('rename'))).toEqual(['rename k.tokens', 'rename k.json']);
  });

  it.each(['ENOSPC', 'EDQUOT'])('says that the disk is full (%s)', async (code) => {
    failure = (call) => (call.startsWith('write k.tokens') ? code : undefined);
    await expect(writeCachedTokens(folder, 'k', 'source', store)).rejects.toThrow(
      /^the disk with cacheDirectory .* is full \(.*\): free some space, or leave cacheDirectory out$/,
    );
  });
});

it('a file of the hub is flushed before it has its name, and what is known of it lies there from its first byte on', async () => {
  const content = Buffer.from('content');
  const fetch = (async () => new Response(content)) as unknown as typeof globalThis.fetch;
  const settings = resolveHubSettings(
    { endpoint: 'http://hub.test', cacheDirectory: folder, token: false, fetch },
    {},
  );
  const file = {
    repository: { type: 'model', name: 'a/b' },
    revision: 'a'.repeat(40),
    path: 'f',
    alternative: '',
    mostBytes: 100,
  } as const;
  const checksum = {
    algorithm: 'sha256',
    value: createHash('sha256').update(content).digest('hex'),
  } as const;
  const opened = await openHubFile(file, { bytes: content.length, checksum }, settings);
  await opened.examine(undefined);
  await opened.close();
  const calls = log.filter((call) => /^(write f\.partial|sync f\.partial|rename)|^sync a{40}/.test(call));
  expect(calls).toEqual([
    'rename f.facts.json',
    `sync ${'a'.repeat(40)}`,
    'write f.partial',
    'sync f.partial',
    'rename f',
    `sync ${'a'.repeat(40)}`,
  ]);
});
