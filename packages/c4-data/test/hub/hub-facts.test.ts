import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cachePaths, readFacts, writeFacts } from '../../src/sources/hub/cache.ts';
import { HubRefusal } from '../../src/sources/hub/failures.ts';
import { fetchHubFile } from '../../src/sources/hub/fetch-hub-file.ts';
import { absent, explain, fetchFacts, resolveRevision } from '../../src/sources/hub/hub-facts.ts';
import { type HubFile, noFacts } from '../../src/sources/hub/hub-file.ts';
import { openHubFile } from '../../src/sources/hub/open-file.ts';
import { type HubOptions, type HubProgress, resolveHubSettings } from '../../src/sources/hub/settings.ts';
import { C4, readTexts, shardBytes, shardPath, texts, toLines, useHub } from './shard-fixture.ts';

const { context, options, openShard } = useHub();
afterEach(() => {
  context.hub.repositories.delete('a/model');
  context.hub.repositories.delete('datasets/a/set');
  context.hub.references.clear();
  context.hub.api = true;
  context.hub.linkedHeaders = true;
});

const commit = 'abc0'.repeat(10);
const fileOf = (path: string, changes: Partial<HubFile> = {}): HubFile => ({
  repository: { type: 'dataset', name: 'a/set' },
  revision: commit,
  path,
  alternative: 'take another',
  mostBytes: 1e6,
  ...changes,
});
const settings = (changes: HubOptions = {}) => {
  const { train: _, ...hub } = options();
  return resolveHubSettings({ ...hub, ...changes }, {});
};
const add = (path: string, content = path) => context.hub.add('datasets/a/set', path, Buffer.from(content));
const messageOf = async (error: Promise<Error>) => (await error).message;

describe('a file that is not there', () => {
  it('is named with what there is in its folder, five names at most, and how many', async () => {
    for (let index = 0; index < 5; index += 1) add(`en/f${index}`);
    const missing = fileOf('en/x');
    expect(await messageOf(absent(missing, settings(), undefined))).toBe(
      `datasets/a/set has no file en/x at ${commit}: the folder en has 5 entries: en/f0, en/f1, en/f2, en/f3, en/f4`,
    );
    add('en/f5');
    expect(await messageOf(absent(missing, settings(), undefined))).toBe(
      `datasets/a/set has no file en/x at ${commit}: the folder en has 6 entries: en/f0, en/f1, en/f2, en/f3, en/f4, ...`,
    );
  });

  it('is named with what there is in the repository where its folder has nothing, or it is in none', async () => {
    add('en/one');
    add('two');
    const there = `at ${commit}: the repository has 2 entries: en, two`;
    expect(await messageOf(absent(fileOf('fr/x'), settings(), undefined))).toBe(
      `datasets/a/set has no file fr/x ${there}`,
    );
    expect(await messageOf(absent(fileOf('x'), settings(), undefined))).toBe(
      `datasets/a/set has no file x ${there}`,
    );
    // The repository is asked for once.
    const asked = context.hub.requests.filter(({ path }) => path.includes('/tree/'));
    expect(asked.map(({ path }) => path.replace(/\?.*/, ''))).toEqual([
      `/api/datasets/a/set/tree/${commit}/fr`,
      `/api/datasets/a/set/tree/${commit}`,
      `/api/datasets/a/set/tree/${commit}`,
    ]);
  });

  it('is named alone where the hub does not tell, and long names by their beginnings', async () => {
    add('en/one');
    context.hub.apiAnswer = (_, response) => void response.writeHead(404).end();
    expect(await messageOf(absent(fileOf('en/x'), settings(), undefined))).toBe(
      `datasets/a/set has no file en/x at ${commit}`,
    );
    const reason = new Error('enough');
    await expect(absent(fileOf('en/x'), settings(), AbortSignal.abort(reason))).rejects.toBe(reason);
    context.hub.reset();
    add(`long/${'n'.repeat(120)}`);
    expect(await messageOf(absent(fileOf('long/x'), settings(), undefined))).toBe(
      `datasets/a/set has no file long/x at ${commit}: the folder long has 1 entries: long/${'n'.repeat(95)}…`,
    );
  });

  it('is told from other refusals', async () => {
    add('en/one');
    const refused = (status: number, code?: string) =>
      explain(
        new HubRefusal(status, code, 'http://x', 'no'),
        fileOf('en/x'),
        settings(),
        undefined,
      ) as Promise<Error>;
    for (const refusal of [refused(404, 'EntryNotFound'), refused(404), refused(403, 'EntryNotFound')])
      expect(await messageOf(refusal)).toContain('has no file en/x');
    expect(await messageOf(refused(404, 'RepoNotFound'))).toContain('does not exist at');
    expect(await messageOf(refused(403))).toContain('is restricted');
    const other = new Error('other');
    expect(await explain(other, fileOf('en/x'), settings(), undefined)).toBe(other);
  });
});

describe('what the hub states of files', () => {
  it('is asked for in one request for every 500', async () => {
    const files = Array.from({ length: 501 }, (_, index) => fileOf(`f${index}`));
    for (const { path } of files) add(path);
    const facts = await fetchFacts(files, settings(), undefined);
    expect(facts).toEqual(
      files.map(({ path }) => ({
        bytes: path.length,
        checksum: { algorithm: 'sha256', value: createHash('sha256').update(path).digest('hex') },
      })),
    );
    const asked = () => context.hub.requests.filter(({ path }) => path.includes('/paths-info/'));
    expect(asked().map(({ method, path }) => [method, path])).toEqual(
      new Array(2).fill(['POST', `/api/datasets/a/set/paths-info/${commit}`]),
    );
    context.hub.reset();
    await fetchFacts(files.slice(1), settings(), undefined);
    expect(asked()).toHaveLength(1);
    expect(await fetchFacts([], settings(), undefined)).toEqual([]);
  });

  it('is of git where git keeps the file', async () => {
    const content = Buffer.from('small');
    context.hub.addToGit('datasets/a/set', 'f', content);
    const git = createHash('sha1').update('blob 5\0small').digest('hex');
    expect(await fetchFacts([fileOf('f')], settings(), undefined)).toEqual([
      { bytes: 5, checksum: { algorithm: 'git-sha1', value: git } },
    ]);
  });

  it.each([404, 405, 501])('is nothing where a mirror answers %i to such requests', async (status) => {
    add('f');
    context.hub.apiAnswer = (_, response) => void response.writeHead(status).end();
    expect(await fetchFacts([fileOf('f'), fileOf('g')], settings(), undefined)).toEqual([noFacts, noFacts]);
  });

  it('is an error where the hub refuses it, or has a folder in place of a file', async () => {
    add('f');
    context.hub.apiAnswer = (_, response) => void response.writeHead(410).end();
    await expect(fetchFacts([fileOf('f')], settings(), undefined)).rejects.toThrow(/answered 410 \(Gone\)/);
    context.hub.apiAnswer = (_, response) =>
      void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
    await expect(fetchFacts([fileOf('f')], settings(), undefined)).rejects.toThrow('has no revision');
    context.hub.apiAnswer = (kind, response) =>
      void response.end(
        kind === 'paths-info' ? JSON.stringify([{ type: 'directory', path: 'f', size: 0, oid: '' }]) : '[]',
      );
    await expect(fetchFacts([fileOf('f')], settings(), undefined)).rejects.toThrow(
      `datasets/a/set has no file f at ${commit}`,
    );
  });
});

describe('a revision', () => {
  it('is itself where it is a commit, and else what the hub says, of models as of data sets', async () => {
    expect(await resolveRevision(fileOf('f'), settings(), undefined)).toBe(commit);
    expect(context.hub.requests).toEqual([]);
    add('f');
    context.hub.add('a/model', 'f', Buffer.from('x'));
    context.hub.references.set('v1', context.hub.commit);
    const model = fileOf('f', { repository: { type: 'model', name: 'a/model' }, revision: 'v1' });
    for (const file of [fileOf('f', { revision: 'v1' }), model]) {
      expect(await resolveRevision(file, settings(), undefined)).toBe(context.hub.commit);
      const asked = context.hub.requests.length;
      expect(await resolveRevision(file, settings({ offline: true }), undefined)).toBe(context.hub.commit);
      expect(context.hub.requests).toHaveLength(asked);
    }
    expect(context.hub.requests.map(({ path }) => path.replace(/\?.*/, ''))).toEqual([
      '/api/datasets/a/set/revision/v1',
      '/api/models/a/model/revision/v1',
    ]);
    await expect(
      resolveRevision(fileOf('f', { revision: 'v2' }), settings({ offline: true }), undefined),
    ).rejects.toThrow(
      `the revision "v2" of datasets/a/set was never resolved in ${context.cacheDirectory}, and offline mode is on ` +
        '(the option offline): give a commit, or open it once with the network',
    );
    await expect(resolveRevision(fileOf('f', { revision: '..' }), settings(), undefined)).rejects.toThrow(
      'a revision is a commit, branch or tag, got ".." (string)',
    );
  });

  it('is asked for again where the hub is busy', async () => {
    add('f');
    context.hub.references.set('v1', context.hub.commit);
    context.hub.hubStatuses.push(503, 429);
    const events: HubProgress[] = [];
    const waiting = settings({ onProgress: (event) => events.push(event) });
    expect(await resolveRevision(fileOf('f', { revision: 'v1' }), waiting, undefined)).toBe(
      context.hub.commit,
    );
    expect(events.map(({ phase }) => phase)).toEqual(['waiting', 'waiting']);
  });
});

describe('a file of the hub', () => {
  const hub = () => {
    const { endpoint, cacheDirectory, token, retries } = options();
    return { endpoint: endpoint!, cacheDirectory: cacheDirectory!, token: token!, retries: retries! };
  };
  const fetchFile = (changes: object = {}) =>
    fetchHubFile({
      ...hub(),
      repository: { type: 'dataset', name: 'a/set' },
      path: 'f',
      alternative: 'take another',
      ...changes,
    });
  async function bytesOf(path: string, changes: HubOptions = {}, facts = noFacts): Promise<string> {
    const file = await openHubFile(fileOf(path), facts, settings(changes));
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of file.read(undefined)) chunks.push(chunk);
    } finally {
      await file.close();
    }
    return Buffer.concat(chunks).toString();
  }
  const pathsOf = (path: string) => cachePaths(fileOf(path), settings());

  it('is that of the branch main by default', async () => {
    add('f', 'of main');
    context.hub.references.set('main', context.hub.commit);
    expect((await fetchFile()).toString()).toBe('of main');
    expect(context.hub.requests.some(({ path }) => path.includes('/revision/main'))).toBe(true);
    await expect(fetchFile({ stallSeconds: 0 })).rejects.toThrow(
      'stallSeconds must be a number of seconds above 0',
    );
  });

  it('is got again where its copy is damaged, and given up after three', async () => {
    add('f', 'content');
    const paths = pathsOf('f');
    expect((await fetchFile({ revision: commit })).toString()).toBe('content');
    expect(await readFacts(paths)).toEqual({
      bytes: 7,
      checksum: { algorithm: 'sha256', value: createHash('sha256').update('content').digest('hex') },
    });
    writeFileSync(paths.file, 'damaged');
    expect((await fetchFile({ revision: commit })).toString()).toBe('content');
    expect(readFileSync(paths.file, 'utf8')).toBe('content');
    context.hub.misbehaviors.push(
      { type: 'damage', at: 1 },
      { type: 'damage', at: 1 },
      { type: 'damage', at: 1 },
    );
    add('g', 'content');
    await expect(fetchFile({ revision: commit, path: 'g' })).rejects.toThrow(
      'g of datasets/a/set arrived damaged 3 times (its sha256 is ',
    );
    expect(existsSync(pathsOf('g').file)).toBe(false);
  });

  it('that is empty is whole', async () => {
    add('f', '');
    expect(await bytesOf('f')).toBe('');
    expect(await bytesOf('f', { offline: true })).toBe('');
  });

  it('tells how many of its bytes are on disk', async () => {
    add('f', 'content');
    const events: HubProgress[] = [];
    const started = performance.now();
    await bytesOf('f', { onProgress: (event) => events.push(event) });
    expect(events.length).toBeGreaterThan(0);
    const last = events.at(-1)!;
    expect(last).toMatchObject({ phase: 'downloading', file: 'f', bytes: 7, totalBytes: 7 });
    expect(last.seconds).toBeGreaterThanOrEqual(0);
    expect(last.seconds).toBeLessThanOrEqual((performance.now() - started) / 1000);
    // From the cache nothing is downloaded.
    events.length = 0;
    await bytesOf('f', { onProgress: (event) => events.push(event) });
    expect(events).toEqual([]);
  });

  it('leaves no lease and no partial file behind, and is used while it is open', async () => {
    add('f', 'content');
    const file = await openHubFile(fileOf('f'), noFacts, settings());
    const names = () => readdirSync(dirname(pathsOf('f').file)).sort();
    expect(names().filter((name) => name.startsWith('f.use-'))).toHaveLength(1);
    expect(await file.examine(undefined)).toBe('right');
    await file.close();
    expect(names()).toEqual(['f', 'f.facts.json']);
    const cached = await openHubFile(fileOf('f'), noFacts, settings());
    expect([cached.bytes, await cached.examine(undefined)]).toEqual([7, 'right']);
    expect(names().filter((name) => name.startsWith('f.use-'))).toHaveLength(1);
    await cached.close();
    expect(names()).toEqual(['f', 'f.facts.json']);
  });

  it('without a checksum is neither right nor wrong', async () => {
    add('f', 'content');
    context.hub.api = false;
    context.hub.linkedHeaders = false;
    const file = await openHubFile(fileOf('f'), noFacts, settings());
    expect(file.bytes).toBeUndefined();
    expect(await file.examine(undefined)).toBe('unknown');
    await file.close();
    const cached = await openHubFile(fileOf('f'), noFacts, settings());
    expect(await cached.examine(undefined)).toBe('unknown');
    await cached.drop();
    await cached.close();
    expect(existsSync(pathsOf('f').file)).toBe(false);
    // What is known by then counts, where nothing was kept.
    expect(await bytesOf('f')).toBe('content');
    const checksum = { algorithm: 'sha256', value: '0'.repeat(64) } as const;
    const wrong = openHubFile(fileOf('f'), { bytes: 7, checksum }, settings({ offline: true }));
    await expect(wrong).rejects.toThrow(
      `f of datasets/a/set in the cache ${context.cacheDirectory} is damaged, and offline mode is on (the option offline): remove it and read it with the network`,
    );
  });

  it('that is not there is an error offline, which leaves nothing behind', async () => {
    mkdirSync(dirname(pathsOf('f').file), { recursive: true });
    await expect(bytesOf('f', { offline: true })).rejects.toThrow(
      `f of datasets/a/set is not in the cache ${context.cacheDirectory}, and offline mode is on (the option offline): ` +
        'open it once with the network, or take another',
    );
    expect(readdirSync(dirname(pathsOf('f').file))).toEqual([]);
  });

  it('is no larger than what was stated of it may be', async () => {
    add('f', 'content');
    const { mostBytes: _, ...rest } = fileOf('f');
    await expect(
      openHubFile({ ...rest, mostBytes: 6 }, noFacts, settings()).then(async (file) => {
        try {
          return await file.examine(undefined);
        } finally {
          await file.close();
        }
      }),
    ).rejects.toThrow(
      'the server has 7 bytes or more for f, above the 6 that such a file may have: take another',
    );
    expect(await bytesOf('f', {}, { bytes: 7, checksum: undefined })).toBe('content');
  });

  it('is not asked about again where it is known how large it is', async () => {
    add('f', 'content');
    const paths = pathsOf('f');
    mkdirSync(dirname(paths.file), { recursive: true });
    await writeFacts(paths, { bytes: 7, checksum: undefined });
    expect(await bytesOf('f')).toBe('content');
    expect(context.hub.requests.some(({ path }) => path.includes('paths-info'))).toBe(false);
    // The checksum that came with the answer is kept.
    expect((await readFacts(paths)).checksum?.algorithm).toBe('sha256');
  });

  it('says that the disk is full, and that its folder may not be written', async () => {
    add('f', 'content');
    for (const [code, message] of [
      [
        'ENOSPC',
        `the disk of the hub's cacheDirectory ${context.cacheDirectory} is full after 0 bytes of f: free some space or give another cacheDirectory; the download resumes from there`,
      ],
      ['EDQUOT', `the disk of the hub's cacheDirectory ${context.cacheDirectory} is full after 0 bytes of f`],
      [
        'EROFS',
        `the hub's cacheDirectory ${context.cacheDirectory} is not writable (no): give a folder that can be written`,
      ],
      ['EIO', 'no'],
    ] as const) {
      const { PartialFile } = await import('../../src/sources/hub/partial-file.ts');
      const resume = vi
        .spyOn(PartialFile, 'resume')
        .mockRejectedValue(Object.assign(new Error('no'), { code }));
      try {
        await expect(bytesOf('f')).rejects.toThrow(message);
      } finally {
        resume.mockRestore();
      }
    }
  });
});

describe('shards of the hub', () => {
  it('are asked about only where the cache does not know them', async () => {
    const second = 'en/c4-train.00001-of-01024.json.gz';
    const content = gzipSync(toLines(['one', 'two']));
    context.hub.add(C4, second, content);
    try {
      expect(await readTexts(await openShard())).toEqual(texts);
      context.hub.reset();
      const { openC4Hub } = await import('../../src/sources/hub/c4-hub.ts');
      const shards = await openC4Hub(options({ train: { shards: 2 } })).shards('train');
      expect(shards.map(({ name, bytes }) => [name, bytes])).toEqual([
        [shardPath, shardBytes.length],
        [second, content.length],
      ]);
      expect(context.hub.requests).toHaveLength(1);
      expect(await readTexts(shards[1]!)).toEqual(['one', 'two']);
      const offline = await openC4Hub(options({ train: { shards: [0, 5] }, offline: true })).shards('train');
      expect(offline.map(({ bytes }) => bytes)).toEqual([shardBytes.length, undefined]);
    } finally {
      context.hub.repositories.get(C4)!.delete(second);
    }
  });
});
