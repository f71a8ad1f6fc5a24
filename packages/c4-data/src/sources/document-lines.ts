import type { SourceDocument } from '../c4-files.ts';
import type { MalformedLine } from './document-source.ts';

/** Longer lines are malformed, so that a file without line feeds cannot fill the memory; documents of C4 stay below 1 MB. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = '\uFEFF';

/** A line as it stands in a file, without its line feed. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Undefined where the line is longer than 64 MiB. */
  readonly bytes: Uint8Array | undefined;
}

/** Cuts a stream of bytes at its line feeds; holds one chunk and one line. The last line may lack its line feed. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;
  const hold = (part: Uint8Array) => {
    heldBytes += part.length;
    if (heldBytes > LONGEST_LINE_BYTES) held = [];
    else held.push(part);
  };
  const finish = (): Line => {
    number += 1;
    const bytes =
      heldBytes > LONGEST_LINE_BYTES ? undefined : held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [];
    heldBytes = 0;
    return { number, bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      hold(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) hold(chunk.subarray(start));
  }
  if (heldBytes > 0) yield finish();
}

/** What is wrong with a line, as a message without its place. */
class MalformedDocument extends Error {}

function optionalText(record: Record<string, unknown>, field: string): string | null {
  const value = record[field] ?? null;
  if (value === null || typeof value === 'string') return value === '' ? null : value;
  throw new MalformedDocument(`"${field}" must be a string or null, got ${typeof value}`);
}

function parseFields(line: string, location: string): SourceDocument {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw new MalformedDocument(`not a JSON object (${(cause as Error).message})`, { cause });
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record)) {
    throw new MalformedDocument(`expected a JSON object with the field "text", got ${line.slice(0, 40)}`);
  }
  const fields = record as Record<string, unknown>;
  if (typeof fields.text !== 'string') {
    const got = fields.text === undefined ? 'none' : fields.text === null ? 'null' : typeof fields.text;
    throw new MalformedDocument(`the field "text" must be a string, got ${got}`);
  }
  return {
    text: fields.text,
    timestamp: optionalText(fields, 'timestamp'),
    url: optionalText(fields, 'url'),
    location,
  };
}

/** The error that a malformed line is to a reader who takes no reports of them. */
export function malformedLineError({ file, line, reason }: MalformedLine): Error {
  return new Error(`${file} line ${line}: ${reason}`);
}

/**
 * The document of a line in C4's format: a JSON object with `text`, `timestamp` and `url`; unknown fields are ignored.
 *
 * Gives undefined for a blank line, and for a malformed one that it has reported.
 *
 * @param onMalformed takes the malformed line; without it that is an error
 * @throws on a malformed line without `onMalformed`: the message names the file and the line
 */
export function parseDocumentLine(
  { number, bytes }: Line,
  file: string,
  onMalformed?: (problem: MalformedLine) => void,
): SourceDocument | undefined {
  try {
    if (bytes === undefined) throw new MalformedDocument(`longer than ${LONGEST_LINE_BYTES} bytes`);
    let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    if (number === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    return text.trim() === '' ? undefined : parseFields(text, `${file} line ${number}`);
  } catch (cause) {
    if (!(cause instanceof MalformedDocument)) throw cause;
    const problem: MalformedLine = { file, line: number, reason: cause.message };
    if (onMalformed === undefined) throw malformedLineError(problem);
    onMalformed(problem);
    return undefined;
  }
}
