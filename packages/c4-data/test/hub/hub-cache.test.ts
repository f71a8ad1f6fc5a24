import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import type { C4HubOptions } from '../../src/sources/hub/c4-hub.ts';
import { cachePaths, makeRoom } from '../../src/sources/hub/cache.ts';
import { fetchHubFile } from '../../src/sources/hub/fetch-hub-file.ts';
import { Lease, leaseHolds } from '../../src/sources/hub/lease.ts';
import { resolveHubSettings } from '../../src/sources/hub/settings.ts';
import {
  C4,
  makeTexts,
  readAll,
  readTexts,
  shardBytes,
  shardPath,
  texts,
  toLines,
  useHub,
} from './shard-fixture.ts';

const { context, openShard, options } = useHub();
const size = shardBytes.length;
const pinnedCommit = '1ddc917116b730e1859edef32896ec5c16be51d0';

const inCache = (path = shardPath, revision = pinnedCommit) =>
  join(context.cacheDirectory, 'datasets--allenai--c4', revision, path);
const filesInCache = () =>
  readdirSync(context.cacheDirectory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
const storageRequests = () => context.hub.requests.filter(({ server }) => server === 'storage');
const digest = createHash('sha256')
  .update(texts.map((text) => `${text}\n`).join(''))
  .digest('hex');

const program = ['--conditions=@steepest/source', '--import', 'tsx'];
const script = fileURLToPath(new URL('./reading-process.ts', import.meta.url));
const processOptions = { cwd: fileURLToPath(new URL('../../../../', import.meta.url)) };
const argumentsFor = (changes: Partial<C4HubOptions> = {}) => [
  ...program,
  script,
  JSON.stringify(options(changes)),
];

describe('the cache', () => {
  it('gives a shard again without a request, and holds nothing but it and what the hub states', async () => {
    await readAll(await openShard());
    context.hub.reset();
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(context.hub.requests).toEqual([]);
    expect(filesInCache()).toEqual([shardPath.slice(3), `${shardPath.slice(3)}.facts.json`]);
    expect(readFileSync(inCache())).toEqual(shardBytes);
  });

  it('gets a damaged file anew, and leaves it alone offline', async () => {
    await readAll(await openShard());
    const damaged = Buffer.from(shardBytes);
    damaged[size - 30]! ^= 1;
    writeFileSync(inCache(), damaged);
    await expect(readAll(await openShard({ offline: true }))).rejects.toThrow(
      / in the cache .* is damaged, and offline mode is on \(the option offline\): remove it and read it with the network$/,
    );
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(readFileSync(inCache())).toEqual(shardBytes);
  });

  it('serves two readers in one process with one download', async () => {
    context.hub.misbehaviors.push({ type: 'slow', pieces: 20 });
    const shard = await openShard();
    const both = await Promise.all([readTexts(shard), readTexts(await openShard())]);
    expect(both).toEqual([texts, texts]);
    expect(storageRequests()).toHaveLength(1);
  });

  it('serves two processes with one download', async () => {
    context.hub.misbehaviors.push({ type: 'slow', pieces: 400 });
    const read = () => promisify(execFile)(process.execPath, argumentsFor(), processOptions);
    const [one, two] = await Promise.all([read(), read()]);
    expect([one.stdout.trim(), two.stdout.trim()]).toEqual([digest, digest]);
    expect(storageRequests()).toHaveLength(1);
    expect(filesInCache()).toHaveLength(2);
  });

  it('takes up what a killed process had downloaded', async () => {
    context.hub.misbehaviors.push({ type: 'stall', after: 4000 });
    const child: ChildProcess = spawn(process.execPath, argumentsFor({ stallSeconds: 60 }), processOptions);
    const partial = `${inCache()}.partial`;
    while (!existsSync(partial) || statSync(partial).size < 4000) await sleep(20);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(filesInCache().filter((name) => /\.(get|use)-/.test(name))).toHaveLength(2);
    context.hub.reset();
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(storageRequests().map(({ range }) => range)).toEqual(['bytes=4000-']);
    expect(filesInCache().filter((name) => /\.get-/.test(name))).toEqual([]);
  });

  it('does not trust what it takes up: the whole is checked', async () => {
    mkdirSync(dirname(inCache()), { recursive: true });
    const wrong = Buffer.from(shardBytes.subarray(0, 4000));
    wrong[2000]! ^= 1;
    writeFileSync(`${inCache()}.partial`, wrong);
    const outcome = await readTexts(await openShard()).catch((error: Error) => error.message);
    if (typeof outcome === 'string') expect(outcome).toMatch(/discard what was read of it/);
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(readFileSync(inCache())).toEqual(shardBytes);
  });

  it('says that its folder cannot be made', async () => {
    const file = join(context.cacheDirectory, 'a-file');
    writeFileSync(file, '');
    const shard = await openShard({ cacheDirectory: file });
    await expect(readAll(shard)).rejects.toThrow(
      /^the hub's cacheDirectory .*a-file is not writable \(E.*\): give a folder that can be written$/,
    );
  });
});

describe('the size of the cache', () => {
  const names = [4, 5, 6].map((index) => `en/c4-train.0000${index}-of-01024.json.gz`);
  const shards = names.map((_, index) => gzipSync(toLines(makeTexts(200, index + 2))));
  const bytes = shards[0]!.length;
  const fill = async (changes: Partial<C4HubOptions>) => {
    for (const [index, name] of names.entries()) context.hub.add(C4, name, shards[index]!);
    for (const index of [4, 5, 6]) {
      await readAll(await openShard({ train: { shards: [index] }, ...changes }));
      // Times of use in the order of use, whatever the clock's resolution.
      const when = new Date(Date.now() - (10 - index) * 1000);
      if (existsSync(inCache(names[index - 4]))) utimesSync(inCache(names[index - 4]), when, when);
    }
  };

  it('is kept by removing the shards used longest ago', async () => {
    await fill({});
    // Reading a shard again makes it the one to keep.
    await readAll(await openShard({ train: { shards: [4] } }));
    await readAll(await openShard({ cacheBytes: 3 * bytes + 1000 }));
    expect([shardPath, ...names].map((name) => existsSync(inCache(name)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is exceeded rather than removing what is in use, here or in another process', async () => {
    await fill({});
    const reading = (await openShard({ train: { shards: [4] } })).open()[Symbol.asyncIterator]();
    await reading.next();
    await readAll(await openShard({ cacheBytes: 0 }));
    expect(names.map((name) => existsSync(inCache(name)))).toEqual([true, false, false]);
    await reading.return?.(undefined);
    await makeRoom(0, resolveHubSettings(options({ cacheBytes: 0 })));
    expect(filesInCache()).toEqual([]);
  });

  it('is made smaller by its own files alone, whatever else lies in its folder', async () => {
    await fill({});
    const elsewhere = join(context.cacheDirectory, '..', `${basename(context.cacheDirectory)}-elsewhere`);
    mkdirSync(elsewhere);
    const others = [
      'thesis.tex',
      'photos/2026/one.jpg',
      // As the hub's Python library lays its cache out.
      'datasets--allenai--c4/refs/main',
      `datasets--allenai--c4/blobs/${'a'.repeat(64)}`,
      `datasets--allenai--c4/snapshots/${pinnedCommit}/en/file.json.gz`,
      // Put beside the cache's own by hand.
      `datasets--allenai--c4/${pinnedCommit}/en/notes.txt`,
      `other/${pinnedCommit}/file`,
      `other/${pinnedCommit}/file.facts.json`,
    ].map((name) => join(context.cacheDirectory, name));
    others.push(join(elsewhere, 'kept'));
    for (const path of others) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x'.repeat(1000));
      utimesSync(path, 0, 0);
    }
    // A shard that was moved to another disk, and a folder there.
    const moved = inCache('en/moved.json.gz');
    symlinkSync(join(elsewhere, 'kept'), moved);
    writeFileSync(`${moved}.facts.json`, '{}');
    symlinkSync(elsewhere, inCache('elsewhere'));
    await makeRoom(0, resolveHubSettings(options({ cacheBytes: 0 })));
    for (const path of [...others, moved, inCache('elsewhere')]) expect(existsSync(path), path).toBe(true);
    for (const name of names) expect(existsSync(inCache(name)), name).toBe(false);
    rmSync(elsewhere, { recursive: true });
  });

  it('counts what is half downloaded, and removes that as well', async () => {
    context.hub.add(C4, names[0]!, shards[0]!);
    await readAll(await openShard({ train: { shards: [4], documents: 3 } }));
    context.hub.misbehaviors.push({ type: 'stall', after: 3000 });
    const controller = new AbortController();
    const read = readAll(await openShard(), { signal: controller.signal }).catch(() => {});
    await vi.waitUntil(() => existsSync(`${inCache()}.partial`), { timeout: 60_000, interval: 5 });
    controller.abort();
    await read;
    await makeRoom(0, resolveHubSettings(options({ cacheBytes: 0 })));
    expect(filesInCache()).toEqual([]);
  });
});

describe('a lease', () => {
  const file = () => join(context.cacheDirectory, 'file');

  it('on getting is held by one at a time, on use by many', async () => {
    const one = await Lease.tryGet(file());
    expect(one).toBeDefined();
    expect(await Lease.tryGet(file())).toBeUndefined();
    const users = await Promise.all([Lease.use(file()), Lease.use(file())]);
    await one!.release();
    const contested = await Promise.all(Array.from({ length: 8 }, () => Lease.tryGet(file())));
    expect(contested.filter((lease) => lease !== undefined).length).toBeLessThanOrEqual(1);
    for (const lease of [...users, ...contested]) await lease?.release();
    expect(filesInCache()).toEqual([]);
  });

  it('ends with its process, and on another machine a minute after its last sign of life', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const mine = await Lease.use(file());
    const [own] = filesInCache() as [string];
    const [, , host] = /^file\.use-(([^-]+))-/.exec(own)!;
    const name = (machine: string, pid: number) =>
      join(context.cacheDirectory, `file.get-${machine}-${pid}-0123456789ab`);
    const leases = {
      gone: name(host!, dead.pid!),
      elsewhere: name('elsewhere', dead.pid!),
      silent: name('silent', process.pid),
    };
    for (const path of Object.values(leases)) writeFileSync(path, '');
    const earlier = new Date(Date.now() - 61_000);
    utimesSync(leases.silent, earlier, earlier);
    expect(await leaseHolds(join(context.cacheDirectory, own))).toBe(true);
    expect(await leaseHolds(leases.gone)).toBe(false);
    expect(await leaseHolds(leases.elsewhere)).toBe(true);
    expect(await leaseHolds(leases.silent)).toBe(false);
    expect(existsSync(leases.silent)).toBe(false);
    await mine.release();
  });
});

describe('offline mode', () => {
  it('reads what is cached and asks for nothing', async () => {
    await readAll(await openShard());
    context.hub.reset();
    expect(await readTexts(await openShard({ offline: true }))).toEqual(texts);
    const missing = await openShard({ offline: true, train: { shards: [9] } });
    await expect(readAll(missing)).rejects.toThrow(
      /^en\/c4-train\.00009-of-01024\.json\.gz of datasets\/allenai\/c4 is not in the cache .*, and offline mode is on \(the option offline\): open it once with the network, or give local files/,
    );
    await expect(openShard({ offline: true, revision: 'main' })).rejects.toThrow(
      /the revision "main" of datasets\/allenai\/c4 was never resolved in .*: give a commit, or open it once/,
    );
    expect(context.hub.requests).toEqual([]);
  });

  // A superuser may write everywhere.
  it.skipIf(process.getuid?.() === 0)('reads a cache that it cannot write', async () => {
    await readAll(await openShard());
    const folder = dirname(inCache());
    chmodSync(folder, 0o555);
    expect(await readTexts(await openShard({ offline: true }))).toEqual(texts);
    chmodSync(folder, 0o755);
  });

  it('reads a cache that takes no leases while it is online, and says what is wrong where it would have to add to it', async () => {
    await readAll(await openShard());
    const refusal = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' });
    const use = vi.spyOn(Lease, 'use').mockRejectedValue(refusal);
    try {
      expect(await readTexts(await openShard())).toEqual(texts);
      context.hub.add(C4, 'en/c4-train.00008-of-01024.json.gz', gzipSync(toLines(['new'])));
      const absent = await openShard({ train: { shards: [8] } });
      const advice =
        /^the hub's cacheDirectory .* is not writable \(EACCES: permission denied, open\): give a folder/;
      await expect(readAll(absent)).rejects.toThrow(advice);
      writeFileSync(inCache(), 'damaged');
      await expect(readAll(await openShard())).rejects.toThrow(advice);
      use.mockRejectedValue(Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO' }));
      await expect(readAll(await openShard())).rejects.toThrow(/^EIO/);
    } finally {
      use.mockRestore();
    }
  });

  it("reads what the hub's Python library has downloaded", async () => {
    const home = join(context.cacheDirectory, 'home');
    const repository = join(home, 'hub', 'datasets--allenai--c4');
    const blob = join(repository, 'blobs', createHash('sha256').update(shardBytes).digest('hex'));
    const link = join(repository, 'snapshots', pinnedCommit, shardPath);
    for (const path of [blob, link]) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(blob, shardBytes);
    symlinkSync(blob, link);
    const before = process.env.HF_HOME;
    process.env.HF_HOME = home;
    try {
      expect(await readTexts(await openShard({ offline: true }))).toEqual(texts);
      expect(await readTexts(await openShard())).toEqual(texts);
      expect(storageRequests()).toEqual([]);
      // A copy whose name is not the checksum that the hub states is passed over.
      context.hub.add(C4, 'en/c4-train.00007-of-01024.json.gz', gzipSync(toLines(['new'])));
      symlinkSync(blob, join(dirname(link), 'c4-train.00007-of-01024.json.gz'));
      expect(await readTexts(await openShard({ train: { shards: [7] } }))).toEqual(['new']);
    } finally {
      if (before === undefined) delete process.env.HF_HOME;
      else process.env.HF_HOME = before;
    }
  });
});

describe('fetchHubFile', () => {
  const file = {
    repository: { type: 'model', name: 'google-t5/t5-base' },
    path: 'tokenizer.json',
    alternative: 'give a local file',
  } as const;
  const content = Buffer.from('{"model": "a small file, kept by git itself"}');
  const hubOptions = () => {
    const { endpoint, cacheDirectory, token, offline, retries } = options();
    return { endpoint, cacheDirectory, token, offline, retries } as Required<
      Pick<C4HubOptions, 'endpoint' | 'cacheDirectory' | 'token' | 'offline' | 'retries'>
    >;
  };

  it("gives a whole file, checked with git's own checksum, once from the hub and then from the cache", async () => {
    context.hub.addToGit(file.repository.name, file.path, content);
    context.hub.references.set('main', context.hub.commit);
    context.hub.misbehaviors.push({ type: 'cut', after: 7 }, { type: 'damage', at: 30 });
    expect(await fetchHubFile({ ...file, ...hubOptions() })).toEqual(content);
    expect(context.hub.served).toBe(2);
    context.hub.reset();
    expect(await fetchHubFile({ ...file, ...hubOptions(), revision: context.hub.commit })).toEqual(content);
    expect(await fetchHubFile({ ...file, ...hubOptions(), offline: true })).toEqual(content);
    expect(context.hub.requests).toEqual([]);
  });

  it('says what to do where there is no such repository', async () => {
    const repository = { type: 'model', name: 'google-t5/t5-bass' } as const;
    await expect(fetchHubFile({ ...file, repository, ...hubOptions() })).rejects.toThrow(
      /^google-t5\/t5-bass does not exist at http.*, or is private \(401, no token was sent\)/,
    );
  });
});

it('keeps files of a repository and revision where their names say', () => {
  const settings = resolveHubSettings({ cacheDirectory: '/cache' }, {});
  const named = {
    repository: { type: 'model', name: 'a/b' },
    revision: 'r',
    path: 'c/d',
    alternative: '',
    mostBytes: 1,
  } as const;
  expect(cachePaths(named, settings).file).toBe(join('/cache', 'models--a--b', 'r', 'c', 'd'));
});
