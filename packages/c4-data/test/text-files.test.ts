import { mkdtempSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type Line, longestLineBytes, splitLines } from '../src/sources/document-lines.ts';
import type { MalformedLine, SourceDocument } from '../src/sources/document-source.ts';
import { checkStoredBytes, checkText, formatOf, WrongFormat } from '../src/sources/files/file-format.ts';
import { listSourceFiles } from '../src/sources/files/list-files.ts';
import { joinParagraphs } from '../src/sources/files/plain-text.ts';
import { type ReadDocumentsOptions, readDocuments } from '../src/sources/files/read-documents.ts';

const root = mkdtempSync(join(tmpdir(), 'steepest-text-files-'));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const line = (text: string) => `${JSON.stringify({ text })}\n`;

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function open(path: string, options: Partial<ReadDocumentsOptions> = {}) {
  return readDocuments(await listSourceFiles([path], 'train'), { textField: 'text', ...options });
}

/** The texts of a file, and why lines hold none. */
async function read(path: string, options: Partial<ReadDocumentsOptions> = {}) {
  const texts: string[] = [];
  const reasons: string[] = [];
  const onMalformed = ({ line: number, reason }: MalformedLine) => reasons.push(`${number} ${reason}`);
  for await (const { text } of await open(path, { onMalformed, ...options })) texts.push(text);
  return { texts, reasons };
}

async function* streamOf<T>(items: Iterable<T>) {
  yield* items;
}

describe('the format of a file', () => {
  it.each<[string, ReturnType<typeof formatOf>]>([
    ['a.jsonl', { compression: 'none', documents: 'lines' }],
    ['a.json', { compression: 'none', documents: 'lines' }],
    ['a.ndjson', { compression: 'none', documents: 'lines' }],
    ['a.txt', { compression: 'none', documents: 'text' }],
    ['a.jsonl.gz', { compression: 'gzip', documents: 'lines' }],
    ['a.json.gz', { compression: 'gzip', documents: 'lines' }],
    ['a.ndjson.gz', { compression: 'gzip', documents: 'lines' }],
    ['a.txt.gz', { compression: 'gzip', documents: 'text' }],
    ['a.jsonl.zst', { compression: 'zstd', documents: 'lines' }],
    ['a.json.zst', { compression: 'zstd', documents: 'lines' }],
    ['a.ndjson.zst', { compression: 'zstd', documents: 'lines' }],
    ['a.TXT.Zst', { compression: 'zstd', documents: 'text' }],
    ['a.parquet', { compression: 'none', documents: 'parquet' }],
    ['a.parquet.gz', undefined],
    ['a.gz', undefined],
    ['a.jsonl.bz2', undefined],
    ['jsonl', undefined],
    ['a.jsonl.part', undefined],
  ])('is told by the end of its name: %s', (name, format) => {
    expect(formatOf(name)).toEqual(format);
  });

  // The first bytes that RFC 1952, RFC 8878, the formats of Parquet, Arrow, bzip2, xz and lz4, and APPNOTE of zip state.
  it.each<[string, number[] | string, string]>([
    ['gzip', [0x1f, 0x8b], 'let its name end in .gz'],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'let its name end in .zst'],
    ['Parquet', 'PAR1', 'let its name end in .parquet, without further compression'],
    ['Arrow', 'ARROW1', 'write it as Parquet or as JSON lines'],
    ['bzip2', 'BZh', 'decompress it, or compress it with gzip or zstd'],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'decompress it, or compress it with gzip or zstd'],
    ['lz4', [0x04, 0x22, 0x4d, 0x18], 'decompress it, or compress it with gzip or zstd'],
    ['a zip archive', [0x50, 0x4b, 0x03, 0x04], 'unpack it'],
    ['UTF-32', [0xff, 0xfe, 0x00, 0x00], 'convert it to UTF-8 (iconv -f UTF-32 -t UTF-8)'],
    ['UTF-32', [0x00, 0x00, 0xfe, 0xff], 'convert it to UTF-8 (iconv -f UTF-32 -t UTF-8)'],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00], 'convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)'],
    ['UTF-16', [0xfe, 0xff], 'convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)'],
    ['UTF-16', [0x7b, 0x00], 'convert it to UTF-8 (iconv -f UTF-16LE -t UTF-8)'],
    ['UTF-16', [0x00, 0x7b], 'convert it to UTF-8 (iconv -f UTF-16BE -t UTF-8)'],
  ])('is told by the first bytes where the name says another: %s', (name, bytes, remedy) => {
    const head = Buffer.from(bytes as number[]);
    const lines = { compression: 'none', documents: 'lines' } as const;
    expect(() => checkStoredBytes(head, 'a\u0007.jsonl', lines)).toThrow(
      new WrongFormat(`a\\u0007.jsonl is ${name}, which its name does not say: ${remedy}`),
    );
    expect(() => checkText(head, 'a\u0007.jsonl.gz', lines)).toThrow(
      new WrongFormat(`a\\u0007.jsonl.gz holds ${name}, not JSON lines: ${remedy}`),
    );
    expect(() => checkText(head, 'a.txt.gz', { compression: 'gzip', documents: 'text' })).toThrow(
      new WrongFormat(`a.txt.gz holds ${name}, not UTF-8 text: ${remedy}`),
    );
    // All of the bytes count.
    for (let at = 0; at < head.length; at += 1) {
      const other = Buffer.from(head);
      other[at] = 0x61;
      if (name === 'UTF-16' && at > 1) continue;
      if (name === 'UTF-32' && head[0] === 0xff && at > 1) continue;
      expect(() => checkStoredBytes(other, 'a.jsonl', lines)).not.toThrow();
    }
  });

  it.each<[string, 'gzip' | 'zstd', number[]]>([
    ['a.jsonl.gz', 'gzip', [0x1f, 0x8b]],
    ['a.jsonl.zst', 'zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ])('is right where the first bytes of %s are of its compression', (path, compression, bytes) => {
    expect(() =>
      checkStoredBytes(Buffer.from(bytes), path, { compression, documents: 'lines' }),
    ).not.toThrow();
  });

  it('is wrong where JSON is no lines, behind a mark and blank lines as well', async () => {
    const array = "is a JSON array; C4's format is one object per line (jq -c '.[]' x.json > x.jsonl)";
    const object =
      "is a JSON object over several lines; C4's format is one object per line (jq -c . x.json > x.jsonl)";
    for (const [content, reason] of [
      ['[{"text":"x"}]', array],
      ['\uFEFF\r\n [\n{"text":"x"}]', array],
      ['{\n"text":"x"}', object],
      ['\uFEFF\n  { \r\n"text":"x"}', object],
    ] as const) {
      await expect(read(write('a.json', content))).rejects.toThrow(`a.json ${reason}`);
    }
    expect((await read(write('b.json', line('[')))).texts).toEqual(['[']);
  });

  it('lets plain text begin with what begins JSON', async () => {
    const text = '[1] A footnote.\n{\n}';
    expect((await read(write('a.txt', text))).texts).toEqual([text]);
  });
});

describe('lines', () => {
  it('of up to 64 MiB are held, longer ones are malformed, and those after them are read', async () => {
    // Zeros cost nothing to make.
    const longest = new Uint8Array(longestLineBytes);
    const after = Buffer.from('\nafter\n');
    const lines: Line[] = [];
    for await (const found of splitLines(streamOf([longest, after, longest, Uint8Array.of(0), after])))
      lines.push(found);
    expect(longestLineBytes).toBe(64 * 1024 * 1024);
    expect(lines.map(({ number, bytes }) => [number, bytes?.length])).toEqual([
      [1, longestLineBytes],
      [2, 5],
      [3, undefined],
      [4, 5],
    ]);
    const problems: MalformedLine[] = [];
    const texts: string[] = [];
    for await (const { text } of joinParagraphs(streamOf(lines.slice(2)), 'a.txt', (problem) =>
      problems.push(problem),
    ))
      texts.push(text);
    expect(texts).toEqual(['after']);
    expect(problems).toEqual([{ file: 'a.txt', line: 3, reason: 'longer than 67108864 bytes' }]);
  });

  it('are whole however they come in chunks', async () => {
    const text = 'one\n\ntwo three\nfour';
    for (let size = 1; size <= text.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
        Buffer.from(text.slice(index * size, (index + 1) * size)),
      );
      const lines: string[] = [];
      for await (const { number, bytes } of splitLines(streamOf(chunks)))
        lines.push(`${number} ${Buffer.from(bytes!)}`);
      expect(lines).toEqual(['1 one', '2 ', '3 two three', '4 four']);
    }
  });

  it('that are not UTF-8 are named with the first byte of what is no character', async () => {
    // A character cut short is in doubt from its first byte on; U+FFFD, in whose place it is read, is EF BF BD.
    for (const [bytes, place] of [
      [[0x61, 0xef], 'byte 2 is 0xef'],
      [[0x61, 0xef, 0xbf], 'byte 2 is 0xef'],
      [[0x61, 0xef, 0xbf, 0x09], 'byte 2 is 0xef'],
      [[0xef, 0xbf, 0xbd, 0xff], 'byte 4 is 0xff'],
      [[0x80], 'byte 1 is 0x80'],
      [[0xe6, 0x9d, 0x22], 'byte 1 is 0xe6'],
      [[0xf0, 0x9f, 0x98], 'byte 1 is 0xf0'],
      [[0xc3, 0xa9, 0xed, 0xa0, 0x80], 'byte 3 is 0xed'],
    ] as const) {
      const { texts, reasons } = await read(write('a.txt', Buffer.concat([Buffer.from(bytes)])));
      expect(texts).toEqual([]);
      expect(reasons).toEqual([`1 not UTF-8: ${place}; convert the file, as with iconv -f latin1 -t utf-8`]);
    }
  });

  it('lose a mark at the start of their file alone', async () => {
    const { texts } = await read(write('a.txt', '\uFEFFone\n\n\uFEFFtwo'));
    expect(texts).toEqual(['one', '\uFEFFtwo']);
  });

  it('say which fields there are in place of the text, and of what type: ten at most, and no long name', async () => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`f${index}`, index]));
    const long = 'x'.repeat(41);
    const { reasons } = await read(
      write(
        'a.jsonl',
        [
          '{"text":null}',
          '{"text":[1]}',
          '{"text":{}}',
          '{}',
          '{"a":null,"b":[],"c":{},"d":true}',
          JSON.stringify(many),
          JSON.stringify({ [long]: 1 }),
          JSON.stringify(Object.fromEntries(Object.entries(many).slice(1))),
        ].join('\n'),
      ),
    );
    const other = '; the option textField of files names another';
    const shown = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `"f${index + from}" (number)`).join(', ');
    const missing = 'the field "text" must be a string, got none';
    expect(reasons).toEqual([
      '1 the field "text" must be a string, got null',
      '2 the field "text" must be a string, got array',
      '3 the field "text" must be a string, got object',
      `4 ${missing}`,
      `5 ${missing}: there are "a" (null), "b" (array), "c" (object), "d" (boolean)${other}`,
      `6 ${missing}: there are ${shown(0, 10)}, ...${other}`,
      `7 ${missing}: there are "${'x'.repeat(40)}…" (number)${other}`,
      `8 ${missing}: there are ${shown(1, 11)}${other}`,
    ]);
  });

  it('are shown by their beginnings where they are no objects, with the name of the field', async () => {
    const field = 'f'.repeat(41);
    const { reasons } = await read(
      write('a.jsonl', `"${'s'.repeat(50)}"\nnull\n5\n{"${'t'.repeat(50)}":1}\n`),
      { textField: field },
    );
    const named = `the field "${'f'.repeat(40)}…"`;
    expect(reasons).toEqual([
      `1 expected a JSON object with ${named}, got "${'s'.repeat(39)}…`,
      `2 expected a JSON object with ${named}, got null`,
      `3 expected a JSON object with ${named}, got 5`,
      `4 ${named} must be a string, got none: there are "${'t'.repeat(40)}…" (number); the option textField of files names another`,
    ]);
  });
});

describe('a document of plain text', () => {
  it('that becomes longer than 64 MiB loses the line that makes it so', async () => {
    const half = new Uint8Array(longestLineBytes / 2).fill(0x61);
    const lines = [half, half.subarray(1), Buffer.from('b'), Buffer.from(''), half].map((bytes, index) => ({
      number: index + 1,
      bytes,
    }));
    const problems: MalformedLine[] = [];
    const documents: SourceDocument[] = [];
    for await (const document of joinParagraphs(streamOf(lines), 'a.txt', (one) => problems.push(one)))
      documents.push(document);
    // Two halves with a line feed between them are 64 MiB exactly.
    expect(documents.map(({ text, location }) => [text.length, location])).toEqual([
      [longestLineBytes, 'a.txt line 1'],
      [longestLineBytes / 2, 'a.txt line 5'],
    ]);
    expect(problems).toEqual([
      {
        file: 'a.txt',
        line: 3,
        reason:
          'its document is longer than 67108864 characters: divide the text into documents with blank lines',
      },
    ]);
  });
});

describe('a file', () => {
  it('that is gone when it is read is named', async () => {
    const path = write('a.jsonl', line('one'));
    const documents = await open(path);
    unlinkSync(path);
    await expect(documents.next()).rejects.toThrow(`source file not found: ${path}`);
  });

  it('that became a folder when it is read is named with what the system says', async () => {
    const documents = readDocuments([{ path: join(folder, '..', 'case.jsonl'), bytes: 0, modified: 0 }], {
      textField: 'text',
    });
    await expect(documents.next()).rejects.toThrow(/^source file not found: .*case\.jsonl$/);
    const { mkdirSync } = await import('node:fs');
    const path = join(folder, 'a.jsonl');
    mkdirSync(path);
    const { size, mtimeMs } = statSync(path);
    const inFolder = readDocuments([{ path, bytes: size, modified: mtimeMs }], { textField: 'text' });
    await expect(inFolder.next()).rejects.toThrow(/^cannot read .*a\.jsonl: EISDIR/);
  });

  it('that has another size or another time than it was listed with is refused', async () => {
    const path = write('a.jsonl', line('one'));
    const when = new Date(2020, 1, 1);
    utimesSync(path, when, when);
    const [listed] = await listSourceFiles([path], 'train');
    const drain = async () => {
      const texts: string[] = [];
      for await (const { text } of readDocuments([listed!], { textField: 'text' })) texts.push(text);
      return texts;
    };
    expect(await drain()).toEqual(['one']);
    writeFileSync(path, line('other'));
    utimesSync(path, when, when);
    await expect(drain()).rejects.toThrow(`${path} was changed while it was read: read it again`);
    writeFileSync(path, line('two'));
    await expect(drain()).rejects.toThrow(`${path} was changed while it was read: read it again`);
  });

  it('tells how many of its stored bytes were read, and ends with the reason of a signal', async () => {
    const path = write('a.jsonl.gz', gzipSync(line('one').repeat(20_000), { level: 0 }));
    const read: number[] = [];
    for await (const _ of await open(path, { onBytes: (bytes) => read.push(bytes) }));
    expect(read).toEqual([...read].sort((a, b) => a - b));
    expect(read[0]).toBe(65_536);
    expect(read.at(-1)).toBe(statSync(path).size);
    const controller = new AbortController();
    const documents = await open(path, { signal: controller.signal });
    await documents.next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(
      (async () => {
        for await (const _ of documents);
      })(),
    ).rejects.toBe(reason);
  });

  it('of gzip may be padded with any number of zeros, and is refused with anything behind them', async () => {
    const member = gzipSync(line('one'));
    for (const zeros of [1, 65_536 - member.length, 65_536, 300_000]) {
      const padded = Buffer.concat([member, Buffer.alloc(zeros)]);
      expect((await read(write('a.jsonl.gz', padded))).texts).toEqual(['one']);
      for (const rest of [Uint8Array.of(1), member, Buffer.concat([member, Buffer.alloc(200_000)])]) {
        await expect(read(write('a.jsonl.gz', Buffer.concat([padded, rest])))).rejects.toThrow(
          `is not readable gzip (${zeros + rest.length} bytes follow that are not gzip): the file is damaged, cut short or not compressed`,
        );
      }
    }
  });
});
