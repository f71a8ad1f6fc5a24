import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { SourceDocument } from '../src/sources/document-source.ts';
import { listSourceFiles } from '../src/sources/files/list-files.ts';
import { readDocuments } from '../src/sources/files/read-documents.ts';

const shared = new URL('../../../../shared/data/text/', import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), 'steepest-files-'));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});
afterAll(() => rmSync(root, { recursive: true }));

async function read(path: string): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  const files = await listSourceFiles([path], 'train');
  for await (const document of readDocuments(files, { textField: 'text' })) documents.push(document);
  return documents;
}

const line = (text: string) =>
  JSON.stringify({ text, timestamp: '2019-04-25T12:57:54Z', url: 'https://example.org/' });

describe('files in the format of C4', () => {
  it.each([
    ['.jsonl', (text: string) => Buffer.from(text)],
    ['.jsonl.gz', (text: string) => gzipSync(text)],
    ['.json.gz', (text: string) => gzipSync(text)],
  ])('reads %s files with and without a last line feed', async (ending, pack) => {
    for (const end of ['', '\n', '\r\n']) {
      const path = join(folder, `documents${ending}`);
      writeFileSync(path, pack(`${line('one')}\n${line('zwei – 東京')}${end}`));
      expect((await read(path)).map(({ text }) => text)).toEqual(['one', 'zwei – 東京']);
    }
  });

  it('gives text, timestamp and url, with empty, null and absent ones as null', async () => {
    const path = join(folder, 'documents.jsonl');
    writeFileSync(path, `${line('a')}\n{"text":"b","timestamp":"","url":null}\n\n{"text":"c","extra":1}\n`);
    expect(await read(path)).toEqual([
      {
        text: 'a',
        timestamp: '2019-04-25T12:57:54Z',
        url: 'https://example.org/',
        location: `${path} line 1`,
      },
      { text: 'b', timestamp: null, url: null, location: `${path} line 2` },
      { text: 'c', timestamp: null, url: null, location: `${path} line 4` },
    ]);
  });

  it('streams: characters and lines that straddle chunks come out whole', async () => {
    const texts = Array.from({ length: 50 }, (_, index) => 'é東🙂'.repeat(3000 + index));
    const path = join(folder, 'documents.jsonl');
    writeFileSync(path, texts.map(line).join('\n'));
    expect((await read(path)).map(({ text }) => text)).toEqual(texts);
  });

  it.each([
    ['{"text": "cut', 'not a JSON object'],
    ['[1, 2]', 'expected a JSON object with the field "text", got [1, 2]'],
    [
      '{"body": "x", "n": 1}',
      'the field "text" must be a string, got none: there are "body" (string), "n" (number); the option textField of files names another',
    ],
    ['{"text": 5}', 'the field "text" must be a string, got number'],
  ])('names the file and the line of %s', async (wrong, reason) => {
    const path = join(folder, 'documents.jsonl.gz');
    writeFileSync(path, gzipSync(`${line('one')}\n${wrong}\n`));
    await expect(read(path)).rejects.toThrow(`${path} line 2: ${reason}`);
  });

  it('says that a gzip file is damaged or cut short', async () => {
    const path = join(folder, 'documents.jsonl.gz');
    writeFileSync(path, 'no gzip');
    await expect(read(path)).rejects.toThrow(`${path} is not readable gzip (incorrect header check)`);
    writeFileSync(path, gzipSync(line('one')).subarray(0, -12));
    await expect(read(path)).rejects.toThrow(`${path} is not readable gzip (unexpected end of file)`);
  });

  it('says that a file is missing', async () => {
    await expect(read(join(folder, 'absent.jsonl'))).rejects.toThrow(
      /source file not found: .*absent\.jsonl/,
    );
  });

  it('lists a folder in the order of names, without the other split and other files', async () => {
    for (const name of [
      'c4-train.00001-of-00002.json.gz',
      'c4-train.00000-of-00002.json.gz',
      'c4-validation.00000-of-00001.json.gz',
      'notes.txt',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    const names = async (split: 'train' | 'validation') =>
      (await listSourceFiles([folder], split)).map(({ path }) => path.slice(folder.length + 1));
    expect(await names('train')).toEqual([
      'c4-train.00000-of-00002.json.gz',
      'c4-train.00001-of-00002.json.gz',
    ]);
    expect(await names('validation')).toEqual(['c4-validation.00000-of-00001.json.gz']);
  });

  it('says that a folder has no file of the format', async () => {
    mkdirSync(join(folder, 'empty'));
    await expect(listSourceFiles([join(folder, 'empty')], 'train')).rejects.toThrow(
      /the folder .*empty has no train files: expected names ending in \.jsonl, \.json, \.ndjson, \.txt \(each also with \.gz or \.zst\) and \.parquet$/,
    );
  });

  it('rejects a file named twice', async () => {
    const path = join(folder, 'a.jsonl');
    writeFileSync(path, line('one'));
    await expect(listSourceFiles([folder, path], 'train')).rejects.toThrow('is listed twice as a train file');
  });

  // 2,232 is the count that the folder's own description states.
  it.skipIf(!existsSync(shared))('reads a real sample of C4', async () => {
    const documents = await read(join(shared, 'c4-sample.train.jsonl.gz'));
    expect(documents).toHaveLength(2232);
    expect(documents[0]).toMatchObject({ timestamp: '2019-04-25T12:57:54Z' });
  });
});
