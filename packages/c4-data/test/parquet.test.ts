import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as hyparquet from 'hyparquet';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { OpenShardOptions } from '../src/sources/document-source.ts';
import { MalformedDocument } from '../src/sources/malformed.ts';

/** What a file says of itself in place of what it does, and what is found in it. */
const changed: {
  metadata?: (metadata: hyparquet.FileMetaData) => void;
  rows?: (rows: unknown[][]) => unknown[][];
} = {};

vi.mock('hyparquet', async (importOriginal) => {
  const real = await importOriginal<typeof hyparquet>();
  const parquetMetadataAsync: typeof real.parquetMetadataAsync = async (file, options) => {
    const metadata = await real.parquetMetadataAsync(file, options);
    changed.metadata?.(metadata);
    return metadata;
  };
  const parquetRead = (async (options: { onComplete?: (rows: unknown[][]) => void }) =>
    real.parquetRead({
      ...options,
      onComplete: (rows: unknown[][]) => options.onComplete?.(changed.rows?.(rows) ?? rows),
    } as never)) as typeof real.parquetRead;
  return { ...real, parquetMetadataAsync, parquetRead };
});

const { parseText, readParquet } = await import('../src/sources/files/parquet.ts');
const { readDocuments } = await import('../src/sources/files/read-documents.ts');

const folder = mkdtempSync(join(tmpdir(), 'steepest-parquet-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete changed.metadata;
  delete changed.rows;
});

/** Seven rows in two groups of four and three: "content", one of them null, beside "id" and the list "more". */
const fixture = fileURLToPath(new URL('./fixtures/parquet/none.parquet', import.meta.url));
const size = statSync(fixture).size;

async function groupsOf(
  options: OpenShardOptions = {},
  textField = 'content',
  path = fixture,
): Promise<unknown[][]> {
  const groups: unknown[][] = [];
  for await (const texts of readParquet(path, textField, options)) groups.push(texts);
  return groups;
}

describe('a Parquet file', () => {
  it('gives the texts of one row group at a time, and tells of the bytes that were read', async () => {
    const read: number[] = [];
    const groups = await groupsOf({ onBytes: (bytes) => read.push(bytes) });
    expect(groups.map(({ length }) => length)).toEqual([4, 3]);
    expect(groups[1]).toEqual(['document 4 – 東京', null, 'the end']);
    expect(read).toHaveLength(2);
    expect(read[0]).toBeGreaterThan(0);
    expect(read[1]).toBeGreaterThan(read[0]!);
    expect(read[1]).toBeLessThanOrEqual(size);
    // Sums that cannot be are no more than the file.
    changed.metadata = ({ row_groups: [group] }) => {
      group!.columns[0]!.meta_data!.total_compressed_size = 1n << 40n;
    };
    read.length = 0;
    await groupsOf({ onBytes: (bytes) => read.push(bytes) });
    expect(read).toEqual([size, size]);
  });

  it('names the file and the row of each document', async () => {
    const { size: bytes, mtimeMs: modified } = statSync(fixture);
    const problems: unknown[] = [];
    const documents = [];
    for await (const document of readDocuments([{ path: fixture, bytes, modified }], {
      textField: 'content',
      onMalformed: (problem) => problems.push(problem),
    }))
      documents.push(document);
    expect(documents.at(-1)).toEqual({
      text: 'the end',
      timestamp: null,
      url: null,
      location: `${fixture} row 7`,
    });
    expect(problems).toEqual([
      { file: fixture, line: 6, reason: 'the field "content" must be a string, got null' },
    ]);
    await expect(
      (async () => {
        for await (const _ of readDocuments([{ path: fixture, bytes, modified }], { textField: 'content' }));
      })(),
    ).rejects.toThrow(`${fixture} line 6: the field "content" must be a string, got null`);
  });

  it('ends with the reason of a signal between its groups', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const groups = readParquet(fixture, 'content', { signal: controller.signal });
    await groups.next();
    controller.abort(reason);
    await expect(groups.next()).rejects.toBe(reason);
  });

  it('is refused where its groups have other rows than it says', async () => {
    changed.rows = (rows) => rows.slice(1);
    await expect(groupsOf()).rejects.toThrow('a row group has 3 rows where it says 4');
    delete changed.rows;
    changed.metadata = (metadata) => {
      metadata.num_rows = 8n;
    };
    await expect(groupsOf()).rejects.toThrow('it has 7 rows where it says 8');
  });

  it('is refused where a group has more than 1 GiB of text, or does not say how much', async () => {
    const state = (bytes: bigint | undefined) => {
      changed.metadata = ({ row_groups: groups }) => {
        groups[0]!.columns[1]!.meta_data!.total_uncompressed_size = bytes!;
      };
    };
    state(2n ** 30n);
    expect(await groupsOf()).toHaveLength(2);
    state(2n ** 30n + 1n);
    await expect(groupsOf()).rejects.toThrow(
      'a row group has 1073741825 bytes of text, above 1073741824: write the file again with smaller row groups',
    );
    // Another column may be as large as it likes.
    changed.metadata = ({ row_groups: groups }) => {
      groups[0]!.columns[0]!.meta_data!.total_uncompressed_size = 2n ** 40n;
    };
    expect(await groupsOf()).toHaveLength(2);
  });

  it('is refused where its text is no column of strings, with the columns that there are', async () => {
    await expect(groupsOf({}, 'text')).rejects.toThrow(
      'the column "text" must be a string, got none: there are "id" (int64), "content" (string), "more.list.element" (string); the option textField of files names another',
    );
    await expect(groupsOf({}, 'id')).rejects.toThrow(
      'the column "id" must be a string, got int64: there are "content" (string), "more.list.element" (string)',
    );
    // A decimal number is stored as bytes, too.
    changed.metadata = ({ schema }) => {
      schema.find(({ name }) => name === 'content')!.converted_type = 'DECIMAL';
    };
    await expect(groupsOf()).rejects.toThrow('the column "content" must be a string, got byte_array');
    // Without a group there is nothing to be wrong.
    changed.metadata = (metadata) => {
      metadata.row_groups = [];
      metadata.num_rows = 0n;
    };
    expect(await groupsOf({}, 'text')).toEqual([]);
  });

  it('is refused where it points behind its end, or has become shorter', async () => {
    changed.metadata = ({ row_groups: [group] }) => {
      const { meta_data: column } = group!.columns[1]!;
      column!.data_page_offset += BigInt(size);
      if (column!.dictionary_page_offset !== undefined) column!.dictionary_page_offset += BigInt(size);
    };
    await expect(groupsOf()).rejects.toThrow(/^it points to the bytes from \d+ to \d+, but has 1850$/);
    delete changed.metadata;
    const path = join(folder, 'short.parquet');
    writeFileSync(path, readFileSync(fixture));
    const groups = readParquet(path, 'content', {});
    await groups.next();
    truncateSync(path, 300);
    await expect(groups.next()).rejects.toThrow('unexpected end of file');
  });

  it('whose byte was changed gives texts or reasons, or says which file is wrong', async () => {
    const whole = readFileSync(fixture);
    const path = join(folder, 'damaged.parquet');
    for (let at = 0; at < whole.length; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x40;
      writeFileSync(path, damaged);
      const { size: bytes, mtimeMs: modified } = statSync(path);
      try {
        for await (const { text } of readDocuments([{ path, bytes, modified }], {
          textField: 'content',
          onMalformed: () => {},
        }))
          expect(typeof text).toBe('string');
      } catch (error) {
        expect((error as Error).message, `byte ${at}`).toMatch(/^cannot read .*damaged\.parquet: /);
      }
    }
  });
});

it('what is in the place of a text is a string, or malformed', () => {
  expect(parseText('one', 'content')).toBe('one');
  const wrong = (value: unknown, reason: string) =>
    expect(() => parseText(value, 'content')).toThrow(new MalformedDocument(reason));
  wrong(null, 'the field "content" must be a string, got null');
  wrong(undefined, 'the field "content" must be a string, got null');
  wrong(5n, 'the field "content" must be a string, got bigint');
  wrong({}, 'the field "content" must be a string, got object');
  wrong('a\ud83d', 'the text has half of a character (\\ud83d) at 1: it was cut in two');
});
