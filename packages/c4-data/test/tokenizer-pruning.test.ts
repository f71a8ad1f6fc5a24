import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../src/index.ts';

const t5 = new URL('../../../../shared/data/tokenizer/t5/tokenizer.json.gz', import.meta.url).pathname;
const sample = new URL('../../../../shared/data/text/c4-sample.validation.jsonl.gz', import.meta.url)
  .pathname;
const small = new URL('./fixtures/small.tokenizer.json', import.meta.url).pathname;
const { texts } = JSON.parse(readFileSync(new URL('./fixtures/edge-ids.json', import.meta.url), 'utf8')) as {
  texts: string[];
};
const folder = mkdtempSync(join(tmpdir(), 'steepest-pruning-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Written {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly model: { readonly unk_id: number; readonly vocab: readonly [string, number][] };
}
const vocabularyOf = (tokenizer: Tokenizer) => (JSON.parse(tokenizer.definition) as Written).model.vocab;

/** Texts that come back as they do from all pieces. */
function roundTrips(pruned: Tokenizer, full: Tokenizer, list: readonly string[]): number {
  const known = list.filter((text) => !full.encode(text).includes(2));
  for (const text of known) {
    const ids = pruned.encode(text);
    expect(ids).not.toContain(2);
    expect(pruned.decode(ids)).toBe(full.decode(full.encode(text)));
  }
  return known.length;
}

describe('a pruned vocabulary', () => {
  it('holds the special tokens, every single character, and the pieces of the highest scores', async () => {
    const full = await loadTokenizer({ file: small });
    const pruned = await loadTokenizer({ file: small }, { prune: { size: 256 } });
    const kept = vocabularyOf(pruned);
    expect(pruned.vocabularySize).toBe(256);
    expect(pruned.endOfSequence).toBe(1);
    expect(kept.slice(0, 3).map(([piece]) => piece)).toEqual(['<pad>', '</s>', '<unk>']);
    const all = vocabularyOf(full);
    const long = ([piece]: readonly [string, number]) => [...piece].length > 1 && !piece.startsWith('<');
    const names = new Set(kept.map(([piece]) => piece));
    expect(all.filter((entry) => !long(entry) && !names.has(entry[0]))).toEqual([]);
    const dropped = all.filter(([piece]) => !names.has(piece));
    const least = Math.min(...kept.filter(long).map(([, score]) => score));
    expect(dropped.length).toBe(400 - 256);
    expect(Math.max(...dropped.map(([, score]) => score))).toBeLessThanOrEqual(least);
  });

  it('loses no text: what had no <unk> has none, and comes back the same', async () => {
    const full = await loadTokenizer({ file: small });
    const pruned = await loadTokenizer({ file: small }, { prune: { size: 200 } });
    expect(roundTrips(pruned, full, texts)).toBeGreaterThan(20);
    const embedded = await loadTokenizer('embedded');
    const fewer = await loadTokenizer('embedded', { prune: { size: 512 } });
    expect(
      roundTrips(fewer, embedded, [...texts, readFileSync(new URL('../README.md', import.meta.url), 'utf8')]),
    ).toBeGreaterThan(20);
  });

  it('has a hash and a definition of its own, the same each time, that load to the same ids', async () => {
    const [first, again] = await Promise.all(
      [1, 2].map(() => loadTokenizer('embedded', { prune: { size: 1024 } })),
    );
    expect(first!.hash).toBe(again!.hash);
    expect(first!.hash).not.toBe((await loadTokenizer('embedded')).hash);
    const file = join(folder, 'pruned.json');
    writeFileSync(file, first!.definition);
    const loaded = await loadTokenizer({ file });
    expect(loaded.hash).toBe(first!.hash);
    for (const text of texts) expect(loaded.encode(text)).toEqual(first!.encode(text));
  });

  it.skipIf(!existsSync(t5))(
    "of T5's has exactly 4,096 or 8,192 pieces and loses no text of C4",
    async () => {
      const file = join(folder, 't5.json');
      writeFileSync(file, gunzipSync(readFileSync(t5)));
      const full = await loadTokenizer({ file });
      const documents = gunzipSync(readFileSync(sample))
        .toString()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { text: string }).text);
      const count = (tokenizer: Tokenizer) =>
        documents.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
      const ratios: number[] = [];
      for (const [prune, size] of [
        ['t5-4k', 4096],
        ['t5-8k', 8192],
      ] as const) {
        const pruned = await loadTokenizer({ file }, { prune });
        expect(pruned.vocabularySize).toBe(size);
        expect(roundTrips(pruned, full, documents)).toBeGreaterThan(200);
        ratios.push(count(pruned) / count(full));
      }
      // What a smaller vocabulary costs in length: no outside source, a guard for the README's figures of 1.36 and 1.17.
      expect(ratios[0]).toBeCloseTo(1.36, 1);
      expect(ratios[1]).toBeCloseTo(1.17, 1);
    },
  );

  it('keeps the piece that stands for unknown text, the lower ids of equal scores, and no other added token', async () => {
    const vocab: [string, number][] = [
      ['</s>', 0],
      ['a', -9],
      ['[UNK]', -20],
      ['ab', -3],
      ['cd', -2],
      ['ef', -3],
      ['😀', -9],
      ['😀x', -4],
      ['<extra_id_0>', 0],
      ['gh', -3],
    ];
    const definition = (changes: object = {}) => ({
      added_tokens: [
        { id: 0, content: '</s>', special: true },
        { id: 8, content: '<extra_id_0>', special: true },
      ],
      normalizer: null,
      pre_tokenizer: null,
      decoder: null,
      post_processor: {
        type: 'TemplateProcessing',
        special_tokens: { '</s>': { id: '</s>', ids: [0, 6, 8], tokens: ['</s>'] } },
      },
      model: { type: 'Unigram', unk_id: 2, vocab },
      ...changes,
    });
    const prune = async (size: number, changes: object = {}) => {
      const text = JSON.stringify(definition(changes));
      return JSON.parse((await loadTokenizer({ definition: text }, { prune: { size } })).definition);
    };
    const piecesOf = async (size: number) =>
      (await prune(size)).model.vocab.map(([piece]: [string, number]) => piece);
    expect(await piecesOf(4)).toEqual(['</s>', 'a', '[UNK]', '😀']);
    expect(await piecesOf(5)).toEqual(['</s>', 'a', '[UNK]', 'cd', '😀']);
    expect(await piecesOf(7)).toEqual(['</s>', 'a', '[UNK]', 'ab', 'cd', 'ef', '😀']);
    expect(await piecesOf(9)).toEqual(['</s>', 'a', '[UNK]', 'ab', 'cd', 'ef', '😀', '😀x', 'gh']);
    for (const size of [3, 10])
      await expect(prune(size)).rejects.toThrow(
        `the given definition can be pruned to between 4 pieces (<pad>, </s>, <unk> and its single characters) and 9, got ${size}`,
      );
    const five = await prune(5);
    expect(five.added_tokens).toEqual([{ id: 0, content: '</s>', special: true }]);
    expect(five.model.unk_id).toBe(2);
    // What is appended has the new ids; one that is gone keeps its own.
    expect(five.post_processor).toEqual({
      type: 'TemplateProcessing',
      special_tokens: { '</s>': { id: '</s>', ids: [0, 4, 8], tokens: ['</s>'] } },
    });
    expect((await prune(5, { post_processor: null })).post_processor).toBeNull();
    expect((await prune(5, { post_processor: undefined })).post_processor).toBeNull();
    expect((await prune(5, { post_processor: { type: 'ByteLevel' } })).post_processor).toEqual({
      type: 'ByteLevel',
    });
    const without = { model: { type: 'Unigram', unk_id: null, vocab } };
    expect((await prune(4, without)).model).toMatchObject({
      unk_id: null,
      vocab: [vocab[0], vocab[1], vocab[4], vocab[6]],
    });
  });

  it('is none of a BPE tokenizer', async () => {
    const model = { type: 'BPE', vocab: { '</s>': 0 }, merges: [] };
    await expect(
      loadTokenizer({ definition: JSON.stringify({ model }) }, { prune: { size: 1 } }),
    ).rejects.toThrow('the given definition is a BPE tokenizer: only unigram tokenizers can be pruned');
  });

  it.each<[unknown, string]>([
    ['toString', "prune must be 't5-4k', 't5-8k' or { size }, got \"toString\" (string)"],
    [null, "prune must be 't5-4k', 't5-8k' or { size }, got null"],
    [5, "prune must be 't5-4k', 't5-8k' or { size }, got 5 (number)"],
    [{}, 'prune.size must be an integer of 1 or more, got undefined'],
    ['t5-8k', 'and 4096, got 8192'],
  ])('is not what %j asks for', async (prune, message) => {
    await expect(loadTokenizer('embedded', { prune: prune as never })).rejects.toThrow(message);
  });

  it('says what would be right', async () => {
    const prune = (value: unknown) => loadTokenizer({ file: small }, { prune: value as never });
    await expect(prune('t5-16k')).rejects.toThrow(
      "prune must be 't5-4k', 't5-8k' or { size }, got \"t5-16k\" (string)",
    );
    await expect(prune({ sizes: 5 })).rejects.toThrow('prune has no option "sizes": did you mean "size"?');
    await expect(prune({ size: 0 })).rejects.toThrow('prune.size must be an integer of 1 or more');
    await expect(prune('t5-4k')).rejects.toThrow(/can be pruned to between \d+ pieces .* and 400, got 4096/);
    await expect(loadTokenizer('embedded', { pruning: 't5-4k' } as never)).rejects.toThrow(
      'loadTokenizer has no option "pruning": did you mean "prune"?',
    );
  });
});
