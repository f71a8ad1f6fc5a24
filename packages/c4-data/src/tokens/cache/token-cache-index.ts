import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import * as z from 'zod';
import { splitLines } from '../../sources/document-lines.ts';
import type { MalformedLine } from '../../sources/document-source.ts';
import type { ReadTokens } from '../memory-store.ts';

const schemaVersion = 3;
const numbersInLine = 4096;

const headerSchema = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
  source: z.string(),
  bytesPerToken: z.union([z.literal(2), z.literal(4)]),
  tokenCount: z.int().nonnegative(),
  documents: z.int().nonnegative(),
  hash: z.string(),
});

/** What the index of a token cache says. */
export type CacheIndex = Omit<ReadTokens, 'tokens'> &
  Pick<z.infer<typeof headerSchema>, 'bytesPerToken' | 'tokenCount'>;

/** Where one list of the index ends and the next begins. */
const sections = [',"documentLengths":[', '],"documentBytes":[', '],"malformed":['] as const;
const end = '],"checksum":"';

/**
 * The index of a token cache: one JSON object, in lines of which each can be read alone, since a text of more than 512 MB is none to
 * JavaScript. The last line has the SHA-256 of all before it.
 */
export function* writeCacheIndex(source: string, store: ReadTokens): Generator<string> {
  const hash = createHash('sha256');
  for (const part of contentOf(source, store)) {
    hash.update(part);
    yield part;
  }
  yield `${hash.digest('hex')}"}\n`;
}

function* contentOf(source: string, store: ReadTokens): Generator<string> {
  const { tokens, documentLengths, documentBytes, malformed, hash } = store;
  const header: z.infer<typeof headerSchema> = {
    schemaVersion: schemaVersion,
    source,
    bytesPerToken: tokens.BYTES_PER_ELEMENT as 2 | 4,
    tokenCount: tokens.length,
    documents: documentLengths.length,
    hash,
  };
  yield `${JSON.stringify(header).slice(0, -1)}${sections[0]}\n`;
  yield* numberLines(documentLengths);
  yield `${sections[1]}\n`;
  yield* numberLines(documentBytes);
  yield `${sections[2]}\n`;
  for (const [index, problem] of malformed.entries()) {
    yield `${JSON.stringify(problem)}${index + 1 < malformed.length ? ',' : ''}\n`;
  }
  yield end;
}

function* numberLines(numbers: Uint32Array): Generator<string> {
  for (let from = 0; from < numbers.length; from += numbersInLine) {
    const to = from + numbersInLine;
    yield `${numbers.subarray(from, to).join()}${to < numbers.length ? ',' : ''}\n`;
  }
}

/** Reads an index; undefined where it is not one, or not as it was written. */
export async function readCacheIndex(file: FileHandle): Promise<CacheIndex | undefined> {
  const hash = createHash('sha256');
  const { size } = await file.stat();
  let lists: IndexLists | undefined;
  for await (const { bytes } of splitLines(file.createReadStream({ autoClose: false }))) {
    if (bytes === undefined) return undefined;
    const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    if (line.startsWith(end)) {
      hash.update(end);
      return line === `${end}${hash.digest('hex')}"}` ? lists?.index() : undefined;
    }
    hash.update(bytes).update('\n');
    try {
      if (lists === undefined) lists = new IndexLists(line, size);
      else lists.add(line);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The lists of an index while they are read. Throws at whatever is not as it is written; the checksum has the last word. */
class IndexLists {
  private readonly header: z.infer<typeof headerSchema>;
  private readonly documentLengths: Uint32Array;
  private readonly documentBytes: Uint32Array;
  private readonly malformed: MalformedLine[] = [];
  private section = 0;
  private filled = 0;

  /** @param size bytes of the whole index: no list is longer */
  constructor(line: string, size: number) {
    const [first] = sections;
    if (!line.endsWith(first)) throw new Error('no header');
    this.header = headerSchema.parse(JSON.parse(`${line.slice(0, -first.length)}}`));
    const { documents } = this.header;
    if (documents > size) throw new RangeError('more documents than bytes');
    this.documentLengths = new Uint32Array(documents);
    this.documentBytes = new Uint32Array(documents);
  }

  add(line: string): void {
    if (line === sections[this.section + 1]) {
      if (this.section < 2 && this.filled !== this.header.documents) throw new Error('a list is cut short');
      this.section += 1;
      this.filled = 0;
      return;
    }
    const items = JSON.parse(`[${line.endsWith(',') ? line.slice(0, -1) : line}]`);
    if (this.section === 2) this.malformed.push(...items);
    else (this.section === 0 ? this.documentLengths : this.documentBytes).set(items, this.filled);
    this.filled += items.length;
  }

  index(): CacheIndex {
    const { header, documentLengths, documentBytes, malformed } = this;
    const { bytesPerToken, tokenCount, hash } = header;
    return { bytesPerToken, tokenCount, hash, documentLengths, documentBytes, malformed };
  }
}
