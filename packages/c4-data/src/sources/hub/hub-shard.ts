import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Line, parseDocumentLine, splitLines } from '../document-lines.ts';
import type { DocumentShard, MalformedLine, OpenShardOptions, SourceDocument } from '../document-source.ts';
import { malformedLineError } from '../malformed.ts';
import { DownloadRestarted } from './download.ts';
import { repositoryName } from './failures.ts';
import type { FileFacts, HubFile } from './hub-file.ts';
import { type OpenHubFile, openHubFile } from './open-file.ts';
import { anySignal, type HubSettings } from './settings.ts';

/** Times a shard is got whose bytes are no gzip and cannot be told from what the hub has. */
const damagedCopies = 3;
const chunkBytes = 256 * 1024;

/** Bytes that cannot be read as what they should be: not those of the hub, or those of a file that is itself damaged. */
class UnreadableCopy extends Error {}

async function* gunzip(bytes: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  const source = Readable.from(bytes, { objectMode: false, highWaterMark: chunkBytes });
  const stream = pipeline(source, createGunzip({ chunkSize: chunkBytes }), () => {});
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('Z_')) throw new UnreadableCopy(message, { cause });
    throw cause;
  }
}

/** Stands for a line too long to hold. */
const tooLong = 'too long';

/** Remembers the lines of a shard that were given, so that after a damaged copy the reading continues after them. */
class GivenLines {
  private count = 0;
  private readonly hash = createHash('sha256');
  private again = createHash('sha256');

  constructor(private readonly name: string) {}

  restart(): void {
    this.again = createHash('sha256');
  }

  /**
   * Whether the line was given before.
   *
   * @throws if the lines up to it are not those that were given
   */
  includes({ number, bytes }: Line): boolean {
    if (number > this.count) return false;
    this.again.update(bytes ?? tooLong);
    if (number === this.count && this.again.digest('hex') !== this.hash.copy().digest('hex')) {
      throw this.changed();
    }
    return true;
  }

  add({ number, bytes }: Line): void {
    this.hash.update(bytes ?? tooLong);
    this.count = number;
  }

  /** @throws if the shard ended before the lines that were given */
  end(lines: number): void {
    if (lines < this.count) throw this.changed();
  }

  private changed(): Error {
    return new Error(
      `${this.name} arrived damaged or changed on the hub while it was read: discard what was read of it and read it again`,
    );
  }
}

/** A shard of C4 on the hub. */
export class HubShard implements DocumentShard {
  readonly name: string;
  readonly bytes: number | undefined;

  /** @param documents read at most this many, from the start */
  constructor(
    private readonly file: HubFile,
    private readonly facts: FileFacts,
    private readonly settings: HubSettings,
    private readonly documents: number | undefined,
  ) {
    this.name = file.path;
    this.bytes = facts.bytes;
  }

  /**
   * Streams the documents while the shard downloads, or from the cache. What was cut, damaged or sent anew on the way is got
   * again; every document comes once.
   *
   * Holds a few chunks of 256 KiB and the bytes of one line, whatever the size of the shard: with what Node has not collected
   * yet, less than 64 MB.
   */
  async *open(options: OpenShardOptions = {}): AsyncGenerator<SourceDocument, void> {
    const signal = anySignal(options.signal, this.settings.signal);
    const given = new GivenLines(this.name);
    let left = this.documents ?? Number.POSITIVE_INFINITY;
    for (let copies = 1; left > 0; copies += 1) {
      const file = await openHubFile(this.file, this.facts, this.settings, copies === 1);
      try {
        for await (const document of this.read(file, given, { ...options, ...(signal && { signal }) })) {
          yield document;
          left -= 1;
          if (left === 0) return;
        }
        return;
      } catch (cause) {
        if (!(cause instanceof UnreadableCopy)) throw cause;
        const verdict = await file.examine(signal);
        if (verdict === 'right' || copies === damagedCopies || this.settings.offline) {
          throw this.explain(cause, verdict);
        }
        await file.drop();
      } finally {
        await file.close();
      }
    }
  }

  /** Reads one copy of the shard to its end, from the start again where its download begins anew. */
  private async *read(
    file: OpenHubFile,
    given: GivenLines,
    { signal, onMalformed, onBytes }: OpenShardOptions,
  ): AsyncGenerator<SourceDocument, void> {
    let most = 0;
    async function* counted(): AsyncGenerator<Uint8Array, void> {
      let read = 0;
      for await (const chunk of file.read(signal)) {
        read += chunk.length;
        if (read > most) {
          most = read;
          onBytes?.(read);
        }
        yield chunk;
      }
    }
    for (;;) {
      given.restart();
      let lines = 0;
      try {
        for await (const line of splitLines(gunzip(counted()))) {
          lines = line.number;
          if (given.includes(line)) continue;
          const problems: MalformedLine[] = [];
          const document = parseDocumentLine(line, this.name, 'text', (problem) => problems.push(problem));
          for (const problem of problems) {
            // A line is not blamed on the shard for what happened to it on the way.
            if ((await file.examine(signal)) === 'wrong') throw new UnreadableCopy(problem.reason);
            if (onMalformed === undefined) throw malformedLineError(problem);
            onMalformed(problem);
          }
          given.add(line);
          if (document !== undefined) yield document;
        }
        given.end(lines);
        return;
      } catch (cause) {
        if (!(cause instanceof DownloadRestarted)) throw cause;
      }
    }
  }

  private explain(cause: UnreadableCopy, verdict: 'right' | 'wrong' | 'unknown'): Error {
    const what = `${this.name} of ${repositoryName(this.file)} is not readable gzip (${cause.message})`;
    if (verdict === 'right') {
      return new Error(
        `${what}, though it is whole and as the hub has it: the file itself is damaged; give another revision, or ${this.file.alternative}`,
        { cause },
      );
    }
    const { offline, offlineOrigin, cacheDirectory } = this.settings;
    return offline
      ? new Error(
          `${what}: the copy in ${cacheDirectory} is damaged, and offline mode is on (${offlineOrigin}); remove it and read it with the network`,
          { cause },
        )
      : new Error(
          `${what}, in ${damagedCopies} copies, and the hub gives no checksum to tell why: the file is damaged or cut short on ` +
            `${this.settings.endpoint}, or something on the way alters it; ${this.file.alternative}`,
          { cause },
        );
  }
}
