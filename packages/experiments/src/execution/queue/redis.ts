import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '@steepest/run-files';
import { Redis } from 'ioredis';

/** All keys of the benchmark in a Redis server begin with this. */
export const prefix = 'steepest';
/** Name of the one queue, which the trials of all experiments share. */
export const queueName = 'trials';

const connectMilliseconds = 5_000;
/** What BullMQ 6 needs. */
const leastVersion = '6.2.0';

/** A connection that outlives the server: commands wait until it answers again. */
export interface QueueServer {
  readonly redis: Redis;
  /** The address without its password. */
  readonly address: string;
}

/**
 * Connects to a Redis server.
 * @param url `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS
 * @param answerMilliseconds how long the server may take to answer
 * @throws RunError when the address is none, nothing answers there within seconds, it refuses the password, or it is too old;
 * no message shows the password
 */
export async function connect(url: string, answerMilliseconds = 10_000): Promise<QueueServer> {
  const address = shownAddress(url);
  const first = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectMilliseconds,
    retryStrategy: () => null,
  });
  let reason: string | undefined;
  first.on('error', (error: Error) => {
    reason ??= error.message;
  });
  try {
    const info = await answerOf(
      first.connect().then(() => first.info('server')),
      answerMilliseconds,
    );
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
    if (version.localeCompare(leastVersion, undefined, { numeric: true }) < 0) {
      throw new RunError(`the Redis at ${address} is ${version}; ${leastVersion} or later is needed`);
    }
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError(unreachable(address, reason ?? (error as Error).message));
  } finally {
    first.disconnect();
  }
  return { redis: new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 500 }), address };
}

/** A server that accepts connections and says nothing, such as one of another protocol, is no Redis. */
async function answerOf(info: Promise<string>, milliseconds: number): Promise<string> {
  const waiting = new AbortController();
  const silence = sleep(milliseconds, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`no answer within ${milliseconds / 1_000} seconds`);
  });
  try {
    return await Promise.race([info, silence]);
  } finally {
    waiting.abort();
    silence.catch(() => {});
    info.catch(() => {});
  }
}

function unreachable(address: string, reason: string): string {
  if (/WRONGPASS|invalid password/i.test(reason)) {
    return `the Redis server at ${address} refuses the user or password of --queue (${reason})`;
  }
  if (/NOAUTH/i.test(reason)) {
    return `the Redis server at ${address} asks for a password: --queue redis://:PASSWORD@HOST:PORT (${reason})`;
  }
  if (/NOPERM/i.test(reason)) {
    return `the user of --queue lacks permissions on the Redis server at ${address} (${reason})`;
  }
  return `cannot reach a Redis server at ${address}: ${reason}; is it running there?`;
}

/** Says when a server stops answering, and when it answers again. */
export function watchServer({ redis, address }: QueueServer, say: (text: string) => void): void {
  let silent = false;
  redis.on('error', (error: Error) => {
    if (!silent) say(`${address} does not answer (${error.message}); trials at work continue`);
    silent = true;
  });
  redis.on('ready', () => {
    if (silent) say(`${address} answers again`);
    silent = false;
  });
}

/** Set while the coordinator of a run wants its trials stopped. */
export function stopKey(run: string): string {
  return `${prefix}:stop:${run}`;
}

/** Workers that will not take trials of a run, by host, with their reasons. */
export function refusalsKey(run: string): string {
  return `${prefix}:refusals:${run}`;
}

const addressForm =
  '--queue must be an address such as redis://localhost:6379 or redis://:password@host:6379/0, with characters such as / # ? @ in a ' +
  'password written %2F %23 %3F %40; what was given is not repeated here, as it may hold a password';

/** The address without its password; an address of another form is refused, because a part of it may be the password. */
function shownAddress(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RunError(addressForm);
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new RunError(`--queue must begin with redis:// or rediss://. ${addressForm}`);
  }
  if (url.hostname === '' || url.hash !== '' || url.search !== '' || !/^(\/\d*)?$/.test(url.pathname)) {
    throw new RunError(addressForm);
  }
  if (url.password !== '') url.password = '***';
  return url.href;
}
