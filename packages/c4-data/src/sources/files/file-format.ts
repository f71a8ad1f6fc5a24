import { printable } from '@steepest/run-files';

/** A file that holds something else than its name says. */
export class WrongFormat extends Error {}

/** How a file stores its documents, as the end of its name says. */
export interface FileFormat {
  readonly compression: 'none' | 'gzip' | 'zstd';
  readonly documents: 'lines' | 'text' | 'parquet';
}

const lineEndings = ['.jsonl', '.json', '.ndjson'] as const;
const textEnding = '.txt';
const compressions = { '': 'none', '.gz': 'gzip', '.zst': 'zstd' } as const;

const formats = new Map<string, FileFormat>([
  ...Object.entries(compressions).flatMap(([ending, compression]): [string, FileFormat][] => [
    ...lineEndings.map((lines): [string, FileFormat] => [
      `${lines}${ending}`,
      { compression, documents: 'lines' },
    ]),
    [`${textEnding}${ending}`, { compression, documents: 'text' }],
  ]),
  ['.parquet', { compression: 'none', documents: 'parquet' }],
]);

/** Names that are read, for messages. */
export const knownEndings = `${lineEndings.join(', ')}, ${textEnding} (each also with .gz or .zst) and .parquet`;

/** The format of a file by the end of its name, in either case; undefined for any other name. */
export function formatOf(name: string): FileFormat | undefined {
  const lower = name.toLowerCase();
  for (const [ending, format] of formats) if (lower.endsWith(ending)) return format;
  return undefined;
}

/** What the first bytes of a file tell, where that is not UTF-8 text. */
interface Signature {
  readonly bytes: readonly number[];
  readonly name: string;
  readonly remedy: string;
  readonly compression?: FileFormat['compression'];
}

const ascii = (text: string) => Array.from(text, (character) => character.charCodeAt(0));
const decompress = 'decompress it, or compress it with gzip or zstd';
const toUtf8 = (encoding: string) => `convert it to UTF-8 (iconv -f ${encoding} -t UTF-8)`;

const signatures: readonly Signature[] = [
  { bytes: [0x1f, 0x8b], name: 'gzip', remedy: 'let its name end in .gz', compression: 'gzip' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', remedy: 'let its name end in .zst', compression: 'zstd' },
  {
    bytes: ascii('PAR1'),
    name: 'Parquet',
    remedy: 'let its name end in .parquet, without further compression',
  },
  { bytes: ascii('ARROW1'), name: 'Arrow', remedy: 'write it as Parquet or as JSON lines' },
  { bytes: ascii('BZh'), name: 'bzip2', remedy: decompress },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'xz', remedy: decompress },
  { bytes: [0x04, 0x22, 0x4d, 0x18], name: 'lz4', remedy: decompress },
  { bytes: [0x50, 0x4b, 0x03, 0x04], name: 'a zip archive', remedy: 'unpack it' },
  { bytes: [0xff, 0xfe, 0x00, 0x00], name: 'UTF-32', remedy: toUtf8('UTF-32') },
  { bytes: [0x00, 0x00, 0xfe, 0xff], name: 'UTF-32', remedy: toUtf8('UTF-32') },
  { bytes: [0xff, 0xfe], name: 'UTF-16', remedy: toUtf8('UTF-16') },
  { bytes: [0xfe, 0xff], name: 'UTF-16', remedy: toUtf8('UTF-16') },
  { bytes: [0x7b, 0x00], name: 'UTF-16', remedy: toUtf8('UTF-16LE') },
  { bytes: [0x00, 0x7b], name: 'UTF-16', remedy: toUtf8('UTF-16BE') },
];

function signatureOf(head: Uint8Array): Signature | undefined {
  return signatures.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
}

/**
 * Checks that the first bytes of a file are of the compression that its name says.
 *
 * @throws WrongFormat if they are those of another format
 */
export function checkStoredBytes(head: Uint8Array, path: string, { compression }: FileFormat): void {
  const found = signatureOf(head);
  if (found === undefined || found.compression === compression) return;
  throw new WrongFormat(`${printable(path)} is ${found.name}, which its name does not say: ${found.remedy}`);
}

/**
 * Checks that decompressed text begins as JSON lines or plain text do.
 *
 * @throws WrongFormat if it is of another format, a JSON array, or one JSON object over several lines
 */
export function checkText(head: Uint8Array, path: string, { documents }: FileFormat): void {
  const found = signatureOf(head);
  const where = printable(path);
  if (found !== undefined) {
    const expected = documents === 'text' ? 'UTF-8 text' : 'JSON lines';
    throw new WrongFormat(`${where} holds ${found.name}, not ${expected}: ${found.remedy}`);
  }
  if (documents === 'text') return;
  const [first = ''] = Buffer.from(head).toString('utf8').replace('\uFEFF', '').trimStart().split('\n', 1);
  if (first.startsWith('[')) {
    throw new WrongFormat(
      `${where} is a JSON array; C4's format is one object per line (jq -c '.[]' x.json > x.jsonl)`,
    );
  }
  if (first.trim() === '{') {
    throw new WrongFormat(
      `${where} is a JSON object over several lines; C4's format is one object per line (jq -c . x.json > x.jsonl)`,
    );
  }
}
