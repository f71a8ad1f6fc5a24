import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTokenizer, openTextData } from '../src/index.ts';
import definition from '../src/tokenizers/embedded.tokenizer.json';

const t5 = new URL('../../../../shared/data/tokenizer/t5/', import.meta.url).pathname;
const fixture = new URL('./fixtures/embedded-ids.json', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'steepest-tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly decoded: string;
  readonly idsWithoutSpecial?: number[];
}

function cases(path: string): Case[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] }).cases;
}

/** What a damaged definition may hold. */
interface Changed {
  added_tokens: object[];
  model: { vocab: unknown[]; unk_id: unknown };
}

describe('the embedded tokenizer', () => {
  it('has 4,096 pieces with <pad> 0, </s> 1 and <unk> 2, as T5 has', async () => {
    const tokenizer = await loadTokenizer('embedded');
    expect(tokenizer.vocabularySize).toBe(4096);
    expect(tokenizer.endOfSequence).toBe(1);
    expect(definition.model.vocab.slice(0, 3).map(([piece]) => piece)).toEqual(['<pad>', '</s>', '<unk>']);
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('stays below 200 KB, because every user of the package carries it', () => {
    expect(
      readFileSync(new URL('../src/tokenizers/embedded.tokenizer.json', import.meta.url)).length,
    ).toBeLessThan(200_000);
  });

  // Exact: ids are integers, and the samples hold no tie of scores.
  it('gives the ids and texts of the Rust tokenizers library', async () => {
    const tokenizer = await loadTokenizer('embedded');
    const expected = cases(fixture);
    expect(expected.length).toBeGreaterThan(10);
    for (const { text, ids, decoded } of expected) {
      expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
      expect({ text, decoded: tokenizer.decode(ids) }).toEqual({ text, decoded });
    }
  });

  it('gives the same ids word by word as over the whole text', async () => {
    const tokenizer = await loadTokenizer('embedded');
    const engine = new TokenizerEngine(definition, {});
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const text = readme.replace(/\s+/g, ' ').trim();
    expect(tokenizer.encode(text)).toEqual(engine.encode(text, { add_special_tokens: false }).ids);
  });

  it('writes every printable ASCII character without <unk>', async () => {
    const tokenizer = await loadTokenizer('embedded');
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));
    expect(tokenizer.encode(printable)).not.toContain(2);
    expect(tokenizer.decode(tokenizer.encode(`a${printable}a`))).toBe(`a${printable}a`);
  });

  it('rejects ids outside its vocabulary', async () => {
    const tokenizer = await loadTokenizer('embedded');
    expect(() => tokenizer.decode([5, 4096])).toThrow('token ids must be integers from 0 to 4095, got 4096');
    expect(() => tokenizer.decode([0.5])).toThrow(RangeError);
    expect(tokenizer.decode([])).toBe('');
    expect(() => tokenizer.decode([5], [-1])).toThrow('got -1');
  });

  it('decodes what continues other ids with the space between', async () => {
    const tokenizer = await loadTokenizer('embedded');
    const ids = tokenizer.encode('The people of the United States');
    for (let length = 0; length <= ids.length; length += 1) {
      const [prompt, rest] = [ids.slice(0, length), ids.slice(length)];
      expect(tokenizer.decode(prompt) + tokenizer.decode(rest, prompt)).toBe(
        'The people of the United States',
      );
    }
    const now = tokenizer.encode('now');
    expect(tokenizer.decode(now)).toBe('now');
    expect(tokenizer.decode(now, ids)).toBe(' now');
  });
});

describe('the T5 tokenizer from a file', () => {
  // Exact: all 200 cases agree, equal-score ties ("???") included.
  it.skipIf(!existsSync(t5))('gives the golden ids and texts of all 200 cases', async () => {
    const file = join(folder, 'tokenizer.json');
    writeFileSync(file, gunzipSync(readFileSync(join(t5, 'tokenizer.json.gz'))));
    const tokenizer = await loadTokenizer({ file });
    expect(tokenizer.vocabularySize).toBe(32_100);
    expect(tokenizer.endOfSequence).toBe(1);
    const golden = cases(join(t5, 'golden-ids.json'));
    expect(golden).toHaveLength(200);
    for (const { text, ids, decoded, idsWithoutSpecial = ids.slice(0, -1) } of golden) {
      expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids: idsWithoutSpecial });
      expect({ text, decoded: tokenizer.decode(ids) }).toEqual({ text, decoded });
    }
  });
});

describe('a sample of C4 with the T5 tokenizer', () => {
  const shared = new URL('../../../../shared/data/text/', import.meta.url).pathname;
  // Exact: the counts that the sample's own description states, one </s> per document included.
  it.skipIf(!existsSync(t5))('has 831,421 training and 94,874 validation tokens', async () => {
    const file = join(folder, 'tokenizer.json');
    writeFileSync(file, gunzipSync(readFileSync(join(t5, 'tokenizer.json.gz'))));
    const data = await openTextData({
      source: {
        type: 'files',
        train: join(shared, 'c4-sample.train.jsonl.gz'),
        validation: join(shared, 'c4-sample.validation.jsonl.gz'),
      },
      tokenizer: { file },
      contextLength: 512,
      batchSize: 8,
      seed: 1,
    });
    expect(data.tokenCounts).toEqual({ train: 831_421, validation: 94_874 });
  });
});

describe('a choice of a tokenizer', () => {
  it.each<[unknown, string]>([
    [
      { file: '' },
      "tokenizer must be 'embedded', { file: '<path of tokenizer.json>' }, { definition: '<text of it>' } or { hub: 'google-t5/t5-base' }, got",
    ],
    [{ file: 5 }, "tokenizer must be 'embedded'"],
    [undefined, "tokenizer must be 'embedded'"],
    [{ definition: 5 }, "tokenizer must be 'embedded'"],
    [{ hub: '', file: 'x' }, "tokenizer must be 'embedded'"],
    [{ file: 'x', fil: 1 }, 'tokenizer has no option "fil": did you mean "file"?'],
    [{ file: 'x', revision: 'main' }, 'tokenizer has no option "revision"'],
    [{ definition: '{}', file: 'x' }, 'tokenizer has no option "file"'],
    [{ hub: 'a/b', file: 5 }, 'tokenizer.file must be a string, got 5 (number)'],
  ])('is refused where it is %j', async (choice, message) => {
    await expect(loadTokenizer(choice as never)).rejects.toThrow(message);
  });

  it('may be the text of a definition, whose merges may be written as texts', async () => {
    const vocab = Object.fromEntries([...'ab', 'ab', '</s>'].map((piece, id) => [piece, id]));
    const model = { type: 'BPE', vocab };
    const [texts, pairs] = await Promise.all(
      [['a b'], [['a', 'b']]].map((merges) =>
        loadTokenizer({ definition: JSON.stringify({ model: { ...model, merges } }) }),
      ),
    );
    for (const text of ['ab', 'abba']) expect(texts!.encode(text)).toEqual(pairs!.encode(text));
    expect(pairs!.encode('abba')).toEqual([2, 1, 0]);
    expect([texts!.vocabularySize, texts!.endOfSequence]).toEqual([4, 3]);
    expect(texts!.hash).not.toBe(pairs!.hash);
  });
});

describe('a tokenizer file that cannot serve', () => {
  const write = (content: string) => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, content);
    return file;
  };

  it('is named when it is missing', async () => {
    await expect(loadTokenizer({ file: join(folder, 'absent.json') })).rejects.toThrow(
      /cannot read the tokenizer .*absent\.json: no such file/,
    );
  });

  it('is named when it is not JSON', async () => {
    await expect(loadTokenizer({ file: write('{"model":') })).rejects.toThrow(/wrong\.json is not JSON/);
  });

  it('is named when it is of another kind', async () => {
    const file = write('{"model":{"type":"WordPiece","vocab":{}}}');
    await expect(loadTokenizer({ file })).rejects.toThrow(
      /expected "model": {"type": "Unigram".* or {"type": "BPE".*got the type "WordPiece"/,
    );
  });

  it.each<[object, string]>([
    [{ vocab: {} }, 'has 0 pieces: expected 1 to 16777216'],
    [{ vocab: [] }, 'is not a tokenizer.json that this package reads: expected "model": {"type": "Unigram"'],
    [{}, 'got the type "BPE" (string)'],
    [
      { vocab: { a: -1 } },
      'for the piece "a" (string) the id -1 (number): expected a whole number that no other piece has',
    ],
    [{ vocab: { a: 0.5 } }, 'for the piece "a" (string) the id 0.5 (number)'],
    [{ vocab: { a: 2 ** 24 } }, 'for the piece "a" (string) the id 16777216 (number)'],
    [{ vocab: { a: '0' } }, 'for the piece "a" (string) the id "0" (string)'],
    [{ vocab: { a: 0 }, merges: 'a' }, 'has the merges "a" (string): expected a list'],
    [{ vocab: { a: 0, b: 1 }, merges: ['a b'] }, 'has as merge 0 "a b" (string): expected two pieces'],
    [
      { vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b', 'b c'] },
      'has as merge 1 "b c" (string): expected two pieces',
    ],
    [{ vocab: { a: 0, b: 1, ab: 2 }, merges: ['c b'] }, 'has as merge 0 "c b" (string)'],
    [{ vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b', '']] }, 'has as merge 0 ["a","b",""] (array)'],
    [{ vocab: { a: 0, [`a${undefined}`]: 1 }, merges: ['a'] }, 'has as merge 0 "a" (string)'],
    [{ vocab: { a: 0, '5': 1, a5: 2 }, merges: [['a', 5]] }, 'has as merge 0 ["a",5] (array)'],
    [
      { vocab: { a: 0 }, merges: [5] },
      'has as merge 0 5 (number): expected two pieces that together are a piece',
    ],
    [{ vocab: { a: 0, b: 0 } }, 'has for the piece "b" (string) the id 0 (number)'],
    [{ vocab: { a: 0, b: 1 } }, 'has the merges undefined: expected a list'],
    [
      { vocab: { a: 0, b: 1 }, merges: [['a', 'b']] },
      'has as merge 0 ["a","b"] (array): expected two pieces',
    ],
    [{ vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] }, 'has no piece "</s>" or "<|endoftext|>"'],
  ])('is named where its BPE model is %j', async (model, message) => {
    const file = write(JSON.stringify({ model: { type: 'BPE', ...model } }));
    await expect(loadTokenizer({ file })).rejects.toThrow(message);
  });

  it.each<[string, (changed: Changed) => void, RegExp]>([
    [
      'a piece without a score',
      ({ model }) => model.vocab.splice(5, 1, ['x', null]),
      /as piece 5 \["x",null\]/,
    ],
    ['a piece that is no text', ({ model }) => model.vocab.splice(7, 1, [7, -1]), /as piece 7 \[7,-1\]/],
    ['no list for a piece', ({ model }) => model.vocab.splice(7, 1, 'ab'), /as piece 7 "ab"/],
    ['no piece', ({ model }) => model.vocab.splice(0), /has 0 pieces: expected 1 to 16777216/],
    [
      'an unk_id that is no piece',
      (changed) => (changed.model.unk_id = 4096),
      /the unk_id 4096 .* from 0 to 4095/,
    ],
    [
      'a huge id',
      ({ added_tokens: added }) => added.push({ id: 2 ** 40, content: 'x' }),
      /the added token {"id":1099511627776/,
    ],
    [
      'an added token without text',
      ({ added_tokens: added }) => added.push({ id: 5 }),
      /the added token {"id":5}/,
    ],
    ['added tokens that are no list', (changed) => (changed.added_tokens = 5 as never), /the added_tokens 5/],
  ])('is named with what is wrong in it when it has %s', async (_, change, message) => {
    const changed = structuredClone(definition) as unknown as Changed;
    change(changed);
    const file = write(JSON.stringify(changed));
    await expect(loadTokenizer({ file })).rejects.toThrow(message);
    await expect(loadTokenizer({ file })).rejects.toThrow(file);
  });

  it.each<[string, string]>([
    [
      'null',
      'expected "model": {"type": "Unigram", "vocab": [...]} or {"type": "BPE", "vocab": {...}, "merges": [...]}, got no model type',
    ],
    ['5', 'got no model type'],
    ['{"model":{"vocab":[]}}', 'got no model type'],
    ['{"model":{"type":"Unigram","vocab":{}}}', 'got the type "Unigram" (string)'],
    ['{"model":{"type":7}}', 'got the type 7 (number)'],
  ])('is named when it is %s', async (content, message) => {
    await expect(loadTokenizer({ file: write(content) })).rejects.toThrow(message);
    await expect(loadTokenizer({ definition: content })).rejects.toThrow(
      'the given definition is not a tokenizer',
    );
  });

  it('is named with what the system says when it cannot be read', async () => {
    await expect(loadTokenizer({ file: folder })).rejects.toThrow(
      `cannot read the tokenizer ${folder}: EISDIR`,
    );
  });

  it.each<[unknown, boolean]>([
    [null, true],
    [undefined, true],
    [0, true],
    [4095, true],
    [4096, false],
    [-1, false],
    [0.5, false],
    ['0', false],
  ])('has an unk_id that is a piece, or none: %j', async (unknown, right) => {
    const changed = structuredClone(definition) as unknown as Changed;
    changed.model.unk_id = unknown;
    const loading = loadTokenizer({ definition: JSON.stringify(changed) });
    if (right) expect((await loading).vocabularySize).toBe(4096);
    else await expect(loading).rejects.toThrow('has the unk_id');
  });

  it.each<[unknown, boolean]>([
    [{ id: 2 ** 24 - 1, content: 'x' }, true],
    [{ id: 2 ** 24, content: 'x' }, false],
    [{ id: -1, content: 'x' }, false],
    [{ id: 5, content: 5 }, false],
    [null, false],
    ['x', false],
  ])('has added tokens of content and an id: %j', async (token, right) => {
    const changed = structuredClone(definition) as unknown as Changed;
    changed.added_tokens.push(token as object);
    const loading = loadTokenizer({ definition: JSON.stringify(changed) });
    if (right) expect((await loading).vocabularySize).toBe(2 ** 24);
    else await expect(loading).rejects.toThrow('expected content and an id from 0 to 16777215');
  });

  it('is named when it is not UTF-8', async () => {
    const file = write('');
    writeFileSync(file, Buffer.from(JSON.stringify({ ...definition, note: 'é' }), 'latin1'));
    await expect(loadTokenizer({ file })).rejects.toThrow(`${file} is not UTF-8`);
  });

  it('may begin with a byte order mark', async () => {
    const file = write(`\uFEFF${JSON.stringify(definition)}`);
    expect((await loadTokenizer({ file })).hash).toBe((await loadTokenizer('embedded')).hash);
  });

  it('is named when it has no </s>', async () => {
    const without = { ...definition, added_tokens: [], model: { ...definition.model } };
    without.model.vocab = definition.model.vocab.filter(([piece]) => piece !== '</s>');
    await expect(loadTokenizer({ file: write(JSON.stringify(without)) })).rejects.toThrow(
      'has no piece "</s>"',
    );
  });
});
