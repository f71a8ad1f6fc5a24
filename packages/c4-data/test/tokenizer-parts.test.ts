import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AddedTokens, addedTokensArePlain } from '../src/tokenizers/added-tokens.ts';
import { isByteLevelBpe } from '../src/tokenizers/bpe-encoder.ts';
import { BpeModel } from '../src/tokenizers/bpe-model.ts';
import { charactersOfBytes, splitParts, toByteCharacters } from '../src/tokenizers/byte-level.ts';
import type { AddedToken, BpeDefinition } from '../src/tokenizers/definition.ts';
import { DocumentEncoder } from '../src/tokenizers/document-encoder.ts';
import { Heap } from '../src/tokenizers/heap.ts';
import { PieceTrie } from '../src/tokenizers/piece-trie.ts';
import { cutIntoChunks, writeChunk } from '../src/tokenizers/text-chunks.ts';
import { readTextRules } from '../src/tokenizers/text-rules.ts';
import { TokenSink } from '../src/tokenizers/token-sink.ts';
import { createTokenizer } from '../src/tokenizers/tokenizer-text.ts';
import { UnigramModel } from '../src/tokenizers/unigram-model.ts';
import type { WorkerRequest } from '../src/tokenizers/worker-messages.ts';
import { WorkerQueue } from '../src/tokenizers/worker-queue.ts';

/** Worker threads that do what the test lets them do. */
class FakeWorker extends EventEmitter {
  static readonly all: FakeWorker[] = [];
  readonly requests: WorkerRequest[] = [];
  /** Whether it keeps the process alive. */
  referenced = true;
  terminations = 0;

  constructor() {
    super();
    FakeWorker.all.push(this);
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }

  postMessage(request: WorkerRequest): void {
    this.requests.push(request);
  }

  async terminate(): Promise<number> {
    this.terminations += 1;
    return 1;
  }

  /** Answers its first request: a token for each document, the number of its bytes. */
  answer(): void {
    const { id, text, ends } = this.requests.shift()!;
    const tokens = Uint16Array.from(ends, (end, index) => end - (index === 0 ? 0 : ends[index - 1]! + 1));
    this.emit('message', { id, tokens, lengths: new Uint32Array(ends.length).fill(1), text });
  }
}

vi.mock('../src/tokenizers/start-worker.ts', () => ({ startWorker: () => new FakeWorker() }));

const smallText = readFileSync(new URL('./fixtures/small.tokenizer.json', import.meta.url), 'utf8');
const small = JSON.parse(smallText);

const letters = 'abcdefgh';
/** A byte-level BPE definition of the 256 bytes, the merges and some added tokens. */
function bpe(
  merges: readonly (readonly [string, string])[],
  added: readonly string[] = ['</s>'],
  changes: Record<string, unknown> = {},
) {
  const pieces = [...charactersOfBytes, ...merges.map(([left, right]) => left + right)];
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    added_tokens: added.map((content, index) => ({
      id: pieces.length + index,
      content,
      special: content === '</s>',
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    ...changes,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
      ...(changes.model as object),
    },
  };
}
const tokenizerOf = (definition: object) => createTokenizer(JSON.stringify(definition), 'the test');

describe('a heap', () => {
  it('gives its items in order, however they came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), fc.nat(30), (numbers, early) => {
        const heap = new Heap<number>((a, b) => a < b);
        const taken: number[] = [];
        for (const number of numbers.slice(0, early)) heap.push(number);
        const first = [...numbers.slice(0, early)].sort((a, b) => a - b);
        expect(heap.pop()).toBe(first[0]);
        for (const number of numbers.slice(early)) heap.push(number);
        for (let next = heap.pop(); next !== undefined; next = heap.pop()) taken.push(next);
        const rest = [...first.slice(1), ...numbers.slice(early)];
        expect(taken).toEqual(rest.sort((a, b) => a - b));
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });
});

describe('pieces by their bytes', () => {
  const find = (trie: PieceTrie, text: string): number => {
    let node = 0;
    for (const byte of new TextEncoder().encode(text)) {
      const child = trie.base[node]! + byte;
      if (trie.parent[child] !== node) return -1;
      node = child;
    }
    return trie.piece[node]!;
  };

  it('are found by all of their bytes and by nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'ab▁é東'), maxLength: 6 })), (pieces) => {
        const trie = new PieceTrie(pieces);
        // Of equal ones the last counts; none has no bytes.
        const ids = new Map(pieces.map((piece, id) => [piece, id]));
        for (const piece of [
          ...pieces,
          ...pieces.flatMap((one) => [`${one}a`, one.slice(0, -1), `▁${one}`]),
        ]) {
          expect(find(trie, piece)).toBe(piece === '' ? -1 : (ids.get(piece) ?? -1));
        }
      }),
    );
  });

  it('are found among more than first have room', () => {
    const pieces = Array.from({ length: 20_000 }, (_, index) => Math.imul(index, 2_654_435_761).toString(36));
    const trie = new PieceTrie(pieces);
    expect(pieces.every((piece, id) => find(trie, piece) === id)).toBe(true);
    expect(find(trie, 'no piece')).toBe(-1);
  });
});

describe('byte-pair encoding', () => {
  /** Sennrich et al. 2016, algorithm 1, as it reads: the earliest merge there is, wherever it is, from the left. */
  function mergeSimply(
    ids: readonly number[],
    merges: readonly (readonly [number, number, number])[],
  ): number[] {
    let now = [...ids];
    for (;;) {
      const merge = merges.find(([left, right]) =>
        now.some((id, at) => id === left && now[at + 1] === right),
      );
      if (merge === undefined) return now;
      const [left, right, result] = merge;
      const at = now.findIndex((id, place) => id === left && now[place + 1] === right);
      now = [...now.slice(0, at), result, ...now.slice(at + 2)];
    }
  }

  it('merges what was learned first, from the left, until nothing is left to merge', () => {
    const merges = fc
      .uniqueArray(fc.tuple(fc.nat(12), fc.nat(12)), {
        selector: ([left, right]) => `${left} ${right}`,
        maxLength: 9,
      })
      // Later merges take up the results of earlier ones, and some of these are the same.
      .map((pairs) => pairs.map(([left, right], rank) => [left, right, 4 + (rank % 8)] as const))
      // A merge to its own part could go on for ever.
      .filter((list) => list.every(([left, right, result]) => result > Math.max(left, right)));
    fc.assert(
      fc.property(merges, fc.array(fc.nat(3), { maxLength: 14 }), (list, ids) => {
        expect(new BpeModel(list).merge([...ids])).toEqual(mergeSimply(ids, list));
      }),
      { numRuns: 1000 },
    );
  });

  // Radford et al. 2019: the printable characters of Latin-1 stand for themselves, the others for U+0100 and on.
  it('writes bytes as the characters of the published encoder', () => {
    const others: number[] = [];
    for (const [byte, character] of charactersOfBytes.entries()) {
      const prints = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
      if (prints) expect(character).toBe(String.fromCharCode(byte));
      else others.push(character.charCodeAt(0) - 0x100);
    }
    expect(others).toEqual(Array.from({ length: 68 }, (_, index) => index));
    expect(toByteCharacters(' é\n')).toBe('ĠÃ©Ċ');
    expect(toByteCharacters('')).toBe('');
  });

  it.each([
    ["it's we'll they'd I'm you've we're don't", "it 's _we 'll _they 'd _I 'm _you 've _we 're _don 't"],
    ['a1 22b 3', 'a 1 _22 b _3'],
    ['wait... what?!', 'wait ... _what ?!'],
    ['one  two   three', 'one _ _two __ _three'],
    ['one\n\ntwo \n', 'one Ċ Ċ two _Ċ'],
    ['end  ', 'end __'],
    ["'S 'x", "' S _' x"],
    ['', ''],
  ])('cuts %j into the parts of the published pattern', (text, parts) => {
    // A space as `_`.
    expect(
      splitParts(text)
        .map((part) => toByteCharacters(part).replaceAll('Ġ', '_'))
        .join(' '),
    ).toBe(parts);
  });

  const encode = (definition: object, text: string) => tokenizerOf(definition).encode(text);
  const bytesOf = (text: string) => [...new TextEncoder().encode(text)];

  it('puts a space before a section that begins with none, as the Rust library does: other white space is none', () => {
    const prefixed = bpe([], ['</s>', '<x>'], {
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, use_regex: true },
    });
    const unsaid = bpe([], ['</s>', '<x>'], { pre_tokenizer: { type: 'ByteLevel' } });
    for (const definition of [prefixed, unsaid]) {
      expect(encode(definition, 'a b')).toEqual(bytesOf(' a b'));
      expect(encode(definition, ' a')).toEqual(bytesOf(' a'));
      expect(encode(definition, '\na')).toEqual(bytesOf(' \na'));
      expect(encode(definition, '\u00a0a')).toEqual(bytesOf(' \u00a0a'));
      expect(encode(definition, '')).toEqual([]);
      expect(encode(definition, 'a<x>b<x>')).toEqual([...bytesOf(' a'), 257, ...bytesOf(' b'), 257]);
    }
    expect(encode(bpe([]), 'a b')).toEqual(bytesOf('a b'));
  });

  it('gives parts of any length their ids again', () => {
    const definition = bpe([
      ['a', 'a'],
      ['aa', 'aa'],
    ]);
    const tokenizer = tokenizerOf(definition);
    for (const length of [1, 2, 3, 63, 64, 65, 66, 200]) {
      const expected = [
        ...new Array(Math.floor(length / 4)).fill(257),
        ...(length % 4 >= 2 ? [256] : []),
        ...(length % 2 === 1 ? [97] : []),
      ];
      for (let time = 0; time < 2; time += 1) expect(tokenizer.encode('a'.repeat(length))).toEqual(expected);
    }
  });

  it('is ours where a definition is of the kind of GPT-2, and nothing else', () => {
    const is = (changes: Record<string, unknown> = {}) =>
      isByteLevelBpe(bpe([['a', 'b']], [], changes) as unknown as BpeDefinition);
    expect(is()).toBe(true);
    expect(is({ pre_tokenizer: { type: 'ByteLevel' } })).toBe(true);
    expect(
      is({
        model: {
          dropout: null,
          unk_token: null,
          continuing_subword_prefix: '',
          end_of_word_suffix: '',
          byte_fallback: false,
          ignore_merges: false,
        },
      }),
    ).toBe(true);
    for (const model of [
      { dropout: 0.1 },
      { unk_token: '<unk>' },
      { continuing_subword_prefix: '##' },
      { end_of_word_suffix: '</w>' },
      { byte_fallback: true },
      { ignore_merges: true },
      { vocab: { a: 0 } },
    ])
      expect(is({ model }), JSON.stringify(model)).toBe(false);
    expect(is({ normalizer: { type: 'NFC' } })).toBe(false);
    expect(is({ pre_tokenizer: null })).toBe(false);
    expect(is({ pre_tokenizer: { type: 'Whitespace' } })).toBe(false);
    expect(is({ pre_tokenizer: { type: 'ByteLevel', use_regex: false } })).toBe(false);
  });
});

describe('a definition of another kind', () => {
  const texts = ['ab abc  Ab', 'a <m> b', '', 'a\nb ', 'ABC'];
  const byMatch = { single_word: false, lstrip: false, rstrip: false, normalized: false };

  it.each<[string, object]>([
    ['a normalizer', bpe([['a', 'b']], ['</s>'], { normalizer: { type: 'Lowercase' } })],
    [
      'no pattern for its parts',
      bpe([['Ġ', 'a']], ['</s>'], {
        pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      }),
    ],
    ['merges that give way to whole pieces', bpe([['b', 'c']], ['</s>'], { model: { ignore_merges: true } })],
    [
      'an added token that takes the spaces beside it',
      {
        ...bpe([['a', 'b']]),
        added_tokens: [
          { id: 257, content: '</s>', special: true, ...byMatch },
          { id: 258, content: '<m>', ...byMatch, lstrip: true, rstrip: true },
        ],
      },
    ],
  ])('with %s gives the ids of the library for it, also as documents', (_, definition) => {
    const json = JSON.stringify(definition);
    const engine = new TokenizerEngine({ post_processor: null, ...JSON.parse(json) }, {});
    const tokenizer = createTokenizer(json, 'the test');
    for (const text of texts) {
      const ids = engine.encode(text, { add_special_tokens: false }).ids;
      expect(tokenizer.encode(text)).toEqual(ids);
      const encoder = new DocumentEncoder({
        definition: json,
        name: 'x',
        endOfSequence: 9,
        bytesPerToken: 2,
      });
      const bytes = new TextEncoder().encode(`.${text}.`);
      const ends = Uint32Array.of(0, bytes.length - 1);
      bytes[0] = 0x20;
      expect(Array.from(encoder.encode(Uint8Array.from(bytes), ends))).toEqual(
        ids.length > 0 ? [...ids, 9] : [],
      );
    }
  });

  it('of a unigram model gives the ids of the library for it', () => {
    const vocab: [string, number][] = [
      ['<unk>', 0],
      ['</s>', 0],
      ['▁', -2],
      ['a', -3],
      ['b', -3],
      ['▁a', -2.5],
      ['a▁b', -1],
      ['ab', -2],
    ];
    const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
    const definition = (changes: object) => ({
      added_tokens: [{ id: 1, content: '</s>', special: true }],
      normalizer: null,
      pre_tokenizer: metaspace,
      decoder: metaspace,
      model: { type: 'Unigram', unk_id: 0, vocab, ...changes },
    });
    for (const changes of [{}, { vocab: vocab.filter(([piece]) => piece !== 'a▁b') }]) {
      const engine = new TokenizerEngine(
        { post_processor: null, ...JSON.parse(JSON.stringify(definition(changes))) },
        {},
      );
      const tokenizer = tokenizerOf(definition(changes));
      for (const text of ['a b', 'ab a b', 'b  a', ''])
        expect(tokenizer.encode(text)).toEqual(engine.encode(text, { add_special_tokens: false }).ids);
    }
  });
});

describe('the rules of a text', () => {
  const precompiled = small.normalizer.normalizers?.[0] ?? small.normalizer;
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
  const strip = { type: 'Strip', strip_left: false, strip_right: true };
  const join = { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' };
  const spaceAll = { type: 'Replace', pattern: { Regex: '[\\s\\u0000-\\u001f\\u007f]+' }, content: ' ' };
  const sequence = (...normalizers: object[]) => ({ type: 'Sequence', normalizers });
  const split = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });
  const rulesOf = (normalizer: object | null, pre_tokenizer: object | null) =>
    readTextRules({ ...small, normalizer, pre_tokenizer }, 'the test');
  const word = { type: 'WhitespaceSplit' };

  it.each<[string, object | null, object | null, string[]]>([
    ['T5 today', sequence(precompiled, strip, join), metaspace, ['▁a', '▁b']],
    ['T5 before', precompiled, split(word, metaspace), ['▁a', '▁b']],
    [
      'T5 before, with the older option',
      precompiled,
      split(word, { type: 'Metaspace', replacement: '▁', add_prefix_space: true }),
      ['▁a', '▁b'],
    ],
    ['the embedded tokenizer', sequence({ type: 'NFKC' }, spaceAll, strip), metaspace, ['▁a', '▁b']],
    [
      'no words',
      sequence({ type: 'NFKC' }, spaceAll, strip),
      { ...metaspace, prepend_scheme: 'first' },
      ['▁a', '▁b'],
    ],
  ])('are known of %s', (_, normalizer, preTokenizer, words) => {
    expect(rulesOf(normalizer, preTokenizer)!.splitText('a b ', true)).toEqual(words);
  });

  it('put a space before each section, or before the first one alone', () => {
    for (const normalizer of [
      sequence(precompiled, strip, join),
      sequence({ type: 'NFKC' }, spaceAll, strip),
    ]) {
      const first = rulesOf(normalizer, { ...metaspace, prepend_scheme: 'first' })!;
      const always = rulesOf(normalizer, metaspace)!;
      expect(first.splitText('a b', false)).toEqual(['a', '▁b']);
      expect(first.splitText('a b', true)).toEqual(['▁a', '▁b']);
      expect(first.splitText('▁a', true)).toEqual(['▁a']);
      expect(always.splitText('a b', false)).toEqual(['▁a', '▁b']);
      expect(always.splitText(' ', true)).toEqual([]);
      expect(always.splitText('', true)).toEqual([]);
    }
    expect(rulesOf(precompiled, split(word, metaspace))!.splitText(' a\u3000b ', false)).toEqual([
      '▁a',
      '▁b',
    ]);
  });

  it.each<[string, object | null, object | null]>([
    ['no normalizer', null, metaspace],
    ['another normalizer', sequence({ type: 'NFC' }, spaceAll, strip), metaspace],
    ['NFKC alone', { type: 'NFKC' }, metaspace],
    ['other steps', sequence({ type: 'NFKC' }, strip, spaceAll), metaspace],
    ['no table', sequence({ type: 'Precompiled' }, strip, join), metaspace],
    ['a table without steps', precompiled, metaspace],
    ['no words', sequence(precompiled, strip, join), null],
    [
      'spaces that are not marked',
      sequence(precompiled, strip, join),
      { ...metaspace, prepend_scheme: 'never' },
    ],
    [
      'spaces that are not marked, by the older option',
      sequence(precompiled, strip, join),
      { type: 'Metaspace', replacement: '▁', add_prefix_space: false },
    ],
    ['another mark', sequence(precompiled, strip, join), { ...metaspace, replacement: '_' }],
    ['words that are not cut', sequence(precompiled, strip, join), { ...metaspace, split: false }],
    ['another cut', sequence(precompiled, strip, join), { ...metaspace, type: 'Whitespace' }],
    ['other words', precompiled, split({ type: 'Whitespace' }, metaspace)],
    ['more steps', precompiled, split(word, metaspace, word)],
    ['words marked at the start', precompiled, split(word, { ...metaspace, prepend_scheme: 'first' })],
    ['steps behind the table', sequence(precompiled, strip), split(word, metaspace)],
  ])('are not known with %s', (_, normalizer, preTokenizer) => {
    expect(rulesOf(normalizer, preTokenizer)).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['no base64', '!', '0 bytes with a trie of 0'],
    ['nothing', '', '0 bytes with a trie of 0'],
    ['three bytes', btoa('\0\0\0'), '3 bytes with a trie of 0'],
    ['no trie', btoa('\0\0\0\0'), '4 bytes with a trie of 0'],
    ['a trie cut short', btoa('\x04\0\0\0abc'), '7 bytes with a trie of 4'],
    ['half a unit', btoa('\x06\0\0\0abcdefgh'), '12 bytes with a trie of 6'],
  ])('are an error where the table holds %s', (_, table, problem) => {
    const damaged = sequence({ type: 'Precompiled', precompiled_charsmap: table }, strip, join);
    expect(() => rulesOf(damaged, metaspace)).toThrow(
      `the test has a damaged "precompiled_charsmap": ${problem}`,
    );
  });
});

describe('added tokens', () => {
  const token = (content: string, id: number, changes: Partial<AddedToken> = {}): AddedToken => ({
    content,
    id,
    ...changes,
  });
  const partsOf = (added: AddedTokens, text: string) => {
    const parts: (string | number)[] = [];
    added.split(
      text,
      (id) => parts.push(id),
      (section, first) => parts.push(`${section}${first ? '^' : ''}`),
    );
    return parts;
  };

  it('are cut out by their characters, the longest first, whatever these mean in patterns', () => {
    const contents = ['<a>', '<a>b', '.*', '$^', '(x)', '[y]', '{z}', 'q|r', '\\d', 'p+?'];
    const added = new AddedTokens(contents.map((content, id) => token(content, id)));
    expect(partsOf(added, 'one')).toEqual(['one^']);
    expect(partsOf(added, '<a>b<a>c')).toEqual(['^', 1, '', 0, 'c']);
    for (const [id, content] of contents.entries())
      expect(partsOf(added, `1${content}2`)).toEqual(['1^', id, '2']);
    expect(partsOf(added, 'q r 5 ppx y')).toEqual(['q r 5 ppx y^']);
  });

  it('are told by the bytes that they begin with, each once', () => {
    const added = new AddedTokens([token('<a>', 0), token('<b>', 1), token('é', 2), token('', 3)]);
    expect([...added.firstBytes].sort((a, b) => a - b)).toEqual([0x3c, 0xc3]);
    expect(partsOf(new AddedTokens([token('', 3)]), 'one')).toEqual(['one^']);
    expect(new AddedTokens([]).firstBytes).toEqual([]);
  });

  it('are plain where nothing but their characters decides', () => {
    const plain = token('a', 0, { normalized: false, single_word: false, lstrip: false, rstrip: false });
    expect(addedTokensArePlain([])).toBe(true);
    expect(addedTokensArePlain([plain, token('b', 1, { special: true })])).toBe(true);
    for (const flag of ['normalized', 'single_word', 'lstrip', 'rstrip'] as const)
      expect(addedTokensArePlain([plain, token('b', 1, { [flag]: true })])).toBe(false);
  });
});

describe('a unigram model', () => {
  it('takes the pieces of the highest sum, and one unknown for unknown characters in a row', () => {
    const characters = fc.constantFrom(...'ab▁éX');
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(
            fc.string({ unit: fc.constantFrom(...'ab▁é'), minLength: 1, maxLength: 3 }),
            fc.integer({ min: -9, max: -1 }),
          ),
          { selector: ([piece]) => piece, minLength: 1 },
        ),
        fc.string({ unit: characters, minLength: 1, maxLength: 7 }),
        (pieces, word) => {
          const vocabulary: [string, number][] = [['<unk>', -1], ...pieces];
          const scores = new Map(vocabulary.slice(1));
          const least = Math.min(...vocabulary.map(([, score]) => score));
          const model = new UnigramModel(vocabulary, 0);
          const sink = new TokenSink();
          const bytes = new TextEncoder().encode(word);
          model.encode(bytes, bytes.length, sink);
          const symbols = Array.from(word);
          // Every way to cut the word, by the place where its last piece begins.
          const best = [0];
          for (let end = 1; end <= symbols.length; end += 1) {
            best[end] = Number.NEGATIVE_INFINITY;
            for (let start = 0; start < end; start += 1) {
              const piece = symbols.slice(start, end).join('');
              const unknown = end === start + 1 ? least - 10 : Number.NEGATIVE_INFINITY;
              best[end] = Math.max(best[end]!, best[start]! + (scores.get(piece) ?? unknown));
            }
          }
          const found = sink.toArray();
          expect(found.some((id, at) => id === 0 && found[at + 1] === 0)).toBe(false);
          // Unknown characters in a row are counted one by one in the sum.
          const known = found.filter((id) => id !== 0);
          const characterCount = known.reduce((sum, id) => sum + Array.from(vocabulary[id]![0]).length, 0);
          const sum = known.reduce((total, id) => total + vocabulary[id]![1], 0);
          expect(sum + (symbols.length - characterCount) * (least - 10)).toBeCloseTo(best.at(-1)!, 9);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('encodes words of any length', () => {
    const model = new UnigramModel(
      [
        ['<unk>', 0],
        ['a', -1],
        ['aa', -1.5],
      ],
      0,
    );
    for (const length of [1, 255, 256, 257, 5001]) {
      const sink = new TokenSink();
      model.encode(new Uint8Array(length).fill(0x61), length, sink);
      expect(sink.toArray().filter((id) => id === 2)).toHaveLength(Math.floor(length / 2));
      expect(sink.toArray().filter((id) => id === 1)).toHaveLength(length % 2);
    }
  });
});

describe('ids that grow', () => {
  it('are kept in order, however many', () => {
    const sink = new TokenSink();
    for (let id = 0; id < 10_000; id += 1) sink.push(id);
    expect(sink.length).toBe(10_000);
    expect(sink.toArray()).toEqual(Array.from({ length: 10_000 }, (_, id) => id));
    sink.reserve(100_000);
    expect(sink.tokens.length).toBeGreaterThanOrEqual(110_000);
    expect(sink.tokens[9999]).toBe(9999);
  });
});

describe('documents in UTF-8, one after another', () => {
  const setup = { definition: JSON.stringify(bpe([])), name: 'the test', endOfSequence: 256 };
  const write = (texts: readonly string[]) => {
    const bytes = new Uint8Array(3 * texts.join('').length + texts.length);
    return { bytes, ends: writeChunk(texts, { from: 0, to: texts.length, characters: 0 }, bytes) };
  };

  it('are each encoded and ended by </s>, without one where they have no token, again and again', () => {
    for (const bytesPerToken of [2, 4] as const) {
      const encoder = new DocumentEncoder({ ...setup, bytesPerToken });
      for (const texts of [['ab', '', 'é'], [''], ['c']]) {
        const { bytes, ends } = write(texts);
        const tokens = encoder.encode(bytes, ends);
        const expected = texts.map((text) => (text === '' ? [] : [...new TextEncoder().encode(text), 256]));
        expect(Array.from(tokens)).toEqual(expected.flat());
        expect(Array.from(ends)).toEqual(expected.map(({ length }) => length));
        expect(tokens.BYTES_PER_ELEMENT).toBe(bytesPerToken);
      }
    }
  });

  it('are written with one byte to spare after each', () => {
    const texts = ['x', 'é東', '', 'yz'];
    const bytes = new Uint8Array(20);
    const ends = writeChunk(texts, { from: 1, to: 4, characters: 4 }, bytes);
    expect(Array.from(ends)).toEqual([5, 6, 9]);
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe('é東');
    expect(Buffer.from(bytes.subarray(7, 9)).toString()).toBe('yz');
  });
});

describe('chunks of documents', () => {
  const cut = (lengths: readonly number[], workers: number) =>
    cutIntoChunks(
      lengths.map((length) => 'x'.repeat(length)),
      workers,
    );
  const sizes = (lengths: readonly number[], workers: number) =>
    cut(lengths, workers).map(({ characters }) => characters);
  const thousands = (count: number) => new Array<number>(count).fill(1000);

  it('are four for each worker where there is text enough, of 16 Ki to 256 Ki characters', () => {
    expect(sizes(thousands(100), 1)).toEqual([25_000, 25_000, 25_000, 25_000]);
    expect(sizes(thousands(200), 2)).toEqual(new Array(8).fill(25_000));
    // One more character than four chunks of 25 documents have makes each a document longer.
    expect(sizes([...thousands(99), 1001], 1)).toEqual([26_000, 26_000, 26_000, 22_001]);
    expect(sizes(thousands(34), 1)).toEqual([17_000, 17_000]);
    expect(sizes([16_384, 1, 16_383, 1, 5], 1)).toEqual([16_384, 16_384, 6]);
    expect(sizes(thousands(2000), 1).slice(0, -1)).toEqual(new Array(7).fill(263_000));
    expect(sizes([262_144, 262_143, 1, 2_000_000], 1)).toEqual([262_144, 262_144, 2_000_000]);
  });

  it('hold all documents in order, also empty ones', () => {
    expect(cut([0, 0], 3)).toEqual([{ from: 0, to: 2, characters: 0 }]);
    expect(cut([20_000, 0, 5], 3)).toEqual([
      { from: 0, to: 1, characters: 20_000 },
      { from: 1, to: 3, characters: 5 },
    ]);
    expect(cut([], 1)).toEqual([]);
  });
});

describe('the queue of worker threads', () => {
  beforeEach(() => {
    FakeWorker.all.length = 0;
  });
  const setup = { definition: '', name: '', endOfSequence: 1, bytesPerToken: 2 } as const;
  const texts = Array.from({ length: 9 }, (_, index) => letters.slice(0, index % letters.length));
  const chunks = texts.map((text, index) => ({ from: index, to: index + 1, characters: text.length }));
  const tokensOf = (encoded: { tokens: Uint16Array | Uint32Array }[]) =>
    encoded.map(({ tokens }) => tokens[0]);

  it('gives each thread one request, then each a second, and keeps the order of the chunks', async () => {
    const queue = new WorkerQueue(setup, 2);
    const [one, two] = FakeWorker.all as [FakeWorker, FakeWorker];
    expect([one.referenced, two.referenced]).toEqual([false, false]);
    const encoded = queue.encode(texts, chunks.slice(0, 5));
    const waiting = () => [one.requests.map(({ id }) => id), two.requests.map(({ id }) => id)];
    expect(waiting()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect([one.referenced, two.referenced]).toEqual([true, true]);
    two.answer();
    expect(waiting()).toEqual([
      [1, 3],
      [4, 5],
    ]);
    two.answer();
    two.answer();
    expect(two.referenced).toBe(false);
    one.answer();
    expect(one.referenced).toBe(true);
    one.answer();
    expect(tokensOf(await encoded)).toEqual([0, 1, 2, 3, 4]);
    expect([one.referenced, two.referenced]).toEqual([false, false]);
  });

  it('fills the buffers again that came back, the smallest that is large enough', async () => {
    const queue = new WorkerQueue(setup, 1);
    const [worker] = FakeWorker.all as [FakeWorker];
    const buffers: ArrayBufferLike[] = [];
    const once = async (text: string) => {
      const encoded = queue.encode([text], [{ from: 0, to: 1, characters: text.length }]);
      const { buffer } = worker.requests[0]!.text;
      worker.answer();
      await encoded;
      buffers.push(buffer);
      return buffer;
    };
    const small = await once('ab');
    // Three bytes for each character and one to spare.
    expect(small.byteLength).toBe(7);
    expect(await once('cd')).toBe(small);
    const large = await once('abcdefgh');
    expect(large.byteLength).toBe(25);
    expect(await once('x')).toBe(small);
    expect(await once('abc')).toBe(large);
    const larger = await once('abcdefgh'.repeat(2));
    // As many are kept as requests may be on their way; the smallest is given up.
    expect(await once('x')).toBe(large);
    expect(await once('x'.repeat(9))).toBe(larger);
  });

  it('sends nothing more of a call that was aborted, and takes no harm from its answers', async () => {
    const queue = new WorkerQueue(setup, 1);
    const [worker] = FakeWorker.all as [FakeWorker];
    const controller = new AbortController();
    const aborted = queue.encode(texts, chunks, controller.signal);
    const other = queue.encode(['abc'], [{ from: 0, to: 1, characters: 3 }]);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(worker.requests).toHaveLength(2);
    worker.answer();
    expect(worker.requests).toHaveLength(2);
    worker.answer();
    expect(worker.requests.map(({ id }) => id)).toEqual([3]);
    worker.answer();
    expect(tokensOf(await other)).toEqual([3]);
  });

  it('hands an error of one document to its call alone', async () => {
    const queue = new WorkerQueue(setup, 1);
    const [worker] = FakeWorker.all as [FakeWorker];
    const failing = queue.encode(['a'], [{ from: 0, to: 1, characters: 1 }]);
    const other = queue.encode(['ab'], [{ from: 0, to: 1, characters: 2 }]);
    const error = new Error('no such text');
    worker.emit('message', { id: worker.requests.shift()!.id, error });
    await expect(failing).rejects.toBe(error);
    worker.answer();
    expect(tokensOf(await other)).toEqual([2]);
    expect(worker.referenced).toBe(false);
  });

  it.each<[string, (worker: FakeWorker) => void, string]>([
    [
      'fails',
      (worker) => worker.emit('error', new Error('out of memory')),
      'a worker of the tokenizer pool failed: out of memory',
    ],
    ['ends', (worker) => worker.emit('exit', 3), 'a worker of the tokenizer pool ended with code 3'],
  ])('rejects every call, now and later, when a thread %s', async (_, happens, message) => {
    const queue = new WorkerQueue(setup, 2);
    const [one, two] = FakeWorker.all as [FakeWorker, FakeWorker];
    const calls = [queue.encode(texts, chunks), queue.encode(texts, chunks)];
    happens(two);
    for (const call of calls) await expect(call).rejects.toThrow(message);
    await expect(queue.encode(texts, chunks)).rejects.toThrow(message);
    expect([one.terminations, two.terminations]).toEqual([1, 1]);
    // What comes in later changes nothing, and the first reason stays.
    one.answer();
    one.emit('exit', 1);
    expect([one.requests.length, one.terminations]).toEqual([1, 1]);
    await expect(queue.encode(texts, chunks)).rejects.toThrow(message);
  });

  it('ends its threads when it is closed', async () => {
    const queue = new WorkerQueue(setup, 2);
    const call = queue.encode(texts, chunks);
    const closed = queue.close();
    await expect(call).rejects.toThrow('the tokenizer pool was closed before the documents were encoded');
    await closed;
    expect(FakeWorker.all.every(({ terminations }) => terminations > 0)).toBe(true);
  });
});

describe('decoding', () => {
  it('of bytes gives their text, that of added tokens, and nothing for special ones', () => {
    const definition = bpe([['a', 'b']], ['</s>', '<x> ']);
    const tokenizer = tokenizerOf(definition);
    expect(tokenizer.vocabularySize).toBe(259);
    expect(tokenizer.decode([256, 257, 258, 0x20, 0x62])).toBe('ab<x>  b');
    // Half of a character.
    expect(tokenizer.decode([0xc3, 0x61])).toBe('\ufffda');
    expect(tokenizer.decode([0xef, 0xbb, 0xbf, 0x61])).toBe('\ufeffa');
  });

  it('of bytes writes a piece that is none of bytes as it is, and an id without a piece as nothing', () => {
    const definition = bpe([]);
    const vocab: Record<string, number> = { ...definition.model.vocab, 東é: 400 };
    const tokenizer = tokenizerOf({ ...definition, model: { ...definition.model, vocab } });
    expect(tokenizer.vocabularySize).toBe(401);
    expect(tokenizer.decode([0x61, 400, 300, 0x62])).toBe('a東éb');
  });

  it('of words gives a space for each mark, but none at the start', () => {
    const vocab: [string, number][] = [
      ['<pad>', 0],
      ['</s>', 0],
      ['▁', -1],
      ['▁a▁', -1],
      ['b', -1],
    ];
    const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
    const unigram = (decoder: object | null) =>
      tokenizerOf({
        added_tokens: [
          { id: 1, content: '</s>', special: true },
          { id: 5, content: '▁x', special: false },
        ],
        normalizer: null,
        pre_tokenizer: metaspace,
        decoder,
        model: { type: 'Unigram', unk_id: 0, vocab },
      });
    const tokenizer = unigram(metaspace);
    expect(tokenizer.decode([3, 4, 1, 5, 2])).toBe('a b▁x ');
    expect(tokenizer.decode([4, 3])).toBe('b a ');
    expect(tokenizer.decode([2, 2, 4])).toBe(' b');
    // Another decoder is the library's.
    for (const decoder of [{ ...metaspace, prepend_scheme: 'never' }, null]) {
      const json = JSON.parse(unigram(decoder).definition);
      const engine = new TokenizerEngine({ post_processor: null, ...json }, {});
      for (const ids of [
        [3, 4],
        [2, 4, 1],
      ])
        expect(unigram(decoder).decode(ids)).toBe(
          engine.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
        );
    }
  });

  it('ends documents with </s> where there is one, by whichever list names it', () => {
    expect(tokenizerOf(bpe([], ['<|endoftext|>'])).endOfSequence).toBe(256);
    expect(tokenizerOf(bpe([], ['<|endoftext|>', '</s>'])).endOfSequence).toBe(257);
    const vocab = Object.fromEntries([...charactersOfBytes, '</s>'].map((piece, id) => [piece, id]));
    expect(tokenizerOf(bpe([], ['<|endoftext|>'], { model: { vocab } })).endOfSequence).toBe(256);
    expect(() => tokenizerOf(bpe([], []))).toThrow(
      'the test has no piece "</s>" or "<|endoftext|>", one of which must end every document',
    );
  });
});
