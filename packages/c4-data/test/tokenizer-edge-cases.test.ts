import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../src/index.ts';
import { readDefinition, type UnigramDefinition } from '../src/tokenizers/definition.ts';
import { readTextRules } from '../src/tokenizers/text-rules.ts';
import { TokenSink } from '../src/tokenizers/token-sink.ts';
import { UnigramEncoder } from '../src/tokenizers/unigram-encoder.ts';
import { WordCache } from '../src/tokenizers/word-cache.ts';

const t5 = new URL('../../../../shared/data/tokenizer/t5/tokenizer.json.gz', import.meta.url).pathname;
const small = new URL('./fixtures/small.tokenizer.json', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'steepest-edge-cases-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { texts, ids } = JSON.parse(
  readFileSync(new URL('./fixtures/edge-ids.json', import.meta.url), 'utf8'),
) as { texts: string[]; ids: Record<string, number[][]> };

function t5File(
  change: (definition: Record<string, unknown>) => object = (definition) => definition,
): string {
  const file = join(folder, 'tokenizer.json');
  writeFileSync(file, JSON.stringify(change(JSON.parse(gunzipSync(readFileSync(t5)).toString()))));
  return file;
}

/** The first of the texts whose ids differ, by name, so that a failure shows it. */
function expectIds(tokenizer: Tokenizer, name: string): void {
  texts.forEach((text, index) => {
    expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids: ids[name]![index] });
  });
  // Once more, now that every word is known.
  texts.forEach((text, index) => {
    expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids: ids[name]![index] });
  });
}

// Exact: combining marks, emoji, scripts, control characters, every kind of space, tokens spelled out, ties of scores.
describe('difficult text gives the ids of the Rust library', () => {
  it('with the embedded tokenizer', async () => {
    expectIds(await loadTokenizer('embedded'), 'embedded');
  });

  it('with a character map of its own', async () => {
    expectIds(await loadTokenizer({ file: small }), 'small');
  });

  // The Rust library passes over an added token without characters.
  it('with an added token that is empty', async () => {
    const file = join(folder, 'empty-token.json');
    const definition = JSON.parse(readFileSync(small, 'utf8')) as { added_tokens: object[] };
    definition.added_tokens.push({ ...definition.added_tokens[0], id: 4095, content: '' });
    writeFileSync(file, JSON.stringify(definition));
    expectIds(await loadTokenizer({ file }), 'small');
  });

  it.skipIf(!existsSync(t5))("with T5's tokenizer", async () => {
    expectIds(await loadTokenizer({ file: t5File() }), 't5');
  });

  it.skipIf(!existsSync(t5))("with T5's tokenizer in the form that splits at white space first", async () => {
    const legacy = t5File((definition) => ({
      ...definition,
      normalizer: (definition.normalizer as { normalizers: object[] }).normalizers[0],
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'WhitespaceSplit' },
          { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
        ],
      },
    }));
    expectIds(await loadTokenizer({ file: legacy }), 't5-legacy');
  });

  it.skipIf(!existsSync(t5))("with T5's tokenizer pruned to 4,096 pieces by the same rule", async () => {
    expectIds(await loadTokenizer({ file: t5File() }, { prune: 't5-4k' }), 't5-4k');
  });
});

describe('words that are remembered by their bytes', () => {
  // Without a separator between parts every text goes the long way, which normalizes and splits it as a whole.
  const definition = readDefinition(readFileSync(small, 'utf8'), 'small') as UnigramDefinition;
  const rules = readTextRules(definition, 'small')!;
  const remembering = new UnigramEncoder(definition, rules);
  const long = new UnigramEncoder(definition, { ...rules, separable: false });
  const encode = (encoder: UnigramEncoder, text: string) => {
    const sink = new TokenSink();
    encoder.encode(text, sink);
    return sink.toArray();
  };
  const character = fc.oneof(
    fc.constantFrom(...' \t\n\u00a0\u2003\u0085\u0001\u0300\u0301\u0308\u0340\u0344\u200d\u2581éﬁ½aeb<'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  );

  it('have the ids that they have in the whole text', () => {
    fc.assert(
      fc.property(fc.array(character, { maxLength: 30 }), (characters) => {
        const text = characters.join('');
        expect(encode(remembering, text)).toEqual(encode(long, text));
      }),
      { numRuns: 2000, seed: 6 },
    );
  });

  it('are not those that would join the space before them in one grapheme', () => {
    // After a space U+0340 is mapped by itself; at the start of a grapheme it would take the second mark with it.
    expect(rules.splitText('x \u0340\u0308', true)).toEqual(['▁x', '▁\u0300\u0308']);
    const marks = new TextEncoder().encode('\u0340\u0308');
    expect(rules.splitWord(marks, 0, marks.length)).toBeUndefined();
  });

  it('are told apart where their hashes agree', () => {
    const cache = new WordCache();
    const bytes = new TextEncoder().encode('abcd');
    cache.add(cache.find(bytes, 0, 2, 7), bytes, 0, 2, 7, Int32Array.of(5, 6), 0, 2);
    expect(cache.countAt(cache.find(bytes, 0, 2, 7)) - 1).toBe(2);
    expect(cache.countAt(cache.find(bytes, 2, 4, 7))).toBe(0);
  });

  it('are forgotten when there are too many, and found again', () => {
    const first = encode(remembering, 'tokens batches');
    const many = new Array<string>(600_000);
    for (let index = 0; index < many.length; index += 1) many[index] = index.toString(36);
    encode(remembering, many.join(' '));
    expect(encode(remembering, 'tokens batches')).toEqual(first);
    expect(encode(remembering, '1 2 3')).toEqual(encode(long, '1 2 3'));
  });
});
