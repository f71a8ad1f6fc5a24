import { once } from 'node:events';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openTextData } from '../src/index.ts';
import type { MalformedLine, SplitName } from '../src/sources/document-source.ts';
import { listSplitFiles } from '../src/sources/files/file-source.ts';
import { listSourceFiles, type SkippedFile } from '../src/sources/files/list-files.ts';
import { readDocuments } from '../src/sources/files/read-documents.ts';

const root = mkdtempSync(join(tmpdir(), 'steepest-sources-'));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const parquet = fileURLToPath(new URL('./fixtures/parquet/', import.meta.url));
const line = (text: string) => `${JSON.stringify({ text })}\n`;

function write(name: string, content: string | Uint8Array = line('one')): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The texts of a file, and the lines that hold none. */
async function read(
  path: string,
  textField = 'text',
): Promise<{ texts: string[]; malformed: MalformedLine[] }> {
  const texts: string[] = [];
  const malformed: MalformedLine[] = [];
  const options = { textField, onMalformed: (problem: MalformedLine) => malformed.push(problem) };
  for await (const { text } of readDocuments(await listSourceFiles([path], 'train'), options))
    texts.push(text);
  return { texts, malformed };
}

describe('a line that is not UTF-8', () => {
  it('is malformed, whatever its encoding was, and its neighbors are kept', async () => {
    const lines = [
      Buffer.from(line('one')),
      Buffer.from('{"text":"caf\xe9 cr\xe8me"}\n', 'latin1'),
      // A surrogate half, an overlong slash and a character cut in two are no UTF-8 either.
      Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d, 0x0a]),
      Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d, 0x0a]),
      Buffer.from([...Buffer.from('{"text":"'), 0xe6, 0x9d, 0x22, 0x7d, 0x0a]),
      // What U+FFFD itself says is the writer's own.
      Buffer.from(line('a \uFFFD of the source')),
    ];
    const { texts, malformed } = await read(write('a.jsonl', Buffer.concat(lines)));
    expect(texts).toEqual(['one', 'a \uFFFD of the source']);
    expect(malformed.map(({ line: number }) => number)).toEqual([2, 3, 4, 5]);
    expect(malformed[0]!.reason).toMatch(/^not UTF-8: byte 13 is 0xe9; convert the file/);
  });

  it('is malformed as well where an escape of JSON spells half of a character', async () => {
    const { texts, malformed } = await read(
      write('a.jsonl', `{"text":"smile \\ud83d"}\n{"text":"\\ude00"}\n{"text":"whole \\ud83d\\ude00"}\n`),
    );
    expect(texts).toEqual(['whole 😀']);
    expect(malformed.map(({ reason }) => reason)).toEqual([
      'the text has half of a character (\\ud83d) at 6: it was cut in two',
      'the text has half of a character (\\ude00) at 0: it was cut in two',
    ]);
  });

  it('ends openTextData where nobody takes its reports', async () => {
    const train = write('a.jsonl', Buffer.from(`${line('one')}{"text":"caf\xe9"}\n`, 'latin1'));
    const source = { type: 'files', train } as const;
    await expect(
      openTextData({ source, tokenizer: 'embedded', contextLength: 4, batchSize: 1, seed: 1 }),
    ).rejects.toThrow(`${train} line 2: not UTF-8`);
  });
});

describe('a file under a wrong name', () => {
  const jsonLines = line('one') + line('two');
  const utf16 = Buffer.from(jsonLines, 'utf16le');
  it.each<[string, string, Uint8Array | string, RegExp]>([
    [
      'gzip',
      'a.jsonl',
      gzipSync(jsonLines),
      /is gzip, which its name does not say: let its name end in \.gz/,
    ],
    ['gzip in gzip', 'a.jsonl.gz', gzipSync(gzipSync(jsonLines)), /holds gzip, not JSON lines/],
    ['zstd', 'a.jsonl.gz', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), /is zstd, which its name does not say/],
    ['bzip2', 'a.jsonl', 'BZh91AY&SY', /is bzip2, which its name does not say: decompress it/],
    ['xz', 'a.jsonl', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), /is xz/],
    ['zip', 'a.jsonl', 'PK\x03\x04', /is a zip archive, .*: unpack it/],
    ['Parquet', 'a.jsonl', 'PAR1', /is Parquet, .*: let its name end in \.parquet/],
    [
      'UTF-16 with a mark',
      'a.jsonl',
      Buffer.concat([Uint8Array.of(0xff, 0xfe), utf16]),
      /is UTF-16, .*iconv -f UTF-16 /,
    ],
    ['UTF-16 without one', 'a.jsonl', utf16, /is UTF-16, .*iconv -f UTF-16LE/],
    ['UTF-16 of the other order', 'a.jsonl', Buffer.from(utf16).swap16(), /is UTF-16, .*iconv -f UTF-16BE/],
    ['UTF-16 in gzip', 'a.jsonl.gz', gzipSync(utf16), /holds UTF-16, not JSON lines/],
    ['text as gzip', 'a.jsonl.gz', jsonLines, /is not readable gzip \(incorrect header check\)/],
    ['text as zstd', 'a.jsonl.zst', jsonLines, /is not readable zstd \(incorrect header check\)/],
    ['text as Parquet', 'a.parquet', jsonLines, /cannot read .*a\.parquet: parquet file invalid/],
    ['an empty file as gzip', 'a.jsonl.gz', '', /is not readable gzip \(unexpected end of file\)/],
    [
      'a JSON array',
      'a.json',
      '\n [{"text":"x"},\n{"text":"y"}]',
      /a\.json is a JSON array; C4's format is one object per line \(jq -c '\.\[\]'/,
    ],
    [
      'an object over lines',
      'a.json',
      '{\n  "text": "x"\n}',
      /is a JSON object over several lines; .*\(jq -c \. /,
    ],
  ])('is refused as what it is: %s', async (_, name, content, message) => {
    const path = write(name, content);
    await expect(read(path)).rejects.toThrow(message);
    await expect(read(path)).rejects.toThrow(path);
  });

  it('is refused before it is read where its name is of no known kind', async () => {
    await expect(read(write('a.csv', 'text'))).rejects.toThrow(
      /a\.csv has no known ending: expected \.jsonl/,
    );
  });

  it.skipIf(process.platform === 'win32')('is refused where it cannot be read twice, as a pipe', async () => {
    // A socket stands for all that are no files; it needs no program to make.
    const path = join(folder, 'a.jsonl');
    const server = createServer().listen(path);
    await once(server, 'listening');
    await expect(read(path)).rejects.toThrow('a.jsonl is not a file: pipes and devices cannot be read again');
    server.close();
  });
});

describe('a file that natural use brings along', () => {
  it('may be empty, end its lines as Windows does, begin with a mark, and be named in capitals', async () => {
    expect(await read(write('a.jsonl', ''))).toEqual({ texts: [], malformed: [] });
    const marked = `\uFEFF${line('one')}\n${line('two')}`.replaceAll('\n', '\r\n');
    for (const name of ['a.JSONL', 'a.ndjson'])
      expect((await read(write(name, marked))).texts).toEqual(['one', 'two']);
    expect((await read(write('a.ndjson.gz', gzipSync(marked)))).texts).toEqual(['one', 'two']);
  });

  it('may hold numbers, and anything else, in the fields that are not used', async () => {
    const files = await listSourceFiles(
      [
        write(
          'a.jsonl',
          '{"text":"a","timestamp":1556000000,"url":["x"]}\n{"text":"b","timestamp":{},"url":false}\n',
        ),
      ],
      'train',
    );
    const found = [];
    for await (const { text, timestamp, url } of readDocuments(files, { textField: 'text' }))
      found.push([text, timestamp, url]);
    expect(found).toEqual([
      ['a', '1556000000', null],
      ['b', null, null],
    ]);
  });

  it('may have its text in another field', async () => {
    const path = write('a.jsonl', '{"content":"one","text":5}\n{"text":"two"}\n');
    const { texts, malformed } = await read(path, 'content');
    expect(texts).toEqual(['one']);
    expect(malformed.map(({ reason }) => reason)).toEqual([
      'the field "content" must be a string, got none: there are "text" (string); the option textField of files names another',
    ]);
    // What every object inherits is no field of a line.
    expect((await read(path, 'constructor')).malformed[0]!.reason).toContain(
      '"constructor" must be a string, got none',
    );
    const source = { type: 'files', train: path, textField: 'content' } as const;
    const options = {
      tokenizer: 'embedded',
      contextLength: 1,
      batchSize: 1,
      seed: 0,
      validationFraction: 0,
    } as const;
    const data = await openTextData({ source, ...options, onMalformed: () => {} });
    expect(data.tokenizer.decode(data.train.next().tokens)).toBe('one');
    await expect(openTextData({ source: { ...source, textField: 5 as never }, ...options })).rejects.toThrow(
      'source.textField must be the name of a field, got 5 (number)',
    );
  });

  it('shows what a line begins with in no other form than printable', async () => {
    const { malformed } = await read(
      write('a.jsonl', '\u001b[31mred\n["\u0007\u202e"]\n{"\u001b]0;x\u0007":1}\n'),
    );
    const reasons = malformed.map(({ reason }) => reason).join('\n');
    expect(malformed).toHaveLength(3);
    expect(reasons).toContain('\\u001b');
    expect(reasons.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('is an error where it is changed while it is read', async () => {
    const path = write('a.jsonl', line('one').repeat(10));
    const documents = readDocuments(await listSourceFiles([path], 'train'), { textField: 'text' });
    await documents.next();
    appendFileSync(path, line('two'));
    await expect(drain(documents)).rejects.toThrow('was changed while it was read');
  });
});

async function drain(documents: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of documents);
}

describe('gzip files', () => {
  it('give all their members, and are refused with anything else behind them', async () => {
    const members = Buffer.concat([gzipSync(line('one')), gzipSync(line('two'))]);
    expect((await read(write('a.jsonl.gz', members))).texts).toEqual(['one', 'two']);
    expect((await read(write('b.jsonl.gz', Buffer.concat([members, Buffer.alloc(700)])))).texts).toEqual([
      'one',
      'two',
    ]);
    for (const [rest, reason] of [
      [line('three'), 'incorrect header check'],
      [`\0${line('three')}`, `${line('three').length + 1} bytes follow that are not gzip`],
    ] as const) {
      const path = write('c.jsonl.gz', Buffer.concat([members, Buffer.from(rest)]));
      await expect(read(path)).rejects.toThrow(`is not readable gzip (${reason})`);
    }
  });
});

describe('Zstandard files', () => {
  /** `zstd -3` of {"text":"document N of words"} lines, 0 to 4, with a checksum, as base64. */
  const compressed = Buffer.from(
    'KLUv/QRYlQEANAJ7InRleHQiOiJkb2N1bWVudCAwIG9mIHdvcmRzIn0KMTIzNAUAgBMgHhAZEMXCU07rs8pb',
    'base64',
  );
  const texts = Array.from({ length: 5 }, (_, index) => `document ${index} of words`);

  it('give their documents, also in several frames with others between them', async () => {
    expect((await read(write('a.jsonl.zst', compressed))).texts).toEqual(texts);
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
    const path = write('b.jsonl.zst', Buffer.concat([compressed, skippable, compressed]));
    expect((await read(path)).texts).toEqual([...texts, ...texts]);
  });

  it('are refused where a byte is wrong or missing, or others follow', async () => {
    for (let at = 4; at < compressed.length; at += 1) {
      const wrong = Buffer.from(compressed);
      wrong[at]! ^= 1;
      const outcome = await read(write('a.jsonl.zst', wrong)).catch((error: Error) => error.message);
      if (typeof outcome !== 'string') expect(outcome.texts, `byte ${at}`).toEqual(texts);
    }
    const flipped = Buffer.from(compressed);
    flipped[compressed.length - 1]! ^= 1;
    await expect(read(write('a.jsonl.zst', flipped))).rejects.toThrow(
      'is not readable zstd (incorrect checksum)',
    );
    await expect(read(write('a.jsonl.zst', compressed.subarray(0, -1)))).rejects.toThrow(
      '(unexpected end of file)',
    );
    await expect(
      read(write('a.jsonl.zst', Buffer.concat([compressed, Buffer.from('more')]))),
    ).rejects.toThrow('is not readable zstd (incorrect header check)');
  });

  it('are refused before memory is taken where they ask for a window beyond 128 MiB', async () => {
    // RFC 8878, 3.1.1.1.2: an exponent of 18 is 2^28 bytes; one of 8 bytes says the size of a single segment.
    const window = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3);
    await expect(read(write('a.jsonl.zst', window))).rejects.toThrow('it needs a window of 268435456 bytes');
    const single = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0);
    await expect(read(write('a.jsonl.zst', single))).rejects.toThrow(
      'it needs a window of 1099511627776 bytes',
    );
  });
});

describe('Parquet files', () => {
  const texts = [...Array.from({ length: 5 }, (_, index) => `document ${index} – 東京`), 'the end'];

  it.each(['none', 'snappy', 'zstd', 'gzip'])(
    'of Apache Arrow give their column of text (%s)',
    async (codec) => {
      const { texts: found, malformed } = await read(join(parquet, `${codec}.parquet`), 'content');
      expect(found).toEqual(texts);
      expect(malformed).toMatchObject([
        { line: 6, reason: 'the field "content" must be a string, got null' },
      ]);
    },
  );

  it('report rows that are not UTF-8', async () => {
    const { texts: found, malformed } = await read(join(parquet, 'latin1.parquet'), 'content');
    expect(found).toEqual(['plain']);
    expect(malformed).toMatchObject([{ line: 2, reason: 'the text is not UTF-8' }]);
  });

  it('say which columns there are where the text has another name', async () => {
    await expect(read(join(parquet, 'none.parquet'))).rejects.toThrow(
      /none\.parquet: the column "text" must be a string, got none: there are "id" \(int64\), "content" \(string\), .*textField/,
    );
    await expect(read(join(parquet, 'none.parquet'), 'id')).rejects.toThrow(
      'the column "id" must be a string, got int64',
    );
  });
});

describe('a folder', () => {
  async function list(split: SplitName = 'train') {
    const skipped: SkippedFile[] = [];
    const files = await listSourceFiles([folder], split, (file) => skipped.push(file));
    const short = (path: string) => path.slice(folder.length + 1);
    return {
      files: files.map(({ path }) => short(path)),
      skipped: Object.fromEntries(skipped.map(({ path, reason }) => [short(path), reason])),
    };
  }

  it('gives the files in its folders, and tells of those it passes over', async () => {
    for (const name of ['b.jsonl', 'a/2.jsonl.gz', 'a/1.parquet', 'c/d/e.jsonl.zst', 'README.md'])
      write(name);
    for (const name of ['_SUCCESS', '.part-0.jsonl.crc', '._b.jsonl', '.git/x.jsonl', '_temporary/0/x.jsonl'])
      write(name);
    expect(await list()).toEqual({
      files: ['a/1.parquet', 'a/2.jsonl.gz', 'b.jsonl', 'c/d/e.jsonl.zst'],
      skipped: {
        'README.md': 'another kind of file',
        ...Object.fromEntries(
          ['_SUCCESS', '.part-0.jsonl.crc', '._b.jsonl', '.git', '_temporary'].map((name) => [
            name,
            'a hidden file or a mark of a writer',
          ]),
        ),
      },
    });
  });

  it('gives no file or folder that is named after another part of the data', async () => {
    for (const name of [
      'train.jsonl',
      'validation.jsonl',
      'test.jsonl',
      'dev/0.jsonl',
      'val-0.jsonl',
      'latest.jsonl',
    ]) {
      write(name);
    }
    expect(await list('train')).toEqual({
      files: ['latest.jsonl', 'train.jsonl'],
      skipped: {
        dev: 'named after validation',
        'test.jsonl': 'named after test',
        'val-0.jsonl': 'named after validation',
        'validation.jsonl': 'named after validation',
      },
    });
    expect((await list('validation')).files).toEqual([
      'dev/0.jsonl',
      'latest.jsonl',
      'val-0.jsonl',
      'validation.jsonl',
    ]);
  });

  it('says why it has no file', async () => {
    write('_SUCCESS');
    await expect(list()).rejects.toThrow(
      /; skipped 1, the first _SUCCESS \(a hidden file or a mark of a writer\)$/,
    );
  });

  it('counts what it skipped where it has no file', async () => {
    write('sub/b.csv');
    write('a.csv');
    await expect(list()).rejects.toThrow(
      `the folder ${folder} has no train files: expected names ending in .jsonl, .json, .ndjson, .txt ` +
        '(each also with .gz or .zst) and .parquet; skipped 2, the first a.csv (another kind of file)',
    );
  });

  // Words between separators, as the hub's `datasets` library reads them.
  it.each<[string, string[]]>([
    ['train', ['train', 'training', 'Train', 'x-train', 'x_train', 'x.training-0', 'x train y']],
    [
      'validation',
      ['validation', 'valid', 'val', 'dev', 'VAL', 'x-val', 'x_dev.0', 'x.valid-y', 'x validation'],
    ],
    [
      'test',
      ['test', 'testing', 'eval', 'evaluation', 'Eval', 'x-test', 'x_testing', 'x.eval-y', 'x evaluation 2'],
    ],
    [
      'nothing',
      [
        'trains',
        'retrain',
        'latest',
        'tests',
        'evaluations',
        'value',
        'devil',
        'invalid',
        'validations',
        'contest',
      ],
    ],
  ])('knows names of the part %s', async (part, names) => {
    for (const name of names) write(`${name}.jsonl`);
    // So that no side is without a file.
    write('other.jsonl');
    for (const split of ['train', 'validation'] as const) {
      const { files, skipped } = await list(split);
      const isOther = part !== 'nothing' && part !== split;
      expect(files).toEqual([...(isOther ? [] : names.map((name) => `${name}.jsonl`)), 'other.jsonl'].sort());
      expect(skipped).toEqual(
        isOther ? Object.fromEntries(names.map((name) => [`${name}.jsonl`, `named after ${part}`])) : {},
      );
    }
  });

  it('takes a name of two parts for the one that is asked for', async () => {
    for (const name of ['train-test.jsonl', 'val-test.jsonl']) write(name);
    expect((await list('train')).files).toEqual(['train-test.jsonl']);
    expect((await list('validation')).files).toEqual(['val-test.jsonl']);
  });

  it.skipIf(process.platform === 'win32')('gives no bytes twice, by links of either kind', async () => {
    write('sub/a.jsonl');
    symlinkSync(folder, join(folder, 'sub', 'up'));
    symlinkSync(join(folder, 'sub'), join(folder, 'sub', 'self'));
    expect(await list()).toEqual({
      files: ['sub/a.jsonl'],
      skipped: {
        'sub/self': 'a link to a folder that is read already',
        'sub/up': 'a link to a folder that is read already',
      },
    });
    linkSync(join(folder, 'sub', 'a.jsonl'), join(folder, 'z.jsonl'));
    await expect(list()).rejects.toThrow(/z\.jsonl is listed twice as a train file/);
    const source = { train: [join(folder, 'z.jsonl')], validation: [join(folder, 'sub', 'a.jsonl')] };
    await expect(listSplitFiles(source)).rejects.toThrow(/a\.jsonl is both a training and a validation file/);
  });
});

describe('a source of files', () => {
  it('says what it reads: the path, the size and the time of each file, and the field of their text', async () => {
    const [one, two] = [write('one.jsonl'), write('two.jsonl', line('two words'))];
    const { fileSource } = await import('../src/sources/files/file-source.ts');
    const listed = (path: string) => {
      const { size, mtimeMs } = statSync(path);
      return { path, bytes: size, modified: mtimeMs };
    };
    const source = await fileSource.open({ type: 'files', train: one, validation: [two] });
    const described = { type: 'files', train: [listed(one)], validation: [listed(two)] };
    expect(await source.describe()).toEqual(described);
    const [shard] = await source.shards('validation');
    expect([shard!.name, shard!.bytes]).toEqual([two, line('two words').length]);
    const texts: string[] = [];
    for await (const { text } of shard!.open()) texts.push(text);
    expect(texts).toEqual(['two words']);
    const others = { train: one, validation: two, textField: 'body' };
    expect(await (await fileSource.open({ type: 'files', ...others })).describe()).toEqual({
      ...described,
      textField: 'body',
    });
    const same = await fileSource.open({ type: 'files', train: [one], textField: 'text' });
    expect(await same.describe()).toEqual({ type: 'files', train: [listed(one)], validation: [] });
  });

  it.skipIf(process.platform === 'win32')('names a path that leads nowhere or in a circle', async () => {
    const circle = join(folder, 'circle.jsonl');
    symlinkSync(circle, circle);
    await expect(read(circle)).rejects.toThrow(new RegExp(`^cannot read ${circle}: ELOOP`));
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    symlinkSync('nowhere', join(broken, 'a.jsonl'));
    await expect(read(broken)).rejects.toThrow(`source file not found: ${join(broken, 'a.jsonl')}`);
    await expect(read(join(folder, 'absent'))).rejects.toThrow(
      `source file not found: ${join(folder, 'absent')}`,
    );
  });
});

describe('a link', () => {
  it.skipIf(process.platform === 'win32')(
    'is read as its own name says, not that of the file it leads to',
    async () => {
      write('blobs/0a1b', line('one') + line('two'));
      write('blobs/notes.txt', line('three'));
      mkdirSync(join(folder, 'snapshot'));
      symlinkSync('../blobs/0a1b', join(folder, 'snapshot', 'a.jsonl'));
      symlinkSync('../blobs/notes.txt', join(folder, 'snapshot', 'b.json'));
      expect((await read(join(folder, 'snapshot'))).texts).toEqual(['one', 'two', 'three']);
      expect((await read(join(folder, 'snapshot', 'b.json'))).texts).toEqual(['three']);
    },
  );
});

describe('plain text', () => {
  it('ends with its last document, however many blank lines follow, and has none of blank lines alone', async () => {
    expect((await read(write('a.txt', '\n\nOne.\n\n \n'))).texts).toEqual(['One.']);
    expect((await read(write('b.txt', '\n \n'))).texts).toEqual([]);
  });

  it('has documents of up to 64 MiB, however long the whole is', async () => {
    const half = 'a'.repeat(32 * 1024 * 1024 - 2);
    const { texts, malformed } = await read(write('a.txt', `${half}\n${half}\n\n${half}\n${half}\n`));
    expect(texts.map(({ length }) => length)).toEqual([2 * half.length + 1, 2 * half.length + 1]);
    expect(malformed).toEqual([]);
  });

  it('is divided into documents by blank lines, and keeps the line feeds inside of a document', async () => {
    const text = '\uFEFFOne, two.\nThree.\n\nFour.\r\nFive.\r\n\r\n \t\n\n  Six,\n  [seven].';
    const expected = ['One, two.\nThree.', 'Four.\nFive.', '  Six,\n  [seven].'];
    expect((await read(write('a.txt', text))).texts).toEqual(expected);
    expect((await read(write('b.txt.gz', gzipSync(text)))).texts).toEqual(expected);
    const [file] = await listSourceFiles([join(folder, 'a.txt')], 'train');
    const locations: string[] = [];
    for await (const { location } of readDocuments([file!], { textField: 'text' })) locations.push(location);
    expect(locations.map((location) => location.slice(folder.length + 1))).toEqual([
      'a.txt line 1',
      'a.txt line 4',
      'a.txt line 9',
    ]);
  });

  it('leaves out a line that is not UTF-8, and tells of it', async () => {
    const { texts, malformed } = await read(write('a.txt', Buffer.from('caf\xe9\ntea\n\nmilk\n', 'latin1')));
    expect(texts).toEqual(['tea', 'milk']);
    expect(malformed).toMatchObject([
      { line: 1, reason: expect.stringMatching(/^not UTF-8: byte 4 is 0xe9/) },
    ]);
  });

  it('is refused where it is something else', async () => {
    await expect(read(write('a.txt', Buffer.from('\uFEFFwords', 'utf16le')))).rejects.toThrow(
      /a\.txt is UTF-16, which its name does not say: convert it to UTF-8/,
    );
    await expect(read(write('b.txt.gz', gzipSync('PAR1 words')))).rejects.toThrow(
      /b\.txt\.gz holds Parquet, not UTF-8 text/,
    );
  });

  it('is read in a folder of text alone: elsewhere it is a readme', async () => {
    write('texts/a.txt', 'one');
    write('texts/b.txt', 'two');
    write('lines/a.jsonl');
    write('lines/readme.txt', 'A description.');
    const list = async (name: string) => {
      const skipped: SkippedFile[] = [];
      const files = await listSourceFiles([join(folder, name)], 'train', (file) => skipped.push(file));
      return { files: files.map(({ path }) => path.slice(folder.length + name.length + 2)), skipped };
    };
    expect(await list('texts')).toEqual({ files: ['a.txt', 'b.txt'], skipped: [] });
    const { files, skipped } = await list('lines');
    expect(files).toEqual(['a.jsonl']);
    expect(skipped).toMatchObject([{ reason: 'plain text in a folder of JSON lines or Parquet' }]);
  });

  it('becomes batches whose tokens are those of its documents', async () => {
    const path = write('a.txt', 'The first document.\n\nThe second one.\n\nThe third.\n');
    const data = await openTextData({
      source: { type: 'files', train: path },
      tokenizer: 'embedded',
      contextLength: 4,
      batchSize: 1,
      seed: 1,
      validationFraction: 0,
    });
    const expected = ['The first document.', 'The second one.', 'The third.'].reduce(
      (sum, text) => sum + data.tokenizer.encode(text).length + 1,
      0,
    );
    expect(data.tokenCounts.train).toBe(expected);
  });
});
