import { isUtf8 } from 'node:buffer';
import { printable, printableStart } from '@steepest/run-files';
import type { MalformedLine, SourceDocument } from './document-source.ts';
import { MalformedDocument, orMalformed } from './malformed.ts';

/** Longer lines are malformed, so that a file without line feeds cannot fill the memory; documents of C4 stay below 1 MB. */
export const longestLineBytes = 64 * 1024 * 1024;
const lineFeed = 0x0a;
const byteOrderMark = '\uFEFF';

/** A line as it is in a file, without its line feed. */
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
    if (heldBytes > longestLineBytes) held = [];
    else held.push(part);
  };
  const finish = (): Line => {
    number += 1;
    const bytes =
      heldBytes > longestLineBytes ? undefined : held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [];
    heldBytes = 0;
    return { number, bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      hold(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (heldBytes > 0) yield finish();
}

/** A field that is passed on but never used: a wrong type there costs no document. */
function optionalText(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const fieldsInMessage = 10;

/** `the field "text" must be a string, got none: there are "content" (string), "id" (number); ...`. */
export function missingText(
  textField: string,
  got: string,
  others: Readonly<Record<string, string>>,
): string {
  const names = Object.entries(others).map(([name, type]) => `"${printableStart(name, 40)}" (${type})`);
  const shown = names.slice(0, fieldsInMessage).join(', ') + (names.length > fieldsInMessage ? ', ...' : '');
  return (
    `the field "${printableStart(textField, 40)}" must be a string, got ${got}` +
    (names.length === 0 ? '' : `: there are ${shown}; the option textField of files names another`)
  );
}

/**
 * Checks that a text can be written as UTF-8.
 *
 * @throws MalformedDocument if half of a surrogate pair stands alone in it, as an escape of JSON can write it
 */
export function checkWholeCharacters(text: string): void {
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return;
  const at = text.search(/\p{Cs}/u);
  throw new MalformedDocument(
    `the text has half of a character (${printable(text.charAt(at))}) at ${at}: it was cut in two`,
  );
}

function parseFields(line: string, location: string, textField: string): SourceDocument {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw new MalformedDocument(`not a JSON object (${printableStart((cause as Error).message, 200)})`, {
      cause,
    });
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record)) {
    throw new MalformedDocument(
      `expected a JSON object with the field "${printableStart(textField, 40)}", got ${printableStart(line, 40)}`,
    );
  }
  const fields = record as Record<string, unknown>;
  const text = Object.hasOwn(fields, textField) ? fields[textField] : undefined;
  if (typeof text !== 'string') {
    const { [textField]: _, ...others } = fields;
    const types = Object.entries(others).map(([name, value]) => [name, typeOf(value)]);
    throw new MalformedDocument(
      missingText(textField, text === undefined ? 'none' : typeOf(text), Object.fromEntries(types)),
    );
  }
  checkWholeCharacters(text);
  return { text, timestamp: optionalText(fields.timestamp), url: optionalText(fields.url), location };
}

/** @throws MalformedDocument if the bytes are not UTF-8 */
function decodeLine(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (isUtf8(bytes)) return text;
  // What is decoded with a replacement character is encoded as other bytes, of which the first may be the same.
  const again = Buffer.from(text);
  let at = 0;
  while (bytes[at] === again[at]) at += 1;
  while ((again[at]! & 0xc0) === 0x80) at -= 1;
  throw new MalformedDocument(
    `not UTF-8: byte ${at + 1} is 0x${bytes[at]!.toString(16)}; convert the file, as with iconv -f latin1 -t utf-8`,
  );
}

/**
 * The text of a line, without the byte order mark of its file.
 *
 * @throws MalformedDocument if it is too long or not UTF-8
 */
export function lineText({ number, bytes }: Line): string {
  if (bytes === undefined) throw new MalformedDocument(`longer than ${longestLineBytes} bytes`);
  const text = decodeLine(bytes);
  return number === 1 && text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/**
 * The document of a line in C4's format: a JSON object with `text`, `timestamp` and `url`; other fields are ignored.
 *
 * Gives undefined for a blank line, and for a malformed one that it has reported.
 *
 * @param textField the field that holds the text
 * @param onMalformed takes the malformed line; without it that is an error
 * @throws on a malformed line without `onMalformed`: the message names the file and the line
 */
export function parseDocumentLine(
  { number, bytes }: Line,
  file: string,
  textField: string,
  onMalformed?: (problem: MalformedLine) => void,
): SourceDocument | undefined {
  return orMalformed(file, number, onMalformed, () => {
    const text = lineText({ number, bytes });
    return text.trim() === '' ? undefined : parseFields(text, `${file} line ${number}`, textField);
  });
}
