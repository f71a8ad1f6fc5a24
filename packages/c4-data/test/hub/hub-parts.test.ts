import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type * as promises from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { c4Variants, openC4Hub } from '../../src/sources/hub/c4-hub.ts';
import {
  cachePaths,
  dropFile,
  findPythonCopy,
  isRefusedWrite,
  makeRoom,
  readFacts,
  readReference,
  touch,
  writeFacts,
  writeReference,
} from '../../src/sources/hub/cache.ts';
import { checksumOfFile } from '../../src/sources/hub/checksum.ts';
import {
  BeyondLimit,
  DamagedTransfer,
  explainRefusal,
  HubRefusal,
  repositoryName,
  TransferFailure,
  withoutHub,
} from '../../src/sources/hub/failures.ts';
import {
  checksumOf,
  type FileFacts,
  type HubFile,
  noFacts,
  statedBytes,
} from '../../src/sources/hub/hub-file.ts';
import { checkHubOptions, hubOptionKeys } from '../../src/sources/hub/hub-options.ts';
import { Lease, leaseHolds, parseLease } from '../../src/sources/hub/lease.ts';
import { PartialFile } from '../../src/sources/hub/partial-file.ts';
import { type RequestOptions, request } from '../../src/sources/hub/request.ts';
import {
  anySignal,
  type HubOptions,
  type HubProgress,
  resolveHubSettings,
} from '../../src/sources/hub/settings.ts';
import { transfer } from '../../src/sources/hub/transfer.ts';

/** What takes the place of waiting. */
const timers: { sleep: ((milliseconds: number) => Promise<void>) | undefined } = { sleep: undefined };

vi.mock('node:timers/promises', async (importOriginal) => {
  const real = await importOriginal<typeof promises>();
  const setTimeout = ((milliseconds: number, ...others: [unknown, object]) =>
    timers.sleep?.(milliseconds) ?? real.setTimeout(milliseconds, ...others)) as typeof real.setTimeout;
  return { ...real, setTimeout };
});

const { Retries, withRetries } = await import('../../src/sources/hub/retries.ts');
type Retries = InstanceType<typeof Retries>;

const root = mkdtempSync(join(tmpdir(), 'steepest-hub-parts-'));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterEach(() => {
  vi.useRealTimers();
  timers.sleep = undefined;
});
afterAll(() => rmSync(root, { recursive: true }));

const commit = '0123456789abcdef'.repeat(3).slice(0, 40);
const file: HubFile = {
  repository: { type: 'dataset', name: 'who/what' },
  revision: commit,
  path: 'a folder/data.bin',
  alternative: 'take another',
  mostBytes: 1000,
};

/** Answers of a hub and its storage, one for each request in turn, and the requests. */
function answering(...answers: (Response | Error | ((init: RequestInit) => Promise<Response>))[]) {
  const asked: { address: string; init: RequestInit; headers: Record<string, string> }[] = [];
  const fetch = (async (address: URL, init: RequestInit) => {
    asked.push({ address: String(address), init, headers: init.headers as Record<string, string> });
    const answer = answers.shift();
    if (answer === undefined) throw new Error('nothing more is answered');
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer(init) : answer;
  }) as unknown as typeof globalThis.fetch;
  return { fetch, asked };
}

const settingsFor = (options: HubOptions = {}) =>
  resolveHubSettings(
    { endpoint: 'http://hub.test', token: false, cacheDirectory: folder, stallSeconds: 5, ...options },
    {},
  );

const redirect = (location: string, headers: Record<string, string> = {}, status = 302) =>
  new Response(null, { status, headers: { location, ...headers } });

async function bytesOf(answer: { bytes(): AsyncGenerator<Uint8Array, void> }): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.bytes()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a request', () => {
  const ask = (answers: Parameters<typeof answering>, options: RequestOptions = {}, hub: HubOptions = {}) => {
    const { fetch, asked } = answering(...answers);
    return { answer: request(settingsFor({ fetch, ...hub }), 'http://hub.test/x?y=z', options), asked };
  };

  it('gets the bytes as they are stored, with the token for the hub alone', async () => {
    const { answer, asked } = ask(
      [
        redirect('/moved', { 'x-linked-size': '5', 'x-linked-etag': '"tag"' }),
        redirect('https://storage.test/y', { 'x-linked-size': '6' }, 307),
        new Response('bytes', { headers: { etag: 'other' } }),
      ],
      { headers: { range: 'bytes=3-' } },
      { token: 'secret' },
    );
    const { status, headers, linked } = await answer;
    expect([status, headers.get('etag')]).toEqual([200, 'other']);
    expect(linked).toEqual({ size: '5', etag: '"tag"' });
    expect(await bytesOf(await answer)).toBe('bytes');
    const common = { 'user-agent': 'steepest-c4-data', 'accept-encoding': 'identity', range: 'bytes=3-' };
    expect(asked.map(({ address, headers: sent }) => [address, sent])).toEqual([
      ['http://hub.test/x?y=z', { ...common, authorization: 'Bearer secret' }],
      ['http://hub.test/moved', { ...common, authorization: 'Bearer secret' }],
      ['https://storage.test/y', common],
    ]);
    expect(asked.map(({ init }) => [init.method, init.redirect, 'body' in init])).toEqual(
      new Array(3).fill(['GET', 'manual', false]),
    );
  });

  it('sends a body by the method that it is given, and no token where there is none', async () => {
    const { answer, asked } = ask([new Response('')], { method: 'POST', body: 'what' });
    await answer;
    expect([asked[0]!.init.method, asked[0]!.init.body]).toEqual(['POST', 'what']);
    expect(asked[0]!.headers).not.toHaveProperty('authorization');
  });

  it.each([301, 302, 303, 307, 308])('follows a redirect of status %i', async (status) => {
    const { answer, asked } = ask([redirect('http://other.test/', {}, status), new Response('')]);
    expect((await answer).status).toBe(200);
    expect(asked[1]!.address).toBe('http://other.test/');
  });

  it('follows eight redirects and no more, to addresses of the web alone', async () => {
    const many = (count: number) => Array.from({ length: count }, () => redirect('/again'));
    expect((await ask([...many(8), new Response('')]).answer).status).toBe(200);
    const endless = ask(many(12));
    await expect(endless.answer).rejects.toThrow(
      new TransferFailure('http://hub.test/x?y=z was redirected more than 8 times'),
    );
    expect(endless.asked).toHaveLength(9);
    for (const location of ['file:///x', 'http://', 'xhttp://a/', 'javascript:1']) {
      const refused = await ask([redirect(location)]).answer.catch((cause: HubRefusal) => cause);
      expect(refused).toBeInstanceOf(HubRefusal);
      expect(refused).toMatchObject({
        status: 502,
        code: undefined,
        address: 'http://hub.test/x',
        message: `it redirects to ${location}, which is no address`,
      });
    }
    await expect(ask([redirect(`javascript:${'x'.repeat(200)}`)]).answer).rejects.toThrow(
      `it redirects to javascript:${'x'.repeat(189)}…, which is no address`,
    );
    expect(await ask([new Response(null, { status: 304 })]).answer.catch((cause) => cause)).toMatchObject({
      status: 304,
    });
    // Without a location it leads nowhere.
    expect(await ask([new Response(null, { status: 302 })]).answer.catch((cause) => cause)).toMatchObject({
      status: 302,
    });
  });

  it('takes the answer that a range begins behind the end, and tells other refusals apart', async () => {
    expect((await ask([new Response('', { status: 416 })]).answer).status).toBe(416);
    for (const status of [408, 425, 429, 500, 502, 503, 504]) {
      const failure = await ask([new Response('', { status, statusText: 'Busy' })]).answer.catch(
        (cause) => cause,
      );
      expect(failure).toBeInstanceOf(TransferFailure);
      expect(failure).toMatchObject({
        message: `hub.test answered ${status} Busy`,
        retryAfterSeconds: undefined,
        unreachable: false,
        slow: false,
      });
    }
    for (const status of [400, 401, 403, 404, 410, 451, 501]) {
      const refusal = await ask([new Response('', { status, statusText: 'No' })]).answer.catch(
        (cause) => cause,
      );
      expect(refusal).toBeInstanceOf(HubRefusal);
      expect(refusal).toMatchObject({ status, code: undefined, address: 'http://hub.test/x', message: 'No' });
    }
    const headers = { 'x-error-code': 'GatedRepo', 'x-error-message': `${'m'.repeat(201)}` };
    expect(
      await ask([new Response('', { status: 403, headers })]).answer.catch((cause) => cause),
    ).toMatchObject({
      code: 'GatedRepo',
      message: `${'m'.repeat(200)}…`,
    });
    // A link of the storage that has run out.
    const expired = await ask([
      redirect('http://storage.test/'),
      new Response('', { status: 403 }),
    ]).answer.catch((cause) => cause);
    expect(expired).toBeInstanceOf(TransferFailure);
    expect(expired.message).toBe('storage.test answered 403');
    expect(
      (
        await ask([new Response('', { status: 500, statusText: 's'.repeat(201) })]).answer.catch(
          (cause) => cause,
        )
      ).message,
    ).toBe(`hub.test answered 500 ${'s'.repeat(200)}…`);
  });

  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': ' 7 ' }, 7],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': new Date(Date.now() - 60_000).toUTCString() }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'soon', ratelimit: '"resolvers";r=0;t=55' }, 55],
    [{ ratelimit: '"api"; r=0; t = 12' }, 12],
    [{ ratelimit: '"api";r=0' }, undefined],
    [{ 'retry-after': '3', ratelimit: '"api";t=9' }, 3],
    [{}, undefined],
  ])('that is to be made later says when: %j', async (headers, seconds) => {
    const failure = await ask([new Response('', { status: 429, headers })]).answer.catch((cause) => cause);
    expect(failure.retryAfterSeconds).toBe(seconds);
  });

  it('may be asked to wait until a time', async () => {
    const headers = { 'retry-after': new Date(Date.now() + 90_000).toUTCString() };
    const failure = await ask([new Response('', { status: 503, headers })]).answer.catch((cause) => cause);
    // The date has whole seconds.
    expect(failure.retryAfterSeconds).toBeGreaterThan(80);
    expect(failure.retryAfterSeconds).toBeLessThanOrEqual(90);
  });

  it('tells a hub that cannot be reached from a connection that was cut, and a certificate that is not trusted', async () => {
    const fails = (cause: object | undefined, own: object = {}) =>
      ask([Object.assign(new TypeError('fetch failed', { cause }), own)]).answer.catch((error) => error);
    for (const code of [
      ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT'],
      'UND_ERR_CONNECT_TIMEOUT',
    ]) {
      expect(await fails({ code, message: 'no' })).toMatchObject({
        message: `hub.test cannot be reached (${code})`,
        unreachable: true,
        cause: expect.any(TypeError),
      });
    }
    expect(await fails({ code: 'ECONNRESET' })).toMatchObject({
      message: 'the connection to hub.test was cut (ECONNRESET)',
      unreachable: false,
    });
    expect((await fails({ message: 'other side closed' })).message).toBe(
      'the connection to hub.test was cut (other side closed)',
    );
    expect((await fails(undefined)).message).toBe('the connection to hub.test was cut (fetch failed)');
    expect(await fails(undefined, { code: 'ENOTFOUND' })).toMatchObject({ unreachable: true });
    for (const code of [
      'CERT_HAS_EXPIRED',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ]) {
      const error = await fails({ code });
      expect(error).not.toBeInstanceOf(TransferFailure);
      expect(error.message).toBe(
        `the certificate of hub.test is not trusted (${code}): behind a proxy that opens TLS, name its certificate in NODE_EXTRA_CA_CERTS`,
      );
    }
  });

  it('ends with the reason of its signal, before it is made and while it waits, and so does the body', async () => {
    const reason = new Error('enough');
    const never = () => new Promise<Response>(() => {});
    await expect(ask([never], { signal: AbortSignal.abort(reason) }).answer).rejects.toBe(reason);
    const waiting = new AbortController();
    const { answer, asked } = ask([never], { signal: waiting.signal });
    waiting.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(asked[0]!.init.signal!.aborted).toBe(true);
    const reading = new AbortController();
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('a')) });
    const bytes = (await ask([new Response(endless)], { signal: reading.signal }).answer).bytes();
    expect(Array.from((await bytes.next()).value!)).toEqual([0x61]);
    const next = bytes.next();
    reading.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(await bytesOf(await ask([new Response(null)]).answer)).toBe('');
  });

  it('counts as cut where the server is silent, before its answer and within it', async () => {
    const never = () => new Promise<Response>(() => {});
    const short = { stallSeconds: 0.02 };
    await expect(ask([never], {}, short).answer).rejects.toThrow(
      new TransferFailure('hub.test sent nothing for 0.02 s'),
    );
    const silent = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('a')) });
    const { answer, asked } = ask([new Response(silent)], {}, short);
    await expect(bytesOf(await answer)).rejects.toThrow(
      new TransferFailure('hub.test sent nothing for 0.02 s'),
    );
    expect(asked[0]!.init.signal!.aborted).toBe(true);
  });

  it('ends its connection when its body has been read, or is closed', async () => {
    const read = ask([new Response('all')]);
    expect(await bytesOf(await read.answer)).toBe('all');
    expect(read.asked[0]!.init.signal!.aborted).toBe(true);
    const closed = ask([new Response('all')]);
    (await closed.answer).close();
    expect(closed.asked[0]!.init.signal!.aborted).toBe(true);
  });
});

describe('attempts in a row', () => {
  const retriesFor = (options: HubOptions = {}, signal?: AbortSignal) => {
    const events: HubProgress[] = [];
    const settings = settingsFor({
      retries: { attempts: 5, firstDelaySeconds: 0, longestDelaySeconds: 0 },
      onProgress: (event) => events.push(event),
      ...options,
    });
    return { retries: new Retries(file, settings, signal), events, settings };
  };
  const cut = () => new TransferFailure('cut');
  /** Failures until it is given up, and the message then. */
  async function failuresOf(retries: Retries, failure: () => unknown): Promise<[number, string]> {
    for (let count = 1; ; count += 1) {
      try {
        await retries.next(failure());
      } catch (cause) {
        return [count, (cause as Error).message];
      }
    }
  }

  it('are as many as asked for, then the last failure says so', async () => {
    const { retries, events } = retriesFor();
    const end = `; without the hub, use files already in ${folder} with offline mode (HF_HUB_OFFLINE=1), or take another`;
    expect(await failuresOf(retries, cut)).toEqual([
      5,
      `cannot get a folder/data.bin of datasets/who/what: cut, 5 attempts in a row${end}`,
    ]);
    expect(events).toEqual(
      [1, 2, 3, 4].map((attempt) => ({
        phase: 'waiting',
        file: file.path,
        reason: 'cut',
        seconds: 0,
        attempt,
      })),
    );
    const one = retriesFor({ retries: { attempts: 1 } });
    expect(await failuresOf(one.retries, cut)).toEqual([
      1,
      `cannot get a folder/data.bin of datasets/who/what: cut, one attempt${end}`,
    ]);
  });

  it('begin anew when bytes were gained', async () => {
    const { retries } = retriesFor();
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 4; count += 1) await retries.next(cut());
      retries.progressed(1);
    }
    expect((await failuresOf(retries, cut))[0]).toBe(5);
  });

  it('are three where no connection came about at all, and all once one did', async () => {
    const unreachable = () => new TransferFailure('unreachable', { unreachable: true });
    expect((await failuresOf(retriesFor().retries, unreachable))[0]).toBe(3);
    expect((await failuresOf(retriesFor({ retries: { attempts: 2 } }).retries, unreachable))[0]).toBe(2);
    const gained = retriesFor().retries;
    gained.progressed(1);
    expect((await failuresOf(gained, unreachable))[0]).toBe(5);
    const answered = retriesFor().retries;
    await answered.next(cut());
    expect((await failuresOf(answered, unreachable))[0]).toBe(4);
  });

  it('of connections that are too slow are counted on though each gains bytes, until a MiB has come', async () => {
    const slow = () => new TransferFailure('slow', { slow: true });
    const { retries, events } = retriesFor();
    for (let count = 1; count < 5; count += 1) {
      await retries.next(slow());
      retries.progressed(1024 * 1024 - 1);
    }
    await expect(retries.next(slow())).rejects.toThrow('slow, 5 attempts in a row');
    expect(events.map((event) => event.phase === 'waiting' && event.attempt)).toEqual([1, 2, 3, 4]);
    const fast = retriesFor().retries;
    for (let count = 0; count < 9; count += 1) {
      await fast.next(slow());
      fast.progressed(1024 * 1024 - 1);
      fast.progressed(1);
    }
  });

  it('wait twice as long each time up to a bound, at least half of it, or as long as the server asks', async () => {
    const slept: number[] = [];
    timers.sleep = async (milliseconds) => {
      slept.push(milliseconds);
    };
    const { retries, events } = retriesFor({
      retries: { attempts: 9, firstDelaySeconds: 2, longestDelaySeconds: 12 },
    });
    const waits = async (failure: TransferFailure) => {
      await retries.next(failure);
      const { seconds } = events.at(-1) as { seconds: number };
      expect(slept.at(-1)).toBe(1000 * seconds);
      return seconds;
    };
    for (const bound of [2, 4, 8, 12, 12]) {
      const seconds = await waits(cut());
      expect(seconds).toBeLessThanOrEqual(bound);
      expect(seconds).toBeGreaterThanOrEqual(bound / 2);
    }
    expect(await waits(new TransferFailure('busy', { retryAfterSeconds: 40 }))).toBe(40);
    expect(await waits(new TransferFailure('busy', { retryAfterSeconds: 15 * 60 }))).toBe(900);
    await expect(retries.next(new TransferFailure('busy', { retryAfterSeconds: 901 }))).rejects.toThrow(
      'busy, 8 attempts in a row',
    );
    expect(slept).toHaveLength(7);
  });

  it('end at once at what another attempt would not change, or with the reason of a signal', async () => {
    const { retries, events, settings } = retriesFor();
    const refusal = new HubRefusal(404, 'RevisionNotFound', 'http://hub.test/x', 'no');
    await expect(retries.next(refusal)).rejects.toThrow(explainRefusal(refusal, file, settings).message);
    const other = new Error('other');
    await expect(retries.next(other)).rejects.toBe(other);
    expect(events).toEqual([]);
    const reason = new Error('enough');
    await expect(retriesFor({}, AbortSignal.abort(reason)).retries.next(cut())).rejects.toBe(reason);
    const controller = new AbortController();
    const long = { attempts: 5, firstDelaySeconds: 1000, longestDelaySeconds: 1000 };
    const waiting = retriesFor({ retries: long }, controller.signal).retries.next(cut());
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('of a whole request give its result', async () => {
    let made = 0;
    const result = await withRetries(file, retriesFor().settings, undefined, async () => {
      made += 1;
      if (made < 4) throw cut();
      return `after ${made}`;
    });
    expect(result).toBe('after 4');
  });
});

describe('a refusal', () => {
  const hub = 'http://hub.test';
  const without = () => withoutHub(file, settingsFor());
  it.each<[number, string | undefined, string | false, () => string]>([
    [
      404,
      'RevisionNotFound',
      false,
      () => `datasets/who/what has no revision "${commit}" at ${hub}: give a branch, a tag or a commit of it`,
    ],
    [
      403,
      undefined,
      false,
      () =>
        `access to datasets/who/what is restricted (403, said): accept its conditions at ${hub}/datasets/who/what and set HF_TOKEN to a token of that account; ${without()}`,
    ],
    [
      401,
      'GatedRepo',
      'secret',
      () =>
        `access to datasets/who/what is restricted (401, said): accept its conditions at ${hub}/datasets/who/what and set HF_TOKEN to a token of that account; ${without()}`,
    ],
    [
      401,
      undefined,
      'secret',
      () =>
        'the token from the option token was refused for datasets/who/what (401, said): renew it at https://huggingface.co/settings/tokens, or pass token: false for public data',
    ],
    [
      401,
      undefined,
      false,
      () =>
        `datasets/who/what does not exist at ${hub}, or is private (401, no token was sent): check the name, or set HF_TOKEN to a token of an account with access`,
    ],
    [
      401,
      'RepoNotFound',
      'secret',
      () =>
        `datasets/who/what does not exist at ${hub}, or is private (401, with the token from the option token): check the name, or set HF_TOKEN to a token of an account with access`,
    ],
    [
      404,
      'RepoNotFound',
      false,
      () =>
        `datasets/who/what does not exist at ${hub}, or is private (404, no token was sent): check the name, or set HF_TOKEN to a token of an account with access`,
    ],
    [410, undefined, 'secret', () => `${hub}/x answered 410 (said); ${without()}`],
  ])('of status %i and code %s (token: %s) says what to do', (status, code, token, message) => {
    const refusal = new HubRefusal(status, code, `${hub}/x`, 'said');
    const error = explainRefusal(refusal, file, settingsFor({ token }));
    expect(error.message).toBe(message());
    expect(error.cause).toBe(refusal);
  });

  it('names repositories as the addresses of the hub do', () => {
    expect(repositoryName(file)).toBe('datasets/who/what');
    expect(repositoryName({ repository: { type: 'model', name: 'a/b' } })).toBe('a/b');
  });
});

describe('the transfer of a file', () => {
  const content = Buffer.from('0123456789abcdefghij');
  const sha256 = createHash('sha256').update(content).digest('hex');
  const stated: FileFacts = { bytes: 20, checksum: { algorithm: 'sha256', value: sha256 } };

  /** A partial file that has the first bytes. */
  async function partialOf(have: number | Buffer, facts = stated) {
    const handle = await open(join(folder, `partial-${Math.random()}`), 'w+');
    await handle.write(typeof have === 'number' ? content.subarray(0, have) : have, 0);
    const partial = await PartialFile.resume(handle, facts);
    const bytes = async () => {
      const { size } = await handle.stat();
      return (await handle.read(Buffer.alloc(size), 0, size, 0)).buffer.toString();
    };
    return { partial, bytes, handle };
  }

  const whole = (headers: Record<string, string> = {}, body: BodyInit = content) =>
    new Response(body, { headers: { 'content-length': '20', ...headers } });
  const part = (
    from: number,
    headers: Record<string, string> = {},
    body: BodyInit = content.subarray(from),
  ) => new Response(body, { status: 206, headers: { 'content-range': `bytes ${from}-19/20`, ...headers } });

  async function get(partial: PartialFile, ...answers: Parameters<typeof answering>) {
    const { fetch, asked } = answering(...answers);
    const added: number[] = [];
    const outcome = await transfer(
      file,
      partial,
      settingsFor({ fetch }),
      new AbortController().signal,
      async (bytes) => {
        added.push(bytes);
      },
    ).catch((cause: unknown) => cause);
    const ranges = asked.map(({ headers }) => [headers.range, headers['if-range']]);
    return { outcome, added, ranges, addresses: asked.map(({ address }) => address) };
  }

  it('begins with the whole at the address of the file', async () => {
    const { partial, bytes } = await partialOf(0);
    const { outcome, added, ranges, addresses } = await get(partial, whole({ etag: '"one"' }));
    expect(outcome).toBeUndefined();
    expect(added).toEqual([20]);
    expect(ranges).toEqual([[undefined, undefined]]);
    expect(addresses).toEqual([`http://hub.test/datasets/who/what/resolve/${commit}/a%20folder/data.bin`]);
    expect(await bytes()).toBe(content.toString());
    expect(partial.tag).toBe('"one"');
    await partial.check();
    // Nothing is asked for a file that is whole.
    expect(await get(partial)).toMatchObject({ outcome: undefined, ranges: [] });
  });

  it('continues where it ended, for the version it began, if its tag is a strong one', async () => {
    for (const [tag, sent] of [
      ['"one"', '"one"'],
      ['W/"one"', undefined],
      [undefined, undefined],
    ] as const) {
      const { partial, bytes } = await partialOf(7);
      partial.tag = tag;
      const answer = part(7, tag === undefined ? {} : { etag: tag });
      expect(await get(partial, answer)).toMatchObject({
        outcome: undefined,
        added: [13],
        ranges: [['bytes=7-', sent]],
      });
      expect(await bytes()).toBe(content.toString());
    }
  });

  it.each<[string, () => Response]>([
    ['another range', () => part(6)],
    ['a whole of another length', () => part(7, { 'content-range': 'bytes 7-19/21' })],
    ['another version', () => part(7, { etag: '"two"' })],
    ['no range', () => part(7, { 'content-range': 'items 7-19/20' })],
    ['an end', () => new Response('', { status: 416, headers: { 'content-range': 'bytes */20' } })],
  ])('asks for the whole where it is answered with %s', async (_, answer) => {
    const { partial, bytes } = await partialOf(7);
    partial.tag = '"one"';
    const { outcome, added, ranges } = await get(partial, answer(), whole());
    expect(outcome).toBeUndefined();
    expect(ranges).toEqual([
      ['bytes=7-', '"one"'],
      [undefined, undefined],
    ]);
    // The first bytes are on disk already.
    expect(added).toEqual([13]);
    expect(await bytes()).toBe(content.toString());
  });

  it('compares the beginning of a whole with what is on disk, in chunks of any size', async () => {
    const chunked = (text: Buffer, size: number) =>
      new ReadableStream({
        start(controller) {
          for (let from = 0; from < text.length; from += size)
            controller.enqueue(text.subarray(from, from + size));
          controller.close();
        },
      });
    for (const size of [1, 3, 7, 8, 20]) {
      const { partial, bytes } = await partialOf(7);
      const { outcome, added } = await get(partial, whole({}, chunked(content, size)));
      expect(outcome).toBeUndefined();
      expect(added.reduce((sum, count) => sum + count, 0)).toBe(13);
      expect(await bytes()).toBe(content.toString());
      const other = await partialOf(Buffer.from('012345x'));
      const { outcome: refused, added: none } = await get(other.partial, whole({}, chunked(content, size)));
      expect(refused).toEqual(new DamagedTransfer('the server now sends other bytes than before'));
      expect(none).toEqual([]);
    }
  });

  it.each<[string, number, FileFacts, () => Response[], Error]>([
    [
      'with a compression',
      0,
      stated,
      () => [whole({ 'content-encoding': 'gzip' })],
      new TransferFailure('the server answered 200 with the encoding gzip to a plain request'),
    ],
    [
      'with a part of it',
      0,
      stated,
      () => [part(0), part(0)],
      new TransferFailure('the server answered 206 with the encoding identity to a plain request'),
    ],
    [
      'of another length than is stated',
      0,
      stated,
      () => [whole({ 'content-length': '21' })],
      new TransferFailure('the server announced 21 bytes of a file of 20'),
    ],
    [
      'of another length than was announced before',
      0,
      { ...noFacts },
      () => [redirect('http://s.test/', { 'x-linked-size': '20' }), whole({ 'content-length': '21' })],
      new DamagedTransfer('the server announced 21 bytes of a file of 20'),
    ],
    [
      'that ends early',
      0,
      stated,
      () => [whole({}, content.subarray(0, 5))],
      new TransferFailure('the connection ended after 5 of 20 bytes'),
    ],
    [
      'that has more',
      0,
      stated,
      () => [whole({}, Buffer.concat([content, Buffer.from('k')]))],
      new DamagedTransfer('the server sent more than the 20 bytes of the file'),
    ],
    [
      'that has less than before',
      7,
      { ...noFacts },
      () => [new Response(content.subarray(0, 5))],
      new DamagedTransfer('the server now sends fewer bytes than before'),
    ],
    [
      'that is too large',
      0,
      { ...noFacts },
      () => [whole({ 'content-length': '1001' })],
      new BeyondLimit(
        'the server has 1001 bytes or more for a folder/data.bin, above the 1000 that such a file may have: take another',
      ),
    ],
    [
      'that has no end',
      0,
      { ...noFacts },
      () => [new Response(Buffer.alloc(1001))],
      new BeyondLimit(
        'the server has 1001 bytes or more for a folder/data.bin, above the 1000 that such a file may have: take another',
      ),
    ],
  ])('fails at an answer %s', async (_, have, facts, answers, failure) => {
    const { partial } = await partialOf(have, facts);
    const { outcome } = await get(partial, ...answers());
    expect(outcome).toEqual(failure);
    expect((outcome as Error).constructor).toBe(failure.constructor);
  });

  it('learns what was not stated: from the redirect first, then from the length, then from the end', async () => {
    const etag = `"${'a'.repeat(40)}"`;
    const one = await partialOf(0, noFacts);
    await get(
      one.partial,
      redirect('http://s.test/', { 'x-linked-size': '20', 'x-linked-etag': etag }),
      whole({ etag: `"${sha256}"` }),
    );
    expect(one.partial.facts).toEqual({
      bytes: 20,
      checksum: { algorithm: 'git-sha1', value: 'a'.repeat(40) },
    });
    const two = await partialOf(0, noFacts);
    await get(two.partial, whole({ etag: `"${sha256}"` }));
    expect(two.partial.facts).toEqual({ bytes: 20, checksum: undefined });
    const three = await partialOf(0, noFacts);
    await get(three.partial, new Response(content));
    expect(three.partial.facts).toEqual({ bytes: 20, checksum: undefined });
    expect(three.partial.tag).toBeUndefined();
    // What is stated stays.
    const four = await partialOf(0, { bytes: 20, checksum: undefined });
    await get(
      four.partial,
      redirect('http://s.test/', { 'x-linked-size': '30', 'x-linked-etag': `"${sha256}"` }),
      whole(),
    );
    expect(four.partial.facts).toEqual(stated);
    // A file of exactly the most that it may have.
    const five = await partialOf(0, noFacts);
    expect((await get(five.partial, new Response(Buffer.alloc(1000)))).outcome).toBeUndefined();
  });

  it('takes up what an earlier one left, unless that is more than the file has', async () => {
    const { partial, handle } = await partialOf(Buffer.concat([content, Buffer.from('more')]));
    expect([partial.length, (await handle.stat()).size]).toEqual([0, 0]);
    const exact = await partialOf(20);
    expect(exact.partial.length).toBe(20);
    await exact.partial.check();
    const wrong = await partialOf(Buffer.from('x'.repeat(20)));
    const digest = createHash('sha256').update('x'.repeat(20)).digest('hex');
    await expect(wrong.partial.check()).rejects.toThrow(
      new DamagedTransfer(`its sha256 is ${digest}, the hub states ${sha256}`),
    );
    wrong.partial.tag = 'x';
    wrong.partial.facts = noFacts;
    await wrong.partial.restart();
    expect(wrong.partial).toMatchObject({ length: 0, facts: stated, tag: undefined });
    await wrong.partial.append(content);
    await wrong.partial.check();
    // Larger than what is read at once.
    const large = Buffer.alloc(2_500_000, 'abc');
    const value = createHash('sha256').update(large).digest('hex');
    const long = await partialOf(large, { bytes: undefined, checksum: { algorithm: 'sha256', value } });
    expect([long.partial.length, long.partial.digest()]).toEqual([large.length, value]);
    // Git's name of a blob: SHA-1 of `blob <bytes>`, a zero and the bytes.
    const git = createHash('sha1').update('blob 20\0').update(content).digest('hex');
    const blob = await partialOf(20, { bytes: 20, checksum: { algorithm: 'git-sha1', value: git } });
    await blob.partial.check();
    const none = await partialOf(20, noFacts);
    await none.partial.check();
  });
});

describe('what the hub says of a file', () => {
  it('is a number of bytes, or nothing', () => {
    for (const [value, bytes] of [
      [0, 0],
      [5, 5],
      [2 ** 53 - 1, 2 ** 53 - 1],
      ['0', 0],
      ['12', 12],
      ['1234567890123456', 1234567890123456],
      ['12345678901234567', undefined],
      [2 ** 53, undefined],
      [-1, undefined],
      [1.5, undefined],
      ['', undefined],
      ['-1', undefined],
      ['5x', undefined],
      ['x5', undefined],
      [null, undefined],
      [undefined, undefined],
    ] as const)
      expect(statedBytes(value), String(value)).toBe(bytes);
  });

  it('is a checksum by the number of its digits, or nothing', () => {
    const [long, short] = ['A1'.repeat(32), 'b2'.repeat(20)];
    for (const [etag, algorithm, value] of [
      [long, 'sha256', long.toLowerCase()],
      [`"${long}"`, 'sha256', long.toLowerCase()],
      [`W/"${short}"`, 'git-sha1', short],
      [short, 'git-sha1', short],
    ] as const)
      expect(checksumOf(etag)).toEqual({ algorithm, value });
    for (const etag of [
      '',
      `${long}0`,
      long.slice(1),
      `x${short}`,
      `${short}x`,
      '"version-1"',
      5,
      null,
      undefined,
    ])
      expect(checksumOf(etag)).toBeUndefined();
  });

  it('is compared with a file by either algorithm', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'content');
    expect(await checksumOfFile(path, 'sha256')).toBe(createHash('sha256').update('content').digest('hex'));
    expect(await checksumOfFile(path, 'git-sha1')).toBe(
      createHash('sha1').update('blob 7\0content').digest('hex'),
    );
  });
});

describe('the cache', () => {
  it('keeps what is known of a file beside it, and forgets what is damaged', async () => {
    const paths = cachePaths(file, settingsFor());
    expect(paths).toEqual({
      file: join(folder, 'datasets--who--what', commit, 'a folder', 'data.bin'),
      partial: join(folder, 'datasets--who--what', commit, 'a folder', 'data.bin.partial'),
      facts: join(folder, 'datasets--who--what', commit, 'a folder', 'data.bin.facts.json'),
    });
    mkdirSync(dirname(paths.file), { recursive: true });
    expect(await readFacts(paths)).toEqual(noFacts);
    for (const facts of [
      { bytes: 5, checksum: { algorithm: 'sha256', value: 'abc0' } },
      { bytes: 0, checksum: undefined },
      noFacts,
    ] as const) {
      await writeFacts(paths, facts);
      expect(await readFacts(paths)).toEqual(facts);
    }
    for (const facts of [
      { bytes: -1, checksum: undefined },
      { bytes: 5, checksum: { algorithm: 'sha256', value: 'xyz' } },
      { bytes: 5, checksum: { algorithm: 'sha256', value: '' } },
      { bytes: 5, checksum: { algorithm: 'md5', value: 'abc' } },
    ]) {
      await writeFacts(paths, facts as FileFacts);
      expect(await readFacts(paths)).toEqual(noFacts);
    }
    writeFileSync(paths.file, 'x');
    writeFileSync(paths.partial, 'x');
    await dropFile(paths);
    expect(readdirSync(dirname(paths.file))).toEqual([]);
    await dropFile(paths);
  });

  it('keeps the commit that a branch stood for, under a name that is no path', async () => {
    const branch = { ...file, revision: 'refs/pr/1' };
    expect(await readReference(branch, settingsFor())).toBeUndefined();
    await writeReference(branch, commit, settingsFor());
    expect(readdirSync(join(folder, 'datasets--who--what', 'refs'))).toEqual(['refs%2Fpr%2F1']);
    expect(await readReference(branch, settingsFor())).toBe(commit);
    await writeReference(branch, `${commit}0`, settingsFor());
    expect(await readReference(branch, settingsFor())).toBeUndefined();
  });

  it('tells a folder that may not be written from other failures', () => {
    const failure = (code?: string) => Object.assign(new Error('x'), code === undefined ? {} : { code });
    expect(['EACCES', 'EPERM', 'EROFS'].map((code) => isRefusedWrite(failure(code)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['ENOSPC', 'ENOENT', '', undefined].map((code) => isRefusedWrite(failure(code)))).toEqual(
      new Array(4).fill(false),
    );
  });

  it("takes a copy of the hub's Python library that has the size and the name that it should", async () => {
    const settings = { ...settingsFor(), pythonCacheDirectory: join(folder, 'hub') };
    const repository = join(folder, 'hub', 'datasets--who--what');
    const value = 'ab'.repeat(32);
    const blob = join(repository, 'blobs', value);
    const link = join(repository, 'snapshots', commit, 'a folder', 'data.bin');
    for (const path of [blob, link]) mkdirSync(dirname(path), { recursive: true });
    expect(await findPythonCopy(file, noFacts, settings)).toBeUndefined();
    writeFileSync(blob, 'content');
    symlinkSync(blob, link);
    const checksum = { algorithm: 'sha256', value } as const;
    const found = { path: blob, facts: { bytes: 7, checksum } };
    expect(await findPythonCopy(file, noFacts, settings)).toEqual(found);
    expect(await findPythonCopy(file, { bytes: 7, checksum }, settings)).toEqual(found);
    expect(await findPythonCopy(file, { bytes: 8, checksum }, settings)).toBeUndefined();
    const other = { algorithm: 'sha256', value: 'cd'.repeat(32) } as const;
    expect(await findPythonCopy(file, { bytes: 7, checksum: other }, settings)).toBeUndefined();
    // A copy under a name that is no checksum.
    rmSync(link);
    writeFileSync(link, 'content');
    expect(await findPythonCopy(file, { bytes: 7, checksum: other }, settings)).toEqual({
      path: link,
      facts: { bytes: 7, checksum: other },
    });
  });

  it('makes room from the file that was used longest ago on, as far as it must', async () => {
    const add = (name: string, bytes: number, secondsAgo: number, facts = true) => {
      const paths = cachePaths({ ...file, path: name }, settingsFor());
      mkdirSync(dirname(paths.file), { recursive: true });
      writeFileSync(paths.file, 'x'.repeat(bytes));
      if (facts) writeFileSync(paths.facts, '12345');
      const when = Date.now() / 1000 - secondsAgo;
      utimesSync(paths.file, when, when);
      return paths.file;
    };
    const files = [add('b', 100, 30), add('a', 100, 20), add('c/d', 100, 10)];
    const there = () => files.map((path) => existsSync(path));
    // 105 bytes each, with what is known of them.
    await makeRoom(0, settingsFor({ cacheBytes: 315 }));
    expect(there()).toEqual([true, true, true]);
    await makeRoom(1, settingsFor({ cacheBytes: 315 }));
    expect(there()).toEqual([false, true, true]);
    await touch(files[1]!);
    await makeRoom(0, settingsFor({ cacheBytes: 209 }));
    expect(there()).toEqual([false, true, false]);
    await touch(join(folder, 'nowhere'));
    // One that is used stays, and so does one that nothing is known of.
    const lease = await Lease.use(files[1]!);
    const unknown = add('unknown', 50, 50, false);
    await makeRoom(0, settingsFor({ cacheBytes: 0 }));
    expect([existsSync(files[1]!), existsSync(unknown)]).toEqual([true, true]);
    await lease.release();
    await makeRoom(0, settingsFor({ cacheBytes: 104 }));
    expect([existsSync(files[1]!), existsSync(unknown)]).toEqual([false, true]);
  });
});

describe('a lease', () => {
  const target = () => join(folder, 'data.bin');
  const names = () => readdirSync(folder);
  const host = hostname().replace(/[^A-Za-z0-9.]/g, '') || 'host';

  it('is an empty file whose name says for what, of which kind and whose it is', async () => {
    const lease = await Lease.use(target());
    expect(names()).toEqual([
      expect.stringMatching(new RegExp(`^data\\.bin\\.use-${host}-${process.pid}-[0-9a-f]{12}$`)),
    ]);
    expect(parseLease(names()[0]!)).toEqual({ file: 'data.bin', kind: 'use' });
    expect(statSync(join(folder, names()[0]!)).size).toBe(0);
    await lease.release();
    expect(names()).toEqual([]);
    for (const name of [
      'data.bin',
      'a.use-h-1-0123456789a',
      'a.use-h-1-0123456789abc',
      'a.put-h-1-0123456789ab',
      'a.get-h-x-0123456789ab',
      'a.get-h-1-0123456789ab.x',
    ])
      expect(parseLease(name), name).toBeUndefined();
    expect(parseLease('a.b.get--12-0123456789ab')).toEqual({ file: 'a.b', kind: 'get' });
  });

  it('on getting respects those of the same file and kind alone', async () => {
    const write = (name: string) => writeFileSync(join(folder, name), '');
    for (const name of [
      'data.bin.use-other-1-0123456789ab',
      'other.get-other-1-0123456789ab',
      'data.bin.partial',
    ])
      write(name);
    const lease = await Lease.tryGet(target());
    expect(lease).toBeDefined();
    await lease!.release();
    write('data.bin.get-other-1-0123456789ab');
    expect(await Lease.tryGet(target())).toBeUndefined();
    // The attempt leaves nothing behind.
    expect(names().filter((name) => name.includes(`-${process.pid}-`))).toEqual([]);
  });

  it('counts for a minute after its last sign of life, and not at all from a clock that is ahead', async () => {
    const path = join(folder, 'data.bin.use-other-1-0123456789ab');
    for (const [seconds, holds] of [
      [0, true],
      [-57, true],
      [57, true],
      [-61, false],
      [61, false],
    ] as const) {
      writeFileSync(path, '');
      const when = Date.now() / 1000 + seconds;
      utimesSync(path, when, when);
      expect(await leaseHolds(path), String(seconds)).toBe(holds);
      expect(existsSync(path)).toBe(holds);
    }
    expect(await leaseHolds(join(folder, 'gone.use-other-1-0123456789ab'))).toBe(false);
    // Process 1 is there on every machine, whoever may send it signals.
    const own = join(folder, `data.bin.use-${host}-1-0123456789ab`);
    writeFileSync(own, '');
    expect(await leaseHolds(own)).toBe(process.platform !== 'win32');
  });

  it('is looked at half a minute after its last sign of life, and shows one every ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    const lease = await Lease.use(target());
    const path = join(folder, names()[0]!);
    const modified = () => statSync(path).mtimeMs;
    utimesSync(path, 1, 1);
    vi.setSystemTime(Date.now() + 29_999);
    expect(await lease.stillHeld()).toBe(true);
    expect(modified()).toBe(1000);
    vi.setSystemTime(Date.now() + 1);
    expect(await lease.stillHeld()).toBe(true);
    expect(Math.abs(modified() - Date.now())).toBeLessThan(2);
    rmSync(path);
    vi.setSystemTime(Date.now() + 29_999);
    expect(await lease.stillHeld()).toBe(true);
    vi.setSystemTime(Date.now() + 1);
    expect(await lease.stillHeld()).toBe(false);
    const aWhile = () => new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, '');
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(9_999);
    await aWhile();
    expect(modified()).toBe(1000);
    vi.advanceTimersByTime(1);
    while (modified() === 1000) await aWhile();
    await lease.release();
    writeFileSync(path, '');
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(60_000);
    await aWhile();
    expect(modified()).toBe(1000);
    expect(basename(path)).toContain('data.bin.use');
  });
});

describe('options of the hub', () => {
  it('are named', () => {
    expect(hubOptionKeys).toEqual([
      ...[
        'endpoint',
        'token',
        'offline',
        'cacheDirectory',
        'cacheBytes',
        'retries',
        'stallSeconds',
        'onProgress',
      ],
      ...['fetch', 'signal'],
    ]);
    expect(c4Variants).toEqual(['en', 'en.noblocklist', 'en.noclean', 'realnewslike']);
  });

  it.each<[Record<string, unknown>]>([
    [{}],
    [
      {
        endpoint: 'http://localhost:8080/x',
        token: false,
        offline: false,
        cacheDirectory: 'x',
        cacheBytes: 0,
      },
    ],
    [{ token: 'x', stallSeconds: 0.001, onProgress: () => {}, fetch: () => {}, signal: AbortSignal.abort() }],
    [{ retries: {} }],
    [{ retries: { attempts: 1, firstDelaySeconds: 0, longestDelaySeconds: 0 } }],
    [
      Object.fromEntries(
        ['endpoint', 'token', 'retries', 'stallSeconds', 'cacheBytes'].map((key) => [key, undefined]),
      ),
    ],
  ])('are taken as they are: %j', (options) => {
    expect(() => checkHubOptions(options)).not.toThrow();
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { endpoint: 'ftp://x' },
      'endpoint must be the address of a hub, such as "https://huggingface.co", got "ftp://x" (string)',
    ],
    [{ endpoint: 5 }, 'endpoint must be the address of a hub'],
    [{ token: true }, 'token must be an access token, or false to send none, got true (boolean)'],
    [{ offline: 1 }, 'offline must be true or false, got 1 (number)'],
    [{ cacheDirectory: '' }, 'cacheDirectory must be the path of a folder, got "" (string)'],
    [{ cacheDirectory: 5 }, 'cacheDirectory must be the path of a folder, got 5 (number)'],
    [{ onProgress: {} }, 'onProgress must be a function, got {} (object)'],
    [{ fetch: 5 }, 'fetch must be a function like the global fetch, got 5 (number)'],
    [{ signal: {} }, 'signal must be an AbortSignal, got {} (object)'],
    [{ cacheBytes: -1 }, 'cacheBytes must be an integer of 0 or more, got -1 (number)'],
    [{ stallSeconds: 0 }, 'stallSeconds must be a number of seconds above 0, got 0 (number)'],
    [{ stallSeconds: '1' }, 'stallSeconds must be a number of seconds above 0, got "1" (string)'],
    [
      { stallSeconds: Number.POSITIVE_INFINITY },
      'stallSeconds must be a number of seconds above 0, got Infinity',
    ],
    [{ stallSeconds: Number.NaN }, 'stallSeconds must be a number of seconds above 0, got NaN (number)'],
    [{ retries: 5 }, 'retries must be an object, got 5 (number)'],
    [{ retries: { attempts: 0 } }, 'retries.attempts must be an integer of 1 or more, got 0 (number)'],
    [
      { retries: { firstDelaySeconds: -1 } },
      'retries.firstDelaySeconds must be a number of seconds, got -1 (number)',
    ],
    [
      { retries: { longestDelaySeconds: '1' } },
      'retries.longestDelaySeconds must be a number of seconds, got "1" (string)',
    ],
    [{ retries: { attempt: 1 } }, 'retries has no option "attempt": did you mean "attempts"?'],
  ])('are refused where they are %j', (options, message) => {
    expect(() => checkHubOptions(options)).toThrow(message);
    expect(() => checkHubOptions(options, 'source.')).toThrow(`source.${message}`);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ revision: '' }, 'revision must be a commit, branch or tag of the data set, got "" (string)'],
    [{ revision: 5 }, 'revision must be a commit, branch or tag of the data set, got 5 (number)'],
    [
      { variant: 'toString' },
      "variant must be one of 'en', 'en.noblocklist', 'en.noclean', 'realnewslike', got \"toString\"",
    ],
    [
      { variant: 5 },
      "variant must be one of 'en', 'en.noblocklist', 'en.noclean', 'realnewslike', got 5 (number)",
    ],
    [{ variants: 'en' }, 'openC4Hub has no option "variants": did you mean "variant"?'],
    [{ train: 5 }, 'train must be an object, got 5 (number)'],
    [
      { train: { shards: 0 } },
      'train.shards must be a number of shards from 1 to 1024, or a list of shards from 0 to 1023: train of en has 1024; got 0 (number)',
    ],
    [{ train: { shards: 1025 } }, 'train of en has 1024; got 1025 (number)'],
    [{ train: { shards: 1.5 } }, 'got 1.5 (number)'],
    [{ train: { shards: '1' } }, 'got "1" (string)'],
    [{ train: {} }, 'got undefined'],
    [{ train: { shards: [] } }, 'got [] (array)'],
    [{ train: { shards: [-1] } }, 'got [-1] (array)'],
    [{ train: { shards: [0, 1024] } }, 'got [0,1024] (array)'],
    [{ train: { shards: [0, 1, 1024] } }, 'got a list of 3 from 0 (number) to 1024 (number)'],
    [
      { variant: 'realnewslike', validation: { shards: 2 } },
      'validation.shards must be a number of shards from 1 to 1, or a list of shards from 0 to 0: validation of realnewslike has 1; got 2',
    ],
    [{ variant: 'realnewslike', train: { shards: 513 } }, 'train of realnewslike has 512'],
    [{ variant: 'en.noblocklist', train: { shards: 1025 } }, 'train of en.noblocklist has 1024'],
    [{ variant: 'en.noblocklist', validation: { shards: 9 } }, 'validation of en.noblocklist has 8'],
    [{ variant: 'en.noclean', train: { shards: 7169 } }, 'train of en.noclean has 7168'],
    [{ variant: 'en.noclean', validation: { shards: 65 } }, 'validation of en.noclean has 64'],
    [{ validation: { shards: 9 } }, 'validation of en has 8'],
    [{ train: { shards: [3, 5, 3] } }, 'train.shards names the shard 3 twice'],
    [
      { train: { shards: 1, documents: 0 } },
      'train.documents must be an integer of 1 or more, got 0 (number)',
    ],
    [{ train: { shards: 1, document: 1 } }, 'train has no option "document": did you mean "documents"?'],
  ])('of C4 are refused where they are %j', (options, message) => {
    expect(() => openC4Hub(options)).toThrow(message);
  });

  it('of C4 name its shards, all of them by default', async () => {
    const offline = { offline: true, cacheDirectory: folder, token: false } as const;
    const describeOf = (options: object) => openC4Hub({ ...offline, ...options }).describe();
    expect(await describeOf({ variant: 'realnewslike', train: { shards: [2, 5], documents: 7 } })).toEqual({
      type: 'c4',
      repository: 'allenai/c4',
      revision: '1ddc917116b730e1859edef32896ec5c16be51d0',
      variant: 'realnewslike',
      train: { shards: [2, 5], documents: 7 },
      validation: { shards: [0] },
    });
    const namesOf = async (options: object, split: 'train' | 'validation') =>
      (await openC4Hub({ ...offline, ...options }).shards(split)).map(({ name }) => name);
    expect(await namesOf({ train: { shards: [1023, 0] } }, 'train')).toEqual([
      'en/c4-train.01023-of-01024.json.gz',
      'en/c4-train.00000-of-01024.json.gz',
    ]);
    expect(await namesOf({ train: { shards: 2 } }, 'train')).toEqual([
      'en/c4-train.00000-of-01024.json.gz',
      'en/c4-train.00001-of-01024.json.gz',
    ]);
    expect(await namesOf({ variant: 'en.noclean', validation: { shards: [63] } }, 'validation')).toEqual([
      'en.noclean/c4-validation.00063-of-00064.json.gz',
    ]);
    for (const [variant, train, validation] of [
      ['en', 1024, 8],
      ['en.noblocklist', 1024, 8],
      ['en.noclean', 7168, 64],
      ['realnewslike', 512, 1],
    ] as const) {
      const { train: trained, validation: held } = (await describeOf({ variant })) as Record<
        string,
        { shards: number[] }
      >;
      expect([trained!.shards.length, held!.shards.length]).toEqual([train, validation]);
    }
  });

  it('have their defaults from the environment, and yield to what is given', () => {
    const of = (options: HubOptions, environment: Record<string, string>) =>
      resolveHubSettings(options, environment);
    expect(of({}, { HF_ENDPOINT: '', HF_HOME: '/h' })).toMatchObject({
      endpoint: 'https://huggingface.co',
      token: undefined,
      tokenOrigin: join('/h', 'token'),
      offlineOrigin: 'HF_HUB_OFFLINE',
      stallSeconds: 30,
      cacheBytes: 17_179_869_184,
    });
    for (const value of ['1', 'on', 'YES', 'True'])
      expect(of({}, { HF_HUB_OFFLINE: value }).offline).toBe(true);
    for (const value of ['', '0', 'off', 'no', '2'])
      expect(of({}, { HF_HUB_OFFLINE: value }).offline).toBe(false);
    expect(of({}, { HF_TOKEN: ' ', HUGGING_FACE_HUB_TOKEN: 'older' })).toMatchObject({
      token: 'older',
      tokenOrigin: 'HUGGING_FACE_HUB_TOKEN',
    });
    expect(of({ token: 'mine' }, { HF_TOKEN: 'x' })).toMatchObject({
      token: 'mine',
      tokenOrigin: 'the option token',
    });
    expect(of({ offline: true }, {})).toMatchObject({ offline: true, offlineOrigin: 'the option offline' });
    expect(of({}, { XDG_CACHE_HOME: '/c' })).toMatchObject({
      cacheDirectory: join('/c', 'huggingface', 'assets', 'steepest'),
      pythonCacheDirectory: join('/c', 'huggingface', 'hub'),
    });
    expect(of({}, { HF_HUB_CACHE: '', HUGGINGFACE_HUB_CACHE: '/older' }).pythonCacheDirectory).toBe('/older');
    const token = join(folder, 'token');
    writeFileSync(token, ' \n');
    expect(of({}, { HF_TOKEN_PATH: token })).toMatchObject({ token: undefined, tokenOrigin: token });
    const fetch = (() => {}) as unknown as typeof globalThis.fetch;
    const given = {
      endpoint: 'http://a//',
      cacheBytes: 0,
      stallSeconds: 2,
      onProgress: () => {},
      fetch,
      signal: AbortSignal.abort(),
      retries: { attempts: 2, firstDelaySeconds: 3, longestDelaySeconds: 4 },
    };
    expect(of(given, {})).toMatchObject({ ...given, endpoint: 'http://a' });
    expect(of({}, {}).onProgress).toBeUndefined();
  });

  it('have the global fetch, as it is when it is called', async () => {
    const stub = vi.fn(async () => new Response('stubbed'));
    const { fetch } = settingsFor();
    vi.stubGlobal('fetch', stub);
    try {
      expect(await (await fetch('http://a/', { method: 'PUT' })).text()).toBe('stubbed');
      expect(stub).toHaveBeenCalledWith('http://a/', { method: 'PUT' });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('have one signal of several', () => {
    expect(anySignal(undefined, undefined)).toBeUndefined();
    const one = new AbortController();
    expect(anySignal(undefined, one.signal)).toBe(one.signal);
    for (const first of [true, false]) {
      const [a, b] = [new AbortController(), new AbortController()];
      const both = anySignal(a.signal, undefined, b.signal)!;
      expect(both.aborted).toBe(false);
      const reason = new Error('enough');
      (first ? a : b).abort(reason);
      expect([both.aborted, both.reason]).toEqual([true, reason]);
    }
  });
});
