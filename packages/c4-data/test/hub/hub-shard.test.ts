import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MalformedLine } from '../../src/sources/document-source.ts';
import { openC4Hub } from '../../src/sources/hub/c4-hub.ts';
import type { HubProgress } from '../../src/sources/hub/settings.ts';
import { MisbehavingHub, type Misbehavior } from './misbehaving-hub.ts';
import { C4, readAll, readTexts, shardBytes, shardPath, texts, toLines, useHub } from './shard-fixture.ts';

const { context, options, openShard } = useHub();
const size = shardBytes.length;

/** Requests for bytes that reached the storage. */
const storageRequests = () => context.hub.requests.filter(({ server }) => server === 'storage');

describe('a shard on the hub', () => {
  it('gives its documents in order, with file and line, and its size before it is read', async () => {
    const shard = await openShard();
    expect([shard.name, shard.bytes]).toEqual([shardPath, size]);
    const read: number[] = [];
    const documents = await readAll(shard, { onBytes: (bytes) => read.push(bytes) });
    expect(documents.map(({ text }) => text)).toEqual(texts);
    expect(documents[16]).toEqual({
      text: texts[16],
      timestamp: '2019-04-25T12:57:54Z',
      url: 'https://example.org/',
      location: `${shardPath} line 17`,
    });
    expect(read.at(-1)).toBe(size);
  });

  it('belongs to a source that names the commit a branch stood for, and reads that one', async () => {
    context.hub.references.set('main', context.hub.commit);
    const source = openC4Hub(options({ revision: 'main' }));
    expect(await source.describe()).toEqual({
      ...{ type: 'c4', repository: 'allenai/c4', revision: context.hub.commit, variant: 'en' },
      train: { shards: [0] },
      validation: { shards: [0, 1, 2, 3, 4, 5, 6, 7] },
    });
    // The branch moves on; this source does not.
    context.hub.references.set('main', 'f'.repeat(40));
    await source.shards('train');
    expect(await source.describe()).toMatchObject({ revision: context.hub.commit });
    expect(await openC4Hub(options({ revision: 'main' })).describe()).toMatchObject({
      revision: 'f'.repeat(40),
    });
  });

  it('belongs to a source that asks again for the commit of a branch after a failure', async () => {
    const source = openC4Hub(options({ revision: 'later' }));
    await expect(source.describe()).rejects.toThrow('has no revision "later"');
    context.hub.references.set('later', context.hub.commit);
    expect(await source.describe()).toMatchObject({ revision: context.hub.commit });
  });

  it('is streamed: documents come before the file has arrived', async () => {
    context.hub.misbehaviors.push({ type: 'stall', after: size - 1000 });
    const documents = (await openShard()).open()[Symbol.asyncIterator]();
    expect((await documents.next()).value).toMatchObject({ text: texts[0] });
    expect(context.hub.served).toBe(0);
    await documents.return?.();
  });

  it('continues after a cut where it ended, for the version it began', async () => {
    context.hub.misbehaviors.push({ type: 'cut', after: 5000 }, { type: 'cut', after: 100 });
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(storageRequests().map(({ range }) => range)).toEqual([undefined, 'bytes=5000-', 'bytes=5100-']);
    expect(storageRequests()[1]!.ifRange).toBe('"version-1"');
  });

  it('reads at most so many documents where asked, and stops the download', async () => {
    context.hub.misbehaviors.push({ type: 'stall', after: size - 1000 });
    const shard = await openShard({ train: { shards: [0], documents: 7 } });
    expect(await readTexts(shard)).toEqual(texts.slice(0, 7));
    expect(readdirSync(context.cacheDirectory, { recursive: true }).map(String)).toContainEqual(
      expect.stringMatching(/json\.gz\.partial$/),
    );
  });

  it.each<[string, Misbehavior[], number[], number]>([
    ['ignores ranges', [{ type: 'cut', after: 6000 }, { type: 'ignoreRange' }], [0, 6000], 1],
    [
      'changes its ETag between two requests',
      [{ type: 'cut', after: 6000 }, { type: 'otherTag' }],
      [0, 6000],
      1,
    ],
    [
      'changes its ETag and ignores If-Range',
      [
        { type: 'cut', after: 6000 },
        { type: 'otherTag', ignoresIfRange: true },
      ],
      [0, 6000, 0],
      1,
    ],
    [
      'answers with another range',
      [
        { type: 'cut', after: 6000 },
        { type: 'wrongRange', by: -50 },
      ],
      [0, 6000, 0],
      1,
    ],
    ['announces too short a length', [{ type: 'wrongLength', by: -500 }], [0, 0], 1],
    ['announces too long a length', [{ type: 'wrongLength', by: 500 }], [0, 0], 1],
    ['announces none and ends early', [{ type: 'unannounced', to: 5000 }], [0, 5000], 1],
    // The page has no length: only the checksum of the whole tells.
    ['sends a page for logging in', [{ type: 'portal' }], [0, 26, 0], 2],
    ['falls silent', [{ type: 'stall', after: 3000 }], [0, 3000], 1],
    ['is slow', [{ type: 'slow', pieces: 40 }], [0], 0],
    ['ends the file early', [{ type: 'truncate', to: 4000 }], [0, 0], 1],
    ['refuses an expired link', [{ type: 'status', status: 403 }], [0, 0], 1],
  ])(
    'loses nothing, and asks for no more than it must, when the storage %s',
    async (_, misbehaviors, starts, waits) => {
      context.hub.misbehaviors.push(...misbehaviors);
      const phases: string[] = [];
      const onProgress = ({ phase }: HubProgress) => phases.push(phase);
      expect(await readTexts(await openShard({ stallSeconds: 0.5, onProgress }))).toEqual(texts);
      const asked = storageRequests().map(({ range }) => Number(range?.match(/\d+/)?.[0] ?? 0));
      expect(asked).toEqual(starts);
      expect(phases.filter((phase) => phase === 'waiting')).toHaveLength(waits);
    },
  );

  it('waits as long as Retry-After and RateLimit ask, and says so', async () => {
    const events: HubProgress[] = [];
    context.hub.misbehaviors.push(
      { type: 'status', status: 429, headers: { 'retry-after': '1' } },
      { type: 'status', status: 429, headers: { ratelimit: '"resolvers";r=0;t=0' } },
      {
        type: 'status',
        status: 503,
        headers: { 'retry-after': new Date(Date.now() - 5000).toUTCString() },
      },
    );
    const started = performance.now();
    expect(await readTexts(await openShard({ onProgress: (event) => events.push(event) }))).toEqual(texts);
    // Node's timers may fire a millisecond early.
    expect(performance.now() - started).toBeGreaterThan(995);
    const waits = events.filter((event) => event.phase === 'waiting');
    expect(waits.map(({ seconds, attempt }) => [seconds, attempt])).toEqual([
      [1, 1],
      [0, 2],
      [0, 3],
    ]);
    expect(waits[0]!.reason).toMatch(/^127\.0\.0\.1:\d+ answered 429 Too Many Requests$/);
    expect(events.at(-1)).toMatchObject({
      phase: 'downloading',
      file: shardPath,
      bytes: size,
      totalBytes: size,
    });
  });

  it('doubles its waits with jitter up to a bound', async () => {
    const waits: number[] = [];
    const busy: Misbehavior = { type: 'status', status: 502 };
    context.hub.misbehaviors.push(...Array.from({ length: 7 }, () => busy));
    await readAll(
      await openShard({
        retries: { attempts: 8, firstDelaySeconds: 0.001, longestDelaySeconds: 0.016 },
        onProgress: (event) => event.phase === 'waiting' && waits.push(event.seconds),
      }),
    );
    const bounds = [1, 2, 4, 8, 16, 16, 16].map((milliseconds) => milliseconds / 1000);
    expect(waits).toHaveLength(bounds.length);
    for (const [index, bound] of bounds.entries()) {
      expect(waits[index]).toBeLessThanOrEqual(bound);
      expect(waits[index]).toBeGreaterThanOrEqual(bound / 2);
    }
  });

  it('counts failures in a row: a connection that is cut for ever still brings the file', async () => {
    const cut: Misbehavior = { type: 'cut', after: 400 };
    context.hub.misbehaviors.push(...Array.from({ length: 20 }, () => cut));
    expect(await readTexts(await openShard({ retries: { attempts: 3, firstDelaySeconds: 0 } }))).toEqual(
      texts,
    );
  });

  it('gives up in one line that says how to continue, and continues later from there', async () => {
    context.hub.misbehaviors.push({ type: 'cut', after: 5000 });
    context.hub.misbehaviors.push(
      ...Array.from({ length: 3 }, () => ({ type: 'status', status: 500 }) as const),
    );
    const error = await readAll(await openShard({ retries: { attempts: 3, firstDelaySeconds: 0 } })).catch(
      (cause: Error) => cause,
    );
    expect((error as Error).message).toMatch(
      /^cannot get en\/c4-train\.00000-of-01024\.json\.gz of datasets\/allenai\/c4: 127\.0\.0\.1:\d+ answered 500 Internal Server Error, 3 attempts in a row; without the hub, use files already in .* with offline mode \(HF_HUB_OFFLINE=1\), or give local files with source: \{ type: 'files', train: \[\.\.\.\] \}$/,
    );
    context.hub.reset();
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(storageRequests().map(({ range }) => range)).toEqual(['bytes=5000-']);
  });

  it('says soon that no hub can be reached', async () => {
    const gone = await MisbehavingHub.start();
    await gone.stop();
    await expect(openShard({ endpoint: gone.endpoint })).rejects.toThrow(
      /: 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\), 3 attempts in a row; without the hub, use files/,
    );
  });

  it('does not take a thread that is blocked for a silent server', async () => {
    const waits: HubProgress[] = [];
    const onProgress = (event: HubProgress) => event.phase === 'waiting' && waits.push(event);
    const shard = await openShard({ stallSeconds: 0.02, onProgress });
    context.hub.misbehaviors.push({ type: 'slow', pieces: 5 });
    const blocking = setInterval(() => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    }, 1);
    try {
      expect(await readTexts(shard)).toEqual(texts);
    } finally {
      clearInterval(blocking);
    }
    expect(waits).toEqual([]);
  });

  it('ends with the reason of its signal', async () => {
    context.hub.misbehaviors.push({ type: 'stall', after: 2000 });
    const shard = await openShard();
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    await expect(readAll(shard, { signal: controller.signal })).rejects.toBe(reason);
    await expect(openShard({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('malformed lines', () => {
  const path = 'en/c4-train.00001-of-01024.json.gz';
  const lines = [
    ...toLines(texts.slice(0, 3)).split('\n'),
    '{"text": "cut',
    '',
    '{"body": 1}',
    toLines(['last']),
  ];

  it('are reported with file and line, once each, and the documents beside them are given', async () => {
    const content = gzipSync(lines.join('\n'));
    context.hub.add(C4, path, content);
    context.hub.misbehaviors.push({ type: 'cut', after: 200 }, { type: 'damage', at: content.length - 20 });
    const problems: MalformedLine[] = [];
    const shard = await openShard({ train: { shards: [1] } });
    const given = await readTexts(shard, { onMalformed: (problem) => problems.push(problem) });
    expect(given).toEqual([...texts.slice(0, 3), 'last']);
    expect(problems).toEqual([
      { file: path, line: 4, reason: expect.stringMatching(/^not a JSON object/) },
      { file: path, line: 6, reason: expect.stringMatching(/^the field "text" must be a string, got none/) },
    ]);
  });

  it('are an error where nobody takes the reports', async () => {
    context.hub.add(C4, path, gzipSync(lines.join('\n')));
    await expect(readAll(await openShard({ train: { shards: [1] } }))).rejects.toThrow(
      `${path} line 4: not a JSON object`,
    );
  });
});

describe('a damaged shard', () => {
  it('is got again when the bytes lack the checksum of the hub', async () => {
    context.hub.misbehaviors.push({ type: 'damage', at: size - 3 });
    expect(await readTexts(await openShard())).toEqual(texts);
    expect(context.hub.served).toBe(2);
  });

  it('is given up when it never arrives right', async () => {
    context.hub.misbehaviors.push(
      ...Array.from({ length: 9 }, () => ({ type: 'damage', at: size - 3 }) as const),
    );
    await expect(readAll(await openShard())).rejects.toThrow(
      /arrived damaged 3 times \(its sha256 is [0-9a-f]{64}, the hub states [0-9a-f]{64}\): something on the way alters it/,
    );
  });

  it('is told from a cut connection when the hub itself has it so', async () => {
    context.hub.add(C4, 'en/c4-train.00002-of-01024.json.gz', shardBytes.subarray(0, size / 2));
    await expect(readAll(await openShard({ train: { shards: [2] } }))).rejects.toThrow(
      /is not readable gzip \(unexpected end of file\), though it is whole and as the hub has it: the file itself is damaged/,
    );
    expect(context.hub.served).toBe(1);
  });

  // Stored without compression, so that one altered byte is one altered character.
  const plain = gzipSync(toLines(texts), { level: 0 });
  const plainPath = 'en/c4-train.00009-of-01024.json.gz';
  const readPlain = async (at: number) => {
    context.hub.add(C4, plainPath, plain);
    context.hub.misbehaviors.push({ type: 'damage', at, pieces: 20 });
    const problems: MalformedLine[] = [];
    const shard = await openShard({ train: { shards: [9] } });
    const given = await readTexts(shard, { onMalformed: (problem) => problems.push(problem) });
    return { given, problems };
  };

  it('is mended behind the documents that were given already', async () => {
    expect(await readPlain(plain.length - 100)).toEqual({ given: texts, problems: [] });
    expect(context.hub.served).toBe(2);
  });

  it('is not taken for a malformed line', async () => {
    expect(await readPlain(plain.indexOf('{"text":"document 150'))).toEqual({ given: texts, problems: [] });
  });

  it('ends with an error once a wrong document was given, and is right at the next reading', async () => {
    await expect(readPlain(plain.indexOf('document 3:') + 13)).rejects.toThrow(
      `${plainPath} arrived damaged or changed on the hub while it was read: discard what was read of it and read it again`,
    );
    expect(await readTexts(await openShard({ train: { shards: [9] } }))).toEqual(texts);
  });

  it('never gives other documents: they are right, or an error says to discard them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.integer({ min: 1, max: 20 }), async (at, pieces) => {
        context.hub.reset();
        context.hub.misbehaviors.push({ type: 'damage', at, pieces });
        const cacheDirectory = `${context.cacheDirectory}/${at}`;
        const outcome = await openShard({ cacheDirectory })
          .then((shard) => readTexts(shard))
          .catch((cause: Error) => cause.message);
        if (typeof outcome === 'string')
          expect(outcome).toMatch(/discard what was read of it and read it again$/);
        else expect(outcome).toEqual(texts);
        expect(await readTexts(await openShard({ cacheDirectory }))).toEqual(texts);
      }),
      { numRuns: 20, timeout: 10_000 },
    );
  });
});

describe('any sequence of misbehaviors', () => {
  const anyOffset = fc.nat(size);
  const misbehavior = fc.oneof(
    fc.record({ type: fc.constant('cut' as const), after: anyOffset }),
    fc.record({ type: fc.constant('stall' as const), after: anyOffset }),
    fc.record({
      type: fc.constant('status' as const),
      status: fc.constantFrom(403, 408, 429, 500, 502, 503, 504),
      headers: fc.constantFrom({}, { 'retry-after': '0' }),
    }),
    fc.record({ type: fc.constant('wrongLength' as const), by: fc.integer({ min: -size, max: 2000 }) }),
    fc.record({ type: fc.constant('wrongRange' as const), by: fc.integer({ min: -3000, max: 3000 }) }),
    fc.record({ type: fc.constant('truncate' as const), to: anyOffset }),
    fc.record({ type: fc.constant('unannounced' as const), to: anyOffset }),
    fc.record({ type: fc.constant('slow' as const), pieces: fc.integer({ min: 2, max: 10 }) }),
    fc
      .constantFrom<Misbehavior[]>([{ type: 'ignoreRange' }], [{ type: 'otherTag' }], [{ type: 'portal' }])
      .map(([only]) => only!),
  );

  it('leaves the documents exactly those of the undisturbed shard', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(misbehavior, { maxLength: 7 }),
        fc.array(fc.constantFrom(429, 500, 503), { maxLength: 3 }),
        fc.nat(300),
        async (misbehaviors, statuses, stopAt) => {
          context.hub.reset();
          const run = {
            cacheDirectory: `${context.cacheDirectory}/${Math.random()}`,
            stallSeconds: 0.1,
            // More than all that can go wrong in a row.
            retries: { attempts: 12, firstDelaySeconds: 0 },
          };
          const shard = await openShard(run);
          context.hub.misbehaviors.push(...misbehaviors);
          context.hub.hubStatuses.push(...statuses);
          // Somebody begins and leaves; what came is taken up by the next.
          let seen = 0;
          for await (const { text } of shard.open()) {
            if (seen === stopAt) break;
            expect(text).toBe(texts[seen]);
            seen += 1;
          }
          expect(await readTexts(await openShard(run))).toEqual(texts);
        },
      ),
      { numRuns: 40, timeout: 10_000 },
    );
  });

  it('does so with a mirror that states neither sizes nor checksums, as long as gzip can tell', async () => {
    context.hub.api = false;
    context.hub.linkedHeaders = false;
    const quiet = misbehavior.filter(
      ({ type }) => !['truncate', 'unannounced', 'portal', 'wrongLength'].includes(type),
    );
    const loud = fc.oneof(
      fc.record({ type: fc.constantFrom('truncate' as const, 'unannounced' as const), to: anyOffset }),
      fc.constant({ type: 'portal' as const }),
      fc.record({ type: fc.constant('wrongLength' as const), by: fc.integer({ min: -size, max: 2000 }) }),
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(quiet, { maxLength: 4 }), fc.option(loud), async (others, one) => {
          context.hub.reset();
          context.hub.misbehaviors.push(...others);
          if (one !== null) context.hub.misbehaviors.splice(others.length / 2, 0, one);
          const cacheDirectory = `${context.cacheDirectory}/${Math.random()}`;
          const shard = await openShard({ cacheDirectory, stallSeconds: 0.1 });
          expect(shard.bytes).toBeUndefined();
          expect(await readTexts(shard)).toEqual(texts);
        }),
        { numRuns: 25, timeout: 10_000 },
      );
    } finally {
      context.hub.api = true;
      context.hub.linkedHeaders = true;
    }
  });
});

describe('refusals', () => {
  const refused = async (gate: typeof context.hub.gate, changes = {}) => {
    context.hub.gate = gate;
    try {
      return await openShard(changes).then(
        () => 'opened',
        (cause: Error) => cause.message,
      );
    } finally {
      context.hub.gate = undefined;
    }
  };

  it('say what to do about a gated data set, a private one and a token that is refused', async () => {
    expect(await refused({ status: 403, code: 'GatedRepo', message: 'Access is restricted' })).toMatch(
      /^access to datasets\/allenai\/c4 is restricted \(403, Access is restricted\): accept its conditions at http:.*\/datasets\/allenai\/c4 and set HF_TOKEN/,
    );
    expect(await refused({ status: 401, code: 'RepoNotFound', message: 'Repository not found' })).toMatch(
      /does not exist at http:.*, or is private \(401, no token was sent\): check the name, or set HF_TOKEN/,
    );
    expect(await refused({ status: 401, message: 'Invalid credentials' }, { token: 'hf_old' })).toMatch(
      /^the token from the option token was refused for datasets\/allenai\/c4 \(401, Invalid credentials\): renew it/,
    );
  });

  it('do not repeat a request that would be refused again', async () => {
    await refused({ status: 403, code: 'GatedRepo', message: 'no' });
    expect(context.hub.requests).toHaveLength(1);
  });

  it('say which files there are when one is not', async () => {
    await expect(openShard({ train: { shards: [77] } })).rejects.toThrow(
      /^datasets\/allenai\/c4 has no file en\/c4-train\.00077-of-01024\.json\.gz at 1ddc.*: the folder en has \d entries: en\/c4-train\.00000/,
    );
    await expect(openShard({ variant: 'realnewslike' })).rejects.toThrow(
      /has no file realnewslike\/c4-train\.00000-of-00512\.json\.gz at 1ddc.*: the repository has 1 entries: en$/,
    );
  });

  it('name a revision that is not there, and take a branch that is', async () => {
    await expect(openShard({ revision: 'mian' })).rejects.toThrow(
      /^datasets\/allenai\/c4 has no revision "mian" at http.*: give a branch, a tag or a commit of it$/,
    );
    context.hub.references.set('main', context.hub.commit);
    expect(await readTexts(await openShard({ revision: 'main' }))).toEqual(texts);
    expect(storageRequests()).toHaveLength(1);
    expect(context.hub.requests.some(({ path }) => path.includes(`/resolve/${context.hub.commit}/`))).toBe(
      true,
    );
    // What the branch stood for is kept for offline mode.
    expect(await readTexts(await openShard({ revision: 'main', offline: true }))).toEqual(texts);
  });

  it('never hand the token to the storage', async () => {
    await readAll(await openShard({ token: 'hf_secret' }));
    const sent = (server: string) =>
      new Set(context.hub.requests.filter((one) => one.server === server).map((one) => one.authorization));
    expect(sent('hub')).toEqual(new Set(['Bearer hf_secret']));
    expect(sent('storage')).toEqual(new Set([undefined]));
  });
});
