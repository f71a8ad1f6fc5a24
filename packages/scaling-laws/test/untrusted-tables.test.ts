import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Table, tableFromCsv } from '../src/index.ts';
import { readTable } from '../src/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'steepest-laws-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe('cells of a CSV file', () => {
  it.each<[string, number | string | null]>([
    ...['nan', 'NaN', 'NAN', '-nan'].map((text): [string, number] => [text, Number.NaN]),
    ...['inf', '+Inf', 'Infinity'].map((text): [string, number] => [text, Number.POSITIVE_INFINITY]),
    ['-inf', Number.NEGATIVE_INFINITY],
    ...['', 'NA', 'N/A', '<NA>'].map((text): [string, null] => [text, null]),
    ['0x10', '0x10'],
    ['0b11', '0b11'],
    ['1e999', '1e999'],
    ['1_000', '1_000'],
    ['-.5', -0.5],
    ['5.', 5],
    ['+1E3', 1000],
  ])('%j is read as %s', (text, cell) => {
    expect(tableFromCsv(`a,b\n${text},x\n`, 't').column('a')).toEqual([cell]);
  });
});

it('names and keys that every object has are columns like others', () => {
  const table = Table.fromRows('t', [{ a: 1, constructor: 2 }, { a: 3 }] as never);
  expect(table.column('constructor')).toEqual([2, null]);
  expect(tableFromCsv('__proto__,a\n1,2\n', 't').column('__proto__')).toEqual([1]);
});

it('a first row of numbers names no columns', () => {
  expect(() => tableFromCsv('1e8,2e9,3.1\n2e8,2e9,2.9\n', 't')).toThrow(
    't: the first row must name the columns, but holds numbers only: 1e8, 2e9, 3.1',
  );
});

it('bare NaN and Infinity of JSON as Python writes it are read, within texts they stay', async () => {
  const file = write(
    'python.jsonl',
    '{"loss": NaN, "run": "NaN, really"}\n{"loss": -Infinity, "run": "b"}\n',
  );
  const table = await readTable(file);
  expect(table.column('loss')).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
  expect(table.column('run')).toEqual(['NaN, really', 'b']);
});

it.each<[string, number[], string]>([
  ['gzip', [0x1f, 0x8b, 8, 0], 'is compressed with gzip: decompress it first (gunzip)'],
  ['UTF-16', [0xff, 0xfe, 0x61, 0], 'is UTF-16 text: save it as UTF-8'],
  ['a workbook', [0x50, 0x4b, 3, 4], 'is a zip archive, as Excel workbooks are: save the sheet as CSV'],
  ['Latin-1', [0x61, 0x2c, 0x62, 0x0a, 0xe9, 0x2c, 0x31], 'is not UTF-8 text; save it as UTF-8'],
  ['NUL bytes', [0x61, 0, 0x62, 0], 'holds NUL bytes, so it is not UTF-8 text'],
])('says of %s what it is', async (_, bytes, message) => {
  const file = write('other.csv', Uint8Array.from(bytes));
  await expect(readTable(file)).rejects.toThrow(`${file}: ${message}`);
});

it('shows control characters of a file instead of obeying them', async () => {
  const file = write('colors.jsonl', '\u001b[31m{\n');
  const error = await readTable(file).catch((failure: Error) => failure.message);
  expect(error).toContain('not JSON');
  expect(error).not.toContain('\u001b');
});
