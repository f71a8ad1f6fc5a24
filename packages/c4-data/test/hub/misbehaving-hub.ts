import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the storage does to one request, instead of answering it well. */
export type Misbehavior =
  /** Cuts the connection after so many bytes of the body. */
  | { readonly type: 'cut'; readonly after: number }
  /** Sends so many bytes of the body, then nothing, with the connection open. */
  | { readonly type: 'stall'; readonly after: number }
  | { readonly type: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Announces a length that is off by so many bytes. */
  | { readonly type: 'wrongLength'; readonly by: number }
  /** Answers a range with the whole file and 200. */
  | { readonly type: 'ignoreRange' }
  /** Answers a range with one that begins so many bytes off, and says so. */
  | { readonly type: 'wrongRange'; readonly by: number }
  /** The file has another ETag from now on, with the same bytes; `If-Range` may be ignored with it. */
  | { readonly type: 'otherTag'; readonly ignoresIfRange?: boolean }
  /** Sends the body in so many small pieces with pauses between. */
  | { readonly type: 'slow'; readonly pieces: number }
  /** One byte of the file arrives altered; in pieces, the reader sees it before the end has come. */
  | { readonly type: 'damage'; readonly at: number; readonly pieces?: number }
  /** The file ends after so many bytes, with a length that agrees. */
  | { readonly type: 'truncate'; readonly to: number }
  /** Announces no length, and ends well after so many bytes of the body. */
  | { readonly type: 'unannounced'; readonly to: number }
  /** Another document in place of the file, as a portal for logging in sends. */
  | { readonly type: 'portal' }
  /** Bytes without end, in pieces of so many, with a pause after each. */
  | { readonly type: 'endless'; readonly piece: number; readonly pauseMilliseconds: number };

/** Bytes that need not exist at once. */
export interface ServedFile {
  readonly size: number;
  readonly sha256: string;
  /** Git's name of a small file that is not in large-file storage. */
  readonly git?: string;
  slice(start: number, end: number): Iterable<Uint8Array>;
}

/** A file held in memory. */
export function servedBytes(bytes: Uint8Array): ServedFile {
  return {
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    slice: (start, end) => [bytes.subarray(start, end)],
  };
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly server: 'hub' | 'storage';
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/**
 * A hub on this machine: it speaks the addresses of huggingface.co that a client needs to read files (resolve with a
 * redirect to a storage host, paths-info, tree, revision) and misbehaves on command.
 */
export class MisbehavingHub {
  /** `datasets/allenai/c4` or `google-t5/t5-base` to paths to files. */
  readonly repositories = new Map<string, Map<string, ServedFile>>();
  /** Branches and tags. */
  readonly references = new Map<string, string>();
  readonly requests: LoggedRequest[] = [];
  /** Applied to the next requests for bytes, one each. */
  readonly misbehaviors: Misbehavior[] = [];
  /** Statuses of the next requests to the hub itself, one each. */
  readonly hubStatuses: number[] = [];
  /** Whether paths-info, tree and revision are answered. */
  api = true;
  /** Whether the redirect states size and checksum. */
  linkedHeaders = true;
  /** Answers to every request for a repository, as of one that is gated or private. */
  gate: { status: number; code?: string; message: string } | undefined;
  commit = 'c0ffee'.padEnd(40, '0');
  /** Requests for bytes that were answered to their end. */
  served = 0;
  /** Address of the hub, also after its stop. */
  readonly endpoint: string;
  /** Takes the place of the answer to a request of the API; what it gives is not ended. */
  apiAnswer: ((kind: string, response: ServerResponse) => void) | undefined;
  /** Takes the place of the size that is stated. */
  statedSize: unknown;
  private version = 1;

  private constructor(
    private readonly hub: Server,
    private readonly storage: Server,
  ) {
    this.endpoint = addressOf(hub);
    hub.on('request', (request, response) => void this.answerHub(request, response));
    storage.on('request', (request, response) => void this.answerStorage(request, response));
  }

  static async start(): Promise<MisbehavingHub> {
    const servers = [createServer(), createServer()] as const;
    for (const server of servers) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      server.unref();
    }
    return new MisbehavingHub(...servers);
  }

  add(repository: string, path: string, content: Uint8Array | ServedFile): void {
    const files = this.repositories.get(repository) ?? new Map<string, ServedFile>();
    this.repositories.set(repository, files);
    files.set(path, content instanceof Uint8Array ? servedBytes(content) : content);
  }

  /** Adds a small file that git itself keeps, so that its checksum is git's. */
  addToGit(repository: string, path: string, content: Uint8Array): void {
    const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    this.add(repository, path, { ...servedBytes(content), git });
  }

  /** Forgets what was asked and what was still to go wrong. */
  reset(): void {
    this.requests.length = 0;
    this.misbehaviors.length = 0;
    this.hubStatuses.length = 0;
    this.version = 1;
    this.apiAnswer = undefined;
    this.statedSize = undefined;
    this.served = 0;
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private log(request: IncomingMessage, server: 'hub' | 'storage'): void {
    const { authorization, range } = request.headers;
    this.requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      server,
      authorization,
      range,
      ifRange: request.headers['if-range'] as string | undefined,
    });
  }

  private async answerHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.log(request, 'hub');
    const status = this.hubStatuses.shift();
    if (status !== undefined) return refuse(response, status);
    if (this.gate !== undefined) return refuse(response, this.gate.status, this.gate.code, this.gate.message);
    const { pathname } = new URL(request.url!, this.endpoint);
    const api = /^\/api\/(?:(datasets\/[^/]+\/[^/]+)|models\/([^/]+\/[^/]+))\/(.*)$/.exec(pathname);
    if (api !== null) return this.answerApi(request, response, (api[1] ?? api[2])!, api[3]!);
    const file = /^\/((?:datasets\/)?[^/]+\/[^/]+)\/resolve\/([^/]+)\/(.*)$/.exec(pathname);
    if (file === null) return refuse(response, 404);
    const [, repository, revision, path] = file as unknown as [string, string, string, string];
    const files = this.repositories.get(repository);
    if (files === undefined) return refuse(response, 401, 'RepoNotFound', 'Invalid username or password.');
    if (!this.knows(decodeURIComponent(revision))) {
      return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    }
    const served = files.get(decodeURIComponent(path));
    if (served === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
    response.writeHead(302, {
      location: `${addressOf(this.storage)}/${repository}/${path}?signature=x`,
      'x-repo-commit': this.commit,
      ...(this.linkedHeaders
        ? {
            'x-linked-size': String(this.statedSize ?? served.size),
            'x-linked-etag': `"${served.git ?? served.sha256}"`,
            'accept-ranges': 'bytes',
          }
        : {}),
    });
    response.end();
  }

  private knows(revision: string): boolean {
    return /^[0-9a-f]{40}$/.test(revision) || this.references.has(revision);
  }

  private async answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    call: string,
  ): Promise<void> {
    const files = this.repositories.get(repository);
    if (!this.api) return refuse(response, 404);
    if (files === undefined) return refuse(response, 401, 'RepoNotFound', 'Invalid username or password.');
    const [kind, encoded = '', ...folder] = call.split('/');
    const revision = decodeURIComponent(encoded);
    if (this.apiAnswer !== undefined) {
      await readAll(request);
      return this.apiAnswer(kind!, response);
    }
    if (!this.knows(revision)) {
      return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    }
    const entry = (path: string) => {
      const { size, sha256, git } = files.get(path)!;
      if (git !== undefined) return { type: 'file', path, size, oid: git };
      const lfs = { oid: sha256, size: this.statedSize ?? size, pointerSize: 134 };
      return { type: 'file', path, size, oid: createHash('sha1').update(path).digest('hex'), lfs };
    };
    if (kind === 'paths-info') {
      const body = await readAll(request);
      const { paths } = JSON.parse(body) as { paths: string[] };
      return sendJson(
        response,
        paths.filter((path) => files.has(path)).map((path) => entry(path)),
      );
    }
    if (kind === 'tree') {
      const prefix = folder.length === 0 ? '' : `${folder.join('/')}/`;
      const inside = [...files.keys()].filter((path) => path.startsWith(prefix));
      if (inside.length === 0) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
      const names = new Set(inside.map((path) => prefix + path.slice(prefix.length).split('/')[0]));
      return sendJson(
        response,
        [...names].map((path) =>
          files.has(path) ? entry(path) : { type: 'directory', path, size: 0, oid: '' },
        ),
      );
    }
    if (kind === 'revision') {
      const sha = this.references.get(revision) ?? revision;
      return sendJson(response, {
        _id: '1',
        id: repository.replace('datasets/', ''),
        sha,
        lastModified: '2024-01-09T19:14:03.000Z',
      });
    }
    return refuse(response, 404);
  }

  private async answerStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.log(request, 'storage');
    const { pathname } = new URL(request.url!, 'http://storage');
    const [repository, path] = splitRepository(pathname, this.repositories);
    const file = this.repositories.get(repository)?.get(path);
    if (file === undefined) return refuse(response, 404);
    const misbehavior = this.misbehaviors.shift();
    if (misbehavior?.type === 'otherTag') this.version += 1;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const tag = `"version-${this.version}"`;
    const ifRange = request.headers['if-range'];
    const ignoresIfRange = misbehavior?.type === 'otherTag' && misbehavior.ignoresIfRange;
    const current = ignoresIfRange || ifRange === undefined || ifRange === tag;
    const whole = range === null || !current || misbehavior?.type === 'ignoreRange';
    const asked = whole ? undefined : { start: Number(range[1]), end: Number(range[2] || file.size - 1) + 1 };
    await this.send(response, file, asked, tag, misbehavior);
  }

  private async send(
    response: ServerResponse,
    file: ServedFile,
    asked: { readonly start: number; readonly end: number } | undefined,
    tag: string,
    misbehavior: Misbehavior | undefined,
  ): Promise<void> {
    if (misbehavior?.type === 'status') {
      response.writeHead(misbehavior.status, misbehavior.headers).end('no');
      return;
    }
    if (misbehavior?.type === 'portal') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>');
      return;
    }
    if (misbehavior?.type === 'endless') return sendWithoutEnd(response, misbehavior);
    const size = misbehavior?.type === 'truncate' ? Math.min(misbehavior.to, file.size) : file.size;
    if (asked !== undefined && asked.start >= size) {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return;
    }
    const off = asked !== undefined && misbehavior?.type === 'wrongRange' ? misbehavior.by : 0;
    const start = Math.min(Math.max(0, (asked?.start ?? 0) + off), size);
    const end = Math.min(asked?.end ?? size, size);
    const length = end - start + (misbehavior?.type === 'wrongLength' ? misbehavior.by : 0);
    response.writeHead(asked === undefined ? 200 : 206, {
      etag: tag,
      'accept-ranges': 'bytes',
      ...(misbehavior?.type === 'unannounced' ? {} : { 'content-length': Math.max(0, length) }),
      ...(asked === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    });
    await this.sendBody(response, file, start, Math.min(end, start + Math.max(0, length)), misbehavior);
  }

  private async sendBody(
    response: ServerResponse,
    file: ServedFile,
    start: number,
    end: number,
    misbehavior: Misbehavior | undefined,
  ): Promise<void> {
    const limit =
      misbehavior?.type === 'cut' || misbehavior?.type === 'stall'
        ? misbehavior.after
        : misbehavior?.type === 'unannounced'
          ? misbehavior.to
          : end;
    const last = Math.min(end, start + limit);
    const pieces = misbehavior !== undefined && 'pieces' in misbehavior ? misbehavior.pieces : undefined;
    const step = pieces === undefined ? 65_536 : Math.ceil((end - start) / pieces);
    let position = start;
    for (const slice of file.slice(start, last)) {
      for (let from = 0; from < slice.length; from += step) {
        let piece = slice.subarray(from, from + step);
        if (misbehavior?.type === 'damage') piece = damaged(piece, misbehavior.at - position);
        position += piece.length;
        if (response.destroyed) return;
        if (!response.write(piece)) await drained(response);
        if (pieces !== undefined) await sleep(2);
      }
    }
    if (misbehavior?.type === 'stall') return;
    if (misbehavior?.type === 'cut' || misbehavior?.type === 'wrongLength') {
      // What was written should arrive before the cut.
      await new Promise((resolve) => response.write('', resolve));
      response.socket?.destroySoon();
      return;
    }
    response.end();
    this.served += 1;
  }
}

/** Sends a piece again and again until the other side has enough. */
export async function sendWithoutEnd(
  response: ServerResponse,
  { piece, pauseMilliseconds }: { readonly piece: number; readonly pauseMilliseconds: number },
): Promise<void> {
  if (!response.headersSent) response.writeHead(200);
  const bytes = Buffer.alloc(piece, '[');
  while (!response.destroyed) {
    if (!response.write(bytes)) await drained(response);
    await sleep(pauseMilliseconds);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function damaged(piece: Uint8Array, at: number): Uint8Array {
  if (at < 0 || at >= piece.length) return piece;
  const copy = Uint8Array.from(piece);
  copy[at]! ^= 0x55;
  return copy;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function splitRepository(pathname: string, repositories: ReadonlyMap<string, unknown>): [string, string] {
  const path = decodeURIComponent(pathname).slice(1);
  const repository = [...repositories.keys()].find((name) => path.startsWith(`${name}/`)) ?? '';
  return [repository, path.slice(repository.length + 1)];
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code?: string, message?: string): void {
  response.writeHead(status, {
    ...(code === undefined ? {} : { 'x-error-code': code }),
    ...(message === undefined ? {} : { 'x-error-message': message }),
  });
  response.end();
}
