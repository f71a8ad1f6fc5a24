import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openC4Hub } from '../../src/sources/hub/c4-hub.ts';
import { cachePaths } from '../../src/sources/hub/cache.ts';
import { fetchHubFile } from '../../src/sources/hub/fetch-hub-file.ts';
import { resolveRevision } from '../../src/sources/hub/hub-facts.ts';
import { resolveHubSettings } from '../../src/sources/hub/settings.ts';
import { loadTokenizer } from '../../src/tokenizers/load-tokenizer.ts';
import { sendWithoutEnd } from './misbehaving-hub.ts';
import { C4, readAll, readTexts, SHARD, shardBytes, texts, useHub } from './shard-fixture.ts';

const { context, options, openShard } = useHub();
const COMMIT = '1ddc917116b730e1859edef32896ec5c16be51d0';
const files = () => readdirSync(context.cacheDirectory, { recursive: true }).map(String);
const inCache = () => join(context.cacheDirectory, 'datasets--allenai--c4', COMMIT, SHARD);

/** Lets the hub state a commit for every branch. */
function stateCommit(sha: unknown): void {
  context.hub.references.set('main', context.hub.commit);
  context.hub.apiAnswer = (_, response) => {
    response.end(
      JSON.stringify({ _id: '1', id: 'allenai/c4', sha, lastModified: '2024-01-09T19:14:03.000Z' }),
    );
  };
}

describe('what a hub says', () => {
  it.each([
    '../../../../x',
    '..',
    '',
    'c0ffee',
    `${'c0ffee'.padEnd(40, '0')}/..`,
    `/${'a'.repeat(39)}`,
    'A'.repeat(40),
    `${'a'.repeat(40)}\n`,
    40,
    null,
    undefined,
    ['a'.repeat(40)],
  ])('is no folder of the cache where it states the commit %j', async (sha) => {
    stateCommit(sha);
    const source = openC4Hub(options({ revision: 'main' }));
    await expect(source.describe()).rejects.toThrow(
      /^http:.* answers that the revision "main" of datasets\/allenai\/c4 is the commit .*: a commit has 40 hexadecimal digits; give one as the revision, or give local files/,
    );
    const { endpoint, cacheDirectory, token } = options();
    await expect(
      loadTokenizer(
        { hub: 'allenai/c4' },
        { endpoint: endpoint!, cacheDirectory: cacheDirectory!, token: token! },
      ),
    ).rejects.toThrow();
    expect(files()).toEqual([]);
  });

  it('is not believed from the cache either', async () => {
    const settings = resolveHubSettings(options({ offline: true }));
    const file = {
      repository: { type: 'dataset', name: 'allenai/c4' },
      revision: 'main',
      path: 'x',
      alternative: '',
      mostBytes: 1,
    } as const;
    const reference = join(context.cacheDirectory, 'datasets--allenai--c4', 'refs', 'main');
    mkdirSync(dirname(reference), { recursive: true });
    writeFileSync(reference, '../../../../x');
    await expect(resolveRevision(file, settings, undefined)).rejects.toThrow('was never resolved in');
    writeFileSync(reference, COMMIT);
    expect(await resolveRevision(file, settings, undefined)).toBe(COMMIT);
  });

  it('and what a caller says leads no path out of the cache', () => {
    const settings = resolveHubSettings(options());
    const file = {
      repository: { type: 'model', name: 'a/b' },
      revision: COMMIT,
      path: 'x/y.json',
      alternative: '',
      mostBytes: 1,
    } as const;
    expect(cachePaths(file, settings).file).toBe(
      join(context.cacheDirectory, 'models--a--b', COMMIT, 'x', 'y.json'),
    );
    for (const path of ['../x', 'a/../../x', '/etc/passwd', '', 'a//b', 'a\\..\\b', 'C:x', 'a\0b']) {
      expect(() => cachePaths({ ...file, path }, settings), path).toThrow(
        'the path of a file in a repository is like',
      );
    }
    for (const revision of ['..', '.', 'a\\b', '']) {
      expect(() => cachePaths({ ...file, revision }, settings), revision).toThrow(
        'a revision is a commit, branch or tag',
      );
    }
    for (const name of ['..', 'a/..', '../b', 'a/b/c', '', '/']) {
      const wrong = { ...file, repository: { type: 'model', name } } as const;
      expect(() => cachePaths(wrong, settings), name).toThrow('a repository of the hub is named owner/name');
    }
  });

  it('takes no memory without end', { timeout: 60_000 }, async () => {
    context.hub.apiAnswer = (_, response) =>
      void sendWithoutEnd(response, { piece: 1 << 20, pauseMilliseconds: 0 });
    await expect(openShard()).rejects.toThrow(
      /answers with more than 16777216 bytes where it is asked about datasets\/allenai\/c4: give local files/,
    );
  });

  it('is no listing without end', async () => {
    let answers = 0;
    context.hub.apiAnswer = (kind, response) => {
      if (kind === 'paths-info') return void response.end('[]');
      answers += 1;
      const link = `<${context.hub.endpoint}/api/${C4}/tree/${COMMIT}/en?cursor=${answers}>; rel="next"`;
      response.writeHead(200, { link }).end('[]');
    };
    await expect(openShard()).rejects.toThrow('datasets/allenai/c4 has no file en/c4-train');
    // The folder, and then the repository.
    expect(answers).toBeLessThanOrEqual(2 * 21);
  });

  it('is no more than a file of its kind may have, stated or not', async () => {
    context.hub.statedSize = 10 ** 15;
    await expect(openShard().then((shard) => readAll(shard))).rejects.toThrow(
      /^the server has 1000000000000000 bytes or more for en\/c4-train.*, above the 4294967296 that such a file may have: give local files/,
    );
    context.hub.reset();
    context.hub.linkedHeaders = false;
    context.hub.api = false;
    try {
      context.hub.misbehaviors.push({ type: 'endless', piece: 1 << 20, pauseMilliseconds: 0 });
      const { endpoint, cacheDirectory } = options();
      const hub = {
        endpoint: endpoint!,
        cacheDirectory: cacheDirectory!,
        token: false,
        stallSeconds: 5,
      } as const;
      const repository = { type: 'dataset', name: 'allenai/c4' } as const;
      await expect(
        fetchHubFile({ ...hub, repository, revision: COMMIT, path: SHARD, alternative: 'give another' }),
      ).rejects.toThrow(
        /^the server has \d+ bytes or more for en\/c4-train.*, above the 268435456 that such a file may have: give another$/,
      );
      expect(
        files()
          .filter((name) => name.endsWith('.partial'))
          .map((name) => readFileSync(join(context.cacheDirectory, name)).length),
      ).toEqual([0]);
    } finally {
      context.hub.linkedHeaders = true;
      context.hub.api = true;
    }
  });

  it.each(['x', -1, 1.5, 1e300, '1e3', '', null])('is no size where it is %j', async (size) => {
    context.hub.statedSize = size;
    expect(await readTexts(await openShard())).toEqual(texts);
  });

  it('is given up where it comes byte by byte, though every connection gains some', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      context.hub.misbehaviors.push({ type: 'endless', piece: 1, pauseMilliseconds: 20 });
    }
    await expect(
      openShard({ stallSeconds: 0.3, retries: { attempts: 3, firstDelaySeconds: 0 } }).then((shard) =>
        readAll(shard),
      ),
    ).rejects.toThrow(
      /sent \d+ bytes in \d+\.\d s, less than 1024 per second, 3 attempts in a row; without the hub/,
    );
  });

  it('is not taken for an answer of a hub where it is a page', async () => {
    context.hub.apiAnswer = (_, response) => void response.end('<html>Please log in</html>');
    await expect(openShard()).rejects.toThrow(
      /^http:.* does not answer as a hub does where it is asked about datasets\/allenai\/c4 \(.*\): check HF_ENDPOINT/,
    );
    context.hub.apiAnswer = (_, response) => void response.end('[null]');
    await expect(openShard()).rejects.toThrow('does not answer as a hub does');
  });

  it('is not followed to what is no address', async () => {
    for (const location of ['file:///etc/passwd', 'http://[', 'javascript:1']) {
      context.hub.apiAnswer = (_, response) => void response.writeHead(302, { location }).end();
      await expect(openShard()).rejects.toThrow(/it redirects to .*, which is no address/);
    }
  });
});

describe('a file in the cache', () => {
  it('is got anew before anything of it is given where a byte has changed, also one that is never read', async () => {
    await readAll(await openShard());
    for (const at of [100, shardBytes.length - 30, shardBytes.length - 6]) {
      const damaged = Buffer.from(shardBytes);
      damaged[at]! ^= 1;
      writeFileSync(inCache(), damaged);
      expect(await readTexts(await openShard({ train: { shards: [0], documents: 2 } }))).toEqual(
        texts.slice(0, 2),
      );
      // The first documents come before the whole is got again.
      if (existsSync(inCache())) expect(readFileSync(inCache()).equals(damaged)).toBe(false);
      await readAll(await openShard());
      expect(readFileSync(inCache())).toEqual(shardBytes);
    }
  });

  it('is asked for anew where what is known of it has changed', async () => {
    await readAll(await openShard());
    const facts = `${inCache()}.facts.json`;
    const text = readFileSync(facts, 'utf8');
    for (const wrong of [
      text.replace(/"bytes":\d/, '"bytes":7'),
      text.replace(/"value":"./, '"value":"g'),
      '{}',
      '5',
    ]) {
      writeFileSync(facts, wrong);
      expect(await readTexts(await openShard())).toEqual(texts);
    }
  });
});

it('retries as often as by default where an option is undefined', () => {
  const { retries } = resolveHubSettings({ retries: { attempts: undefined, firstDelaySeconds: 0.1 } });
  expect(retries).toEqual({ attempts: 8, firstDelaySeconds: 0.1, longestDelaySeconds: 30 });
});
