import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a download reports while it runs. */
export type HubProgress =
  | {
      readonly phase: 'downloading';
      readonly file: string;
      /** Bytes on disk, those of earlier downloads of the same file included. */
      readonly bytes: number;
      readonly totalBytes: number | undefined;
      readonly seconds: number;
    }
  | {
      /** The download waits before it tries again. */
      readonly phase: 'waiting';
      readonly file: string;
      readonly reason: string;
      readonly seconds: number;
      /** Failures in a row, this one included. */
      readonly attempt: number;
    };

/** How often and how soon a failed request is made again. */
export interface RetryOptions {
  /** Failures in a row, without a byte gained between them, after which the download gives up. Default 8. */
  readonly attempts?: number | undefined;
  /** Longest wait after the first failure; it doubles with each further one. Default 0.5. */
  readonly firstDelaySeconds?: number | undefined;
  /** Bound on the doubled wait; a server's own Retry-After may be longer. Default 30. */
  readonly longestDelaySeconds?: number | undefined;
}

/** The retry options with defaults applied. */
type RetryRules = { readonly [Option in keyof RetryOptions]-?: NonNullable<RetryOptions[Option]> };

/** How files are got from the Hugging Face hub and kept. Every option has a default that follows the hub's environment variables. */
export interface HubOptions {
  /** Address of the hub or of a mirror. Default `HF_ENDPOINT`, else https://huggingface.co. */
  readonly endpoint?: string | undefined;
  /** Access token, or false to send none. Default `HF_TOKEN`, else the file `HF_TOKEN_PATH` or `$HF_HOME/token`. */
  readonly token?: string | false | undefined;
  /** Use the cache alone and no network. Default: whether `HF_HUB_OFFLINE` is 1, ON, YES or TRUE. */
  readonly offline?: boolean | undefined;
  /** Folder of the downloaded files; made if absent. Default `$HF_ASSETS_CACHE/steepest`, in `$HF_HOME/assets`. */
  readonly cacheDirectory?: string | undefined;
  /** Size the cache is kept to, but for files in use. Default 16 GiB. */
  readonly cacheBytes?: number | undefined;
  readonly retries?: RetryOptions | undefined;
  /** Silence of the server after which a connection counts as cut. Default 30. */
  readonly stallSeconds?: number | undefined;
  readonly onProgress?: ((progress: HubProgress) => void) | undefined;
  /** Takes the place of the global `fetch`, for a proxy or headers of one's own. */
  readonly fetch?: typeof fetch | undefined;
  /** Ends everything begun with these options. */
  readonly signal?: AbortSignal | undefined;
}

/** The options with defaults and environment applied. */
export interface HubSettings {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Where the token comes from, for messages. */
  readonly tokenOrigin: string;
  readonly offline: boolean;
  /** How offline mode was chosen, for messages. */
  readonly offlineOrigin: string;
  readonly cacheDirectory: string;
  /** Cache of the hub's Python library, read where it has a file, never written. */
  readonly pythonCacheDirectory: string;
  readonly cacheBytes: number;
  readonly retries: RetryRules;
  readonly stallSeconds: number;
  readonly onProgress: ((progress: HubProgress) => void) | undefined;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
}

const publicHub = 'https://huggingface.co';
const defaultCacheBytes = 16 * 1024 ** 3;
const defaultRetries: RetryRules = {
  attempts: 8,
  firstDelaySeconds: 0.5,
  longestDelaySeconds: 30,
};

type Environment = Readonly<Record<string, string | undefined>>;

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase());
}

function huggingFaceHome(environment: Environment): string {
  const caches = environment.XDG_CACHE_HOME || join(homedir(), '.cache');
  return environment.HF_HOME || join(caches, 'huggingface');
}

function findToken(environment: Environment): { token: string | undefined; origin: string } {
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = environment[name]?.trim();
    if (token) return { token, origin: name };
  }
  const path = environment.HF_TOKEN_PATH || join(huggingFaceHome(environment), 'token');
  try {
    const token = readFileSync(path, 'utf8').trim();
    return { token: token === '' ? undefined : token, origin: path };
  } catch {
    return { token: undefined, origin: path };
  }
}

/** Applies the environment variables of the hub's own libraries and our defaults to checked options. */
export function resolveHubSettings(options: HubOptions, environment: Environment = process.env): HubSettings {
  const home = huggingFaceHome(environment);
  const found =
    options.token === undefined
      ? findToken(environment)
      : { token: options.token === false ? undefined : options.token, origin: 'the option token' };
  return {
    endpoint: (options.endpoint ?? (environment.HF_ENDPOINT || publicHub)).replace(/\/+$/, ''),
    token: found.token,
    tokenOrigin: found.origin,
    offline: options.offline ?? isTrue(environment.HF_HUB_OFFLINE),
    offlineOrigin: options.offline === undefined ? 'HF_HUB_OFFLINE' : 'the option offline',
    cacheDirectory: resolve(
      options.cacheDirectory ?? join(environment.HF_ASSETS_CACHE || join(home, 'assets'), 'steepest'),
    ),
    pythonCacheDirectory: environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE || join(home, 'hub'),
    cacheBytes: options.cacheBytes ?? defaultCacheBytes,
    retries: {
      attempts: options.retries?.attempts ?? defaultRetries.attempts,
      firstDelaySeconds: options.retries?.firstDelaySeconds ?? defaultRetries.firstDelaySeconds,
      longestDelaySeconds: options.retries?.longestDelaySeconds ?? defaultRetries.longestDelaySeconds,
    },
    stallSeconds: options.stallSeconds ?? 30,
    onProgress: options.onProgress,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    signal: options.signal,
  };
}

/** One signal for several that may be absent. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
