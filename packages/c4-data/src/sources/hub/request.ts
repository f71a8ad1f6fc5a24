import { printableStart } from '@steepest/run-files';
import { HubRefusal, TransferFailure } from './failures.ts';
import type { HubSettings } from './settings.ts';

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const mostRedirects = 8;
/** Statuses of overload and of passing trouble. */
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const noConnection = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/**
 * Silence is counted in parts, each of which lets in what has arrived: a thread that was blocked, as by a training step, counts
 * as one part of it.
 */
const silentParts = 8;
/** A connection that brings less, over as long as silence would be borne, counts as cut. */
const leastBytesPerSecond = 1024;
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The answer at the end of the redirects. */
export interface HubAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** What the hub says of the file it redirects to: its size and its checksum as an ETag. */
  readonly linked: { readonly size: string | null; readonly etag: string | null };
  /**
   * The bytes as they come.
   *
   * @throws TransferFailure if the connection is cut or silent for too long
   */
  bytes(): AsyncGenerator<Uint8Array, void>;
  /** Ends the connection; safe to call at any time. */
  close(): void;
}

/** A connection that counts as cut when the server is silent for too long. */
class Connection {
  private readonly controller = new AbortController();
  /** Seconds that were waited for bytes, and the bytes that came in them, since the rate was last looked at. */
  private waited = 0;
  private received = 0;

  constructor(
    private readonly stallSeconds: number,
    private readonly callers: AbortSignal | undefined,
  ) {}

  /** Ends what `fetch` does with this connection. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * Waits for the server; the time that the reader takes between its waits does not count.
   *
   * It ends the wait itself: an aborted `fetch` does not always settle what is read from it.
   */
  async within<T>(wait: Promise<T>, host: string): Promise<T> {
    let stop: (reason: unknown) => void = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = reject;
    });
    const abort = () => stop(this.callers?.reason);
    let silent = 0;
    const began = performance.now();
    const timer = setInterval(
      () => {
        silent += 1;
        if (silent < silentParts) return;
        stop(new TransferFailure(`${host} sent nothing for ${this.stallSeconds} s`));
      },
      (this.stallSeconds * 1000) / silentParts,
    );
    this.callers?.addEventListener('abort', abort);
    try {
      this.callers?.throwIfAborted();
      const result = await Promise.race([wait, stopped]);
      // A thread that was blocked counts no longer than the parts that it let in.
      const part = this.stallSeconds / silentParts;
      this.waited += Math.min((performance.now() - began) / 1000, (silent + 1) * part);
      return result;
    } catch (cause) {
      this.close();
      wait.catch(() => {});
      throw this.explain(cause, host);
    } finally {
      clearInterval(timer);
      this.callers?.removeEventListener('abort', abort);
    }
  }

  /** The body begins: how long the server took to answer at all is not its rate. */
  beginBody(): void {
    this.waited = 0;
  }

  /** @throws TransferFailure if bytes come too slowly */
  count(bytes: number, host: string): void {
    this.received += bytes;
    if (this.waited < this.stallSeconds) return;
    const { waited, received } = this;
    this.waited = 0;
    this.received = 0;
    if (received >= waited * leastBytesPerSecond) return;
    throw new TransferFailure(
      `${host} sent ${received} bytes in ${waited.toFixed(1)} s, less than ${leastBytesPerSecond} per second`,
      { slow: true },
    );
  }

  close(): void {
    this.controller.abort();
  }

  private explain(cause: unknown, host: string): unknown {
    if (this.callers?.aborted) return this.callers.reason;
    if (cause instanceof TransferFailure) return cause;
    const inner = (cause as Error).cause as { code?: string; message?: string } | undefined;
    const code = inner?.code ?? (cause as { code?: string }).code ?? '';
    if (untrusted.test(code)) {
      return new Error(
        `the certificate of ${host} is not trusted (${code}): behind a proxy that opens TLS, name its certificate in NODE_EXTRA_CA_CERTS`,
        { cause },
      );
    }
    const reason = code || inner?.message || (cause as Error).message;
    return noConnection.has(code)
      ? new TransferFailure(`${host} cannot be reached (${reason})`, { unreachable: true, cause })
      : new TransferFailure(`the connection to ${host} was cut (${reason})`, { cause });
  }
}

/** Seconds from `Retry-After` (a number or a date) or the hub's `RateLimit` (`"resolvers";r=0;t=55`). */
function askedWait(headers: Headers): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null) {
    const seconds = /^\d+$/.test(after.trim()) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
    if (Number.isFinite(seconds)) return Math.max(0, seconds);
  }
  const reset = /;\s*t\s*=\s*(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  return reset === undefined ? undefined : Number(reset);
}

async function refusal(response: Response, target: URL, isHub: boolean): Promise<Error> {
  const { status, statusText, headers } = response;
  void response.body?.cancel().catch(() => {});
  // A storage host refuses with 403 when the link it was given has run out, and the hub gives a new one.
  if (passing.has(status) || (status === 403 && !isHub)) {
    return new TransferFailure(
      `${target.host} answered ${status} ${printableStart(statusText, 200)}`.trimEnd(),
      {
        retryAfterSeconds: askedWait(headers),
      },
    );
  }
  const code = headers.get('x-error-code') ?? undefined;
  const message = printableStart(headers.get('x-error-message') ?? statusText, 200);
  return new HubRefusal(status, code, `${target.origin}${target.pathname}`, message);
}

/** @throws HubRefusal if a server redirects to something that is no address of the web */
function redirected(location: string, from: URL): URL {
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target !== undefined && /^https?:$/.test(target.protocol)) return target;
  const address = `${from.origin}${from.pathname}`;
  throw new HubRefusal(
    502,
    undefined,
    address,
    `it redirects to ${printableStart(location, 200)}, which is no address`,
  );
}

async function* readBody(
  response: Response,
  connection: Connection,
  host: string,
): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  connection.beginBody();
  try {
    while (reader !== undefined) {
      const { done, value } = await connection.within(reader.read(), host);
      if (done) return;
      connection.count(value.length, host);
      yield value;
    }
  } finally {
    connection.close();
  }
}

/**
 * Makes a request to the hub and follows its redirects. The token goes to the hub alone, never to the storage hosts it
 * redirects to.
 *
 * @throws TransferFailure if another attempt may succeed, HubRefusal if not, the signal's reason if it is aborted
 */
export async function request(
  settings: HubSettings,
  address: string,
  { method = 'GET', headers = {}, body, signal }: RequestOptions,
): Promise<HubAnswer> {
  const connection = new Connection(settings.stallSeconds, signal);
  const hub = new URL(settings.endpoint).origin;
  const linked: { size: string | null; etag: string | null } = { size: null, etag: null };
  let target = new URL(address);
  try {
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      const isHub = target.origin === hub;
      const response = await connection.within(
        settings.fetch(target, {
          method,
          redirect: 'manual',
          signal: connection.signal,
          headers: {
            'user-agent': 'steepest-c4-data',
            // Ranges, lengths and checksums are those of the stored bytes.
            'accept-encoding': 'identity',
            ...headers,
            ...(isHub && settings.token !== undefined ? { authorization: `Bearer ${settings.token}` } : {}),
          },
          ...(body === undefined ? {} : { body }),
        }),
        target.host,
      );
      linked.size ??= response.headers.get('x-linked-size');
      linked.etag ??= response.headers.get('x-linked-etag');
      const location = response.headers.get('location');
      if (redirectStatuses.has(response.status) && location !== null) {
        void response.body?.cancel().catch(() => {});
        target = redirected(location, target);
        continue;
      }
      if (!response.ok && response.status !== 416) throw await refusal(response, target, isHub);
      return {
        status: response.status,
        headers: response.headers,
        linked,
        bytes: () => readBody(response, connection, target.host),
        close: () => connection.close(),
      };
    }
    throw new TransferFailure(`${address} was redirected more than ${mostRedirects} times`);
  } catch (cause) {
    connection.close();
    throw cause;
  }
}
