import { readFileSync } from 'node:fs';
import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  loadTokenizer,
  openTextData,
  prepareTokenShards,
  type Tokenizer,
  trainTokenizer,
} from '../src/index.ts';
import type { OpenShardOptions } from '../src/sources/document-source.ts';
import { readEmbeddedCorpus } from '../src/sources/embedded-source.ts';
import { digamma } from '../src/tokenizers/training/unigram-training.ts';
import { temporaryFolder } from './shards/prepared-folder.ts';

/** What the `tokenizers` library learns: tools/reference/c4-data/train_reference_tokenizers.py. */
const reference = JSON.parse(
  readFileSync(new URL('./fixtures/trained-tokenizers.json', import.meta.url), 'utf8'),
) as {
  documents: number;
  bpe: { size: number; merges: [string, string][]; samples: { text: string; ids: number[] }[] };
  repetitive: { texts: string[]; size: number; merges: [string, string][] };
  unigram: { size: number; heldOut: [number, number]; tokens: number; logLikelihood: number };
};

const mergesOf = ({ definition }: Tokenizer) => JSON.parse(definition).model.merges as [string, string][];
const embedded = { source: { type: 'embedded' }, documents: reference.documents } as const;

describe('a byte-level BPE tokenizer', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await trainTokenizer({ ...embedded, type: 'bpe', vocabularySize: reference.bpe.size });
  });

  it('learns the merges that the reference library learns, in their order', () => {
    expect(mergesOf(tokenizer)).toEqual(reference.bpe.merges);
    expect(tokenizer.vocabularySize).toBe(reference.bpe.size);
  });

  it('learns them from words whose pairs overlap and tie, too, until nothing is left to merge', async () => {
    const { texts, size, merges } = reference.repetitive;
    const small = await trainTokenizer({
      source: { type: 'texts', train: texts },
      type: 'bpe',
      vocabularySize: size,
    });
    expect(mergesOf(small)).toEqual(merges);
    expect(small.vocabularySize).toBeLessThan(size);
  });

  it('gives the ids that the reference library gives, and the text of these exactly', () => {
    for (const { text, ids } of reference.bpe.samples) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text.replaceAll(/<\/s>|<pad>/g, ''));
    }
    expect(tokenizer.encode('')).toEqual([]);
  });

  it('decodes what continues other ids, also where these end within a character', () => {
    const text = 'The 東京 of the é States';
    const ids = tokenizer.encode(text);
    for (let length = 0; length <= ids.length; length += 1) {
      const prompt = ids.slice(0, length);
      // The bytes of half a character are a replacement character.
      const whole = tokenizer.decode(prompt).replace(/\ufffd+$/, '');
      expect(whole + tokenizer.decode(ids.slice(length), prompt)).toBe(text);
    }
  });

  it('gives the ids of another implementation on every document of the corpus', async () => {
    const engine = new TokenizerEngine(JSON.parse(tokenizer.definition), {});
    for (const { text } of (await readEmbeddedCorpus()).filter((_, index) => index % 100 === 0)) {
      expect(tokenizer.encode(text)).toEqual(engine.encode(text, { add_special_tokens: false }).ids);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });
});

describe('a unigram tokenizer', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    const { size } = reference.unigram;
    tokenizer = await trainTokenizer({ ...embedded, type: 'unigram', vocabularySize: size });
  });

  it('has the size asked for, special tokens first, and writes every printable ASCII character', () => {
    const { vocab } = JSON.parse(tokenizer.definition).model as { vocab: [string, number][] };
    expect(vocab).toHaveLength(reference.unigram.size);
    expect(vocab.slice(0, 3)).toEqual([
      ['<pad>', 0],
      ['</s>', 0],
      ['<unk>', 0],
    ]);
    const printable = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 33 + index));
    expect(tokenizer.encode(printable)).not.toContain(2);
    expect(tokenizer.decode(tokenizer.encode(`a ${printable}`))).toBe(`a ${printable}`);
  });

  it('needs as many tokens for text that it has not seen as that of the reference library, and finds it as likely', async () => {
    const { heldOut, tokens, logLikelihood } = reference.unigram;
    const { vocab } = JSON.parse(tokenizer.definition).model as { vocab: [string, number][] };
    const ids = (await readEmbeddedCorpus()).slice(...heldOut).flatMap(({ text }) => tokenizer.encode(text));
    const likelihood = ids.reduce((sum, id) => sum + vocab[id]![1], 0);
    // Both searches are local: another choice of first pieces changes either by about a hundredth.
    expect(ids.length).toBeLessThan(1.01 * tokens);
    expect(likelihood).toBeGreaterThan(1.01 * logLikelihood);
    const total = vocab.slice(3).reduce((sum, [, score]) => sum + Math.exp(score), 0);
    expect(total).toBeLessThan(1.001);
  });

  it('is refused where the text has more different characters than there are to be pieces', async () => {
    const text = String.fromCharCode(...Array.from({ length: 200 }, (_, index) => 0x4e00 + index));
    const source = { type: 'texts', train: [text] } as const;
    await expect(trainTokenizer({ source, type: 'unigram', vocabularySize: 150 })).rejects.toThrow(
      'the text has 295 different characters, more than the 147 pieces that were asked for: ask for more',
    );
  });
});

it('a trained tokenizer is loaded from its file again', async () => {
  const { path, remove } = temporaryFolder();
  const { writeFileSync } = await import('node:fs');
  const source = { type: 'texts', train: ['one two three', 'two three four'] } as const;
  for (const type of ['unigram', 'bpe'] as const) {
    const trained = await trainTokenizer({ source, type, vocabularySize: 300 });
    writeFileSync(`${path}/${type}.json`, trained.definition);
    const loaded = await loadTokenizer({ file: `${path}/${type}.json` });
    expect(loaded.hash).toBe(trained.hash);
    expect(loaded.encode('two four')).toEqual(trained.encode('two four'));
  }
  remove();
});

it('the digamma function has its published values', () => {
  // Abramowitz and Stegun, table 6.1: psi(1), psi(1.5) and psi(2).
  for (const [x, value] of [
    [1, -0.5772156649],
    [1.5, 0.036489974],
    [2, 0.4227843351],
  ] as const) {
    expect(digamma(x)).toBeCloseTo(value, 10);
  }
});

it.each<[object, string]>([
  [{ type: 'wordpiece' }, "type must be 'unigram' or 'bpe', got \"wordpiece\" (string)"],
  [{ vocabularySize: 200 }, 'vocabularySize must be an integer of 258 or more, got 200 (number)'],
  [{ source: { type: 'texts', train: ['', ''] } }, 'there is no text to train a tokenizer on'],
  [{ sorce: 1 }, 'trainTokenizer has no option "sorce": did you mean "source"?'],
])('%j is refused', async (changes, message) => {
  const options = { source: { type: 'texts', train: ['text'] }, type: 'bpe', vocabularySize: 300 } as const;
  await expect(trainTokenizer({ ...options, ...changes } as never)).rejects.toThrow(message);
});

it.each<[object, string]>([
  [
    { type: 'unigram', vocabularySize: 97 },
    'vocabularySize must be an integer of 98 or more, got 97 (number)',
  ],
  [{ documents: 0 }, 'documents must be an integer of 1 or more, got 0 (number)'],
  [{ source: { type: 'prepared', directory: 'x' } }, 'source must be { type:'],
])('%j is refused as well', async (changes, message) => {
  const options = { source: { type: 'texts', train: ['text'] }, type: 'bpe', vocabularySize: 300 } as const;
  await expect(trainTokenizer({ ...options, ...changes } as never)).rejects.toThrow(message);
});

describe('the training of a tokenizer', () => {
  const shardOf = (texts: readonly string[], malformed = 0) => ({
    name: 'made up',
    bytes: undefined,
    async *open({ signal, onMalformed }: OpenShardOptions = {}) {
      for (let line = 1; line <= malformed; line += 1)
        onMalformed!({ file: 'made up', line, reason: 'it is' });
      for (const text of texts) {
        signal?.throwIfAborted();
        yield { text, timestamp: null, url: null, location: 'here' };
      }
    },
  });
  const sourceOf = (...shards: ReturnType<typeof shardOf>[]) => ({
    describe: async () => ({}),
    shards: async (split: string) => (split === 'train' ? shards : []),
  });
  const bpe = { type: 'bpe', vocabularySize: 300 } as const;

  it('tells after every 500 documents and at the end how much it has read, and reads no more than is asked for', async () => {
    const texts = Array.from({ length: 1100 }, (_, index) => `é${index % 10}`);
    const source = sourceOf(shardOf(texts.slice(0, 700)), shardOf(texts.slice(700)));
    const eventsOf = async (documents?: number) => {
      const events: unknown[] = [];
      await trainTokenizer({ source, ...bpe, documents, onProgress: (event) => events.push(event) });
      return events;
    };
    const event = (documents: number) => ({ documents, bytes: 3 * documents });
    expect(await eventsOf()).toEqual([event(500), event(1000), event(1100)]);
    expect(await eventsOf(501)).toEqual([event(500), event(501)]);
    expect(await eventsOf(2)).toEqual([event(2)]);
  });

  it('reports malformed lines, and ends with the reason of a signal', async () => {
    const problems: number[] = [];
    await trainTokenizer({
      source: sourceOf(shardOf(['a b'], 2)),
      ...bpe,
      onMalformed: ({ line }) => problems.push(line),
    });
    expect(problems).toEqual([1, 2]);
    const reason = new Error('enough');
    const controller = new AbortController();
    controller.abort(reason);
    await expect(
      trainTokenizer({ source: sourceOf(shardOf(['a'])), ...bpe, signal: controller.signal }),
    ).rejects.toBe(reason);
    await expect(trainTokenizer({ source: sourceOf(shardOf(['', ''])), ...bpe })).rejects.toThrow(
      'there is no text to train a tokenizer on: not one document has a word',
    );
  });

  it('gives a definition of the kind of GPT-2, which is whole', async () => {
    const source = { type: 'texts', train: ['aa ab aa'] } as const;
    const { definition, vocabularySize } = await trainTokenizer({ source, ...bpe, vocabularySize: 258 });
    const token = (id: number, content: string) => ({
      id,
      content,
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    });
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
    const { model, ...rest } = JSON.parse(definition);
    expect(vocabularySize).toBe(258);
    expect(rest).toEqual({
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [token(0, '<pad>'), token(1, '</s>')],
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
    });
    const { vocab, merges, ...flags } = model;
    expect(flags).toEqual({
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
    });
    expect(merges).toEqual([]);
    expect(Object.keys(vocab)).toHaveLength(258);
    // The bytes in the order of the characters that stand for them.
    expect([vocab['<pad>'], vocab['</s>'], vocab['!'], vocab['~'], vocab['¡'], vocab.Ā, vocab.Ń]).toEqual([
      0, 1, 2, 95, 96, 190, 257,
    ]);
    const one = JSON.parse((await trainTokenizer({ source, ...bpe, vocabularySize: 259 })).definition).model;
    expect(one.merges).toEqual([['a', 'a']]);
    expect(one.vocab.aa).toBe(258);
  });

  it('gives a unigram model of as many pieces as are asked for, and the characters of ASCII that its text lacks', async () => {
    const source = { type: 'texts', train: ['banana bandana', 'band banana'] } as const;
    const { definition } = await trainTokenizer({ source, type: 'unigram', vocabularySize: 104 });
    const { model, added_tokens: added, normalizer } = JSON.parse(definition);
    const embedded = JSON.parse((await loadTokenizer('embedded')).definition);
    expect(normalizer).toEqual(embedded.normalizer);
    expect(added).toEqual(embedded.added_tokens);
    const vocab = model.vocab as [string, number][];
    expect(vocab.length).toBeLessThanOrEqual(104);
    const fewer = await trainTokenizer({ source, type: 'unigram', vocabularySize: 100 });
    expect(fewer.vocabularySize).toBe(100);
    // Six decimals each, the likely ones first, and the unseen below all others.
    for (const [, score] of vocab) expect(Math.round(score * 1e6) / 1e6).toBe(score);
    const scores = vocab.slice(3).map(([, score]) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const seen = new Set('▁band');
    const unseen = vocab.slice(3).filter(([piece]) => piece.length === 1 && !seen.has(piece));
    expect(unseen).toHaveLength(94 - 4);
    expect(unseen.map(([piece]) => piece).join('')).toBe(
      vocab
        .slice(-90)
        .map(([piece]) => piece)
        .join(''),
    );
    const least = scores[scores.length - 91]!;
    for (const [index, [, score]] of unseen.entries()) expect(score).toBeCloseTo(least - 1 - index * 1e-4, 5);
  });
});

describe('the embedded tokenizer', () => {
  const german =
    'Die Geschwindigkeit überträgt größere Zwänge, während häufig Übergänge möglich wären. '.repeat(60);
  const english =
    'The Congress of the United States has considered the condition of our foreign relations. '.repeat(60);
  const shape = { contextLength: 8, batchSize: 1, seed: 1, validationFraction: 0 };

  async function warningsOf(text: string, tokenizer: 'embedded' | Tokenizer): Promise<unknown[]> {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { path: directory, remove } = temporaryFolder();
    const source = { type: 'texts', train: [text] } as const;
    try {
      await openTextData({ source, tokenizer, ...shape });
      await prepareTokenShards({ source, tokenizer, directory, workers: 0, validationFraction: 0 });
      return warnings.mock.calls.map(([message]) => message);
    } finally {
      warnings.mockRestore();
      remove();
    }
  }

  it('warns where it fits a text poorly, with the bytes per token, and is silent elsewhere', async () => {
    const tokens = (await loadTokenizer('embedded')).encode(german).length + 1;
    const share = (Buffer.byteLength(german) / tokens).toFixed(2);
    expect(await warningsOf(german, 'embedded')).toEqual([
      expect.stringContaining(`fits the training texts poorly: ${share} bytes per token`),
      expect.stringContaining(`fits the text poorly: ${share} bytes per token`),
    ]);
    expect(await warningsOf(english, 'embedded')).toEqual([]);
    const source = { type: 'texts', train: [german] } as const;
    const own = await trainTokenizer({ source, type: 'bpe', vocabularySize: 300 });
    expect(await warningsOf(german, own)).toEqual([]);
  });
});
