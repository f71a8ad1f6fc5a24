import { Redis } from 'ioredis';
import { RunError } from '../runner/run-error.ts';

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
 * @throws RunError when the address is none, nothing answers there, or it is too old
 */
export async function connect(url: string): Promise<QueueServer> {
  const address = withoutPassword(url);
  const first = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectMilliseconds,
    retryStrategy: () => null,
  });
  let reason = '';
  first.on('error', (error: Error) => {
    reason = error.message;
  });
  try {
    await first.connect();
    const version = /redis_version:(\S+)/.exec(await first.info('server'))?.[1] ?? 'unknown';
    if (version.localeCompare(leastVersion, undefined, { numeric: true }) < 0) {
      throw new RunError(`the Redis at ${address} is ${version}; ${leastVersion} or later is needed`);
    }
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError(
      `cannot reach a Redis server at ${address}: ${reason || (error as Error).message}; is it running there?`,
    );
  } finally {
    first.disconnect();
  }
  return { redis: new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 500 }), address };
}

/** Says when a server stops answering, and when it answers again. */
export function watchServer({ redis, address }: QueueServer, say: (text: string) => void): void {
  let silent = false;
  redis.on('error', (error: Error) => {
    if (!silent) say(`${address} does not answer (${error.message}); trials at work go on`);
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

function withoutPassword(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RunError(`--queue must be an address such as redis://localhost:6379, got "${text}"`);
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new RunError(`--queue must begin with redis:// or rediss://, got "${url.protocol}//"`);
  }
  if (url.password !== '') url.password = '***';
  return url.href;
}
