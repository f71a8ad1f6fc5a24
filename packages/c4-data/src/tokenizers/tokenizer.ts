import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import embeddedDefinition from './embedded.tokenizer.json';

/** Turns text into token ids and back. */
export interface Tokenizer {
  /** Number of ids: every id lies in [0, vocabularySize). */
  readonly vocabularySize: number;
  /** The id of `</s>`, which ends every document. */
  readonly endOfSequence: number;
  /** SHA-256 of the definition, in hex: equal hashes give equal ids. */
  readonly hash: string;
  /** The ids of a text, without a `</s>` at the end. */
  encode(text: string): number[];
  /**
   * The text of ids, without `<pad>`, `</s>` and `<unk>`.
   *
   * @throws if an id is not an integer in [0, vocabularySize)
   */
  decode(ids: ArrayLike<number>): string;
}

const WORD_START = '▁';
/** Words whose pieces are kept: a bound on memory far above the different words of ordinary text. */
const CACHED_WORDS = 500_000;

interface Definition {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
  readonly model: { readonly type: string; readonly vocab: readonly (readonly [string, number])[] };
}

/**
 * Encodes a word at a time and remembers each word's ids: text repeats its words, so a corpus costs little more
 * than the search of its vocabulary. It gives the ids of the whole text because no piece reaches across the start of a
 * word (checked by `wordsAreIndependent`) and the best path of a sum is the best path of each part.
 */
class WordEncoder {
  private readonly words = new Map<string, readonly number[]>();

  constructor(private readonly engine: TokenizerEngine) {}

  encode(text: string): number[] {
    const { normalizer, pre_tokenizer: preTokenizer, model } = this.engine;
    const normalized = normalizer === null ? text : normalizer.normalize(text);
    const ids: number[] = [];
    if (normalized === '' || preTokenizer === null || model === null) return ids;
    for (const section of preTokenizer.pre_tokenize(normalized, { section_index: 0 })) {
      for (let start = 0; start < section.length; ) {
        const next = section.indexOf(WORD_START, start + 1);
        const end = next === -1 ? section.length : next;
        for (const id of this.word(section.slice(start, end))) ids.push(id);
        start = end;
      }
    }
    return ids;
  }

  private word(word: string): readonly number[] {
    const known = this.words.get(word);
    if (known !== undefined) return known;
    const model = this.engine.model!;
    const ids = model._call([word]).map((piece) => model.tokens_to_ids.get(piece) ?? model.unk_token_id!);
    if (this.words.size >= CACHED_WORDS) this.words.clear();
    this.words.set(word, ids);
    return ids;
  }
}

/** Whether every word can be encoded alone: pieces hold "▁" only at their start, and "▁" itself is a piece. */
function wordsAreIndependent(pieces: readonly string[]): boolean {
  return pieces.includes(WORD_START) && pieces.every((piece) => piece.lastIndexOf(WORD_START) <= 0);
}

function checkDefinition(parsed: unknown, name: string): Definition {
  const definition = parsed as Partial<Definition> | null;
  if (definition?.model?.type !== 'Unigram' || !Array.isArray(definition.model.vocab)) {
    const got = definition?.model?.type;
    throw new Error(
      `${name} is not a tokenizer.json of T5's kind: expected "model": {"type": "Unigram", "vocab": [...]}` +
        `, got ${got === undefined ? 'no model type' : `the type "${got}"`}`,
    );
  }
  return { ...definition, added_tokens: definition.added_tokens ?? [] } as Definition;
}

/**
 * A tokenizer from the text of a `tokenizer.json` with a unigram model.
 *
 * @throws if the text is not such a definition or has no piece `</s>`
 */
export function createTokenizer(json: string, name: string): Tokenizer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new Error(`${name} is not JSON (${(cause as Error).message})`, { cause });
  }
  const definition = checkDefinition(parsed, name);
  const engine = new TokenizerEngine(definition, {});
  const added = definition.added_tokens.map(({ content }) => content);
  const pieces = definition.model.vocab.map(([piece]) => piece);
  const vocabularySize = Math.max(pieces.length, ...definition.added_tokens.map(({ id }) => id + 1));
  const endOfSequence = engine.token_to_id('</s>');
  if (endOfSequence === undefined)
    throw new Error(`${name} has no piece "</s>", which must end every document`);
  const addedNames = new Set(added);
  const words = wordsAreIndependent(pieces.filter((piece) => !addedNames.has(piece)))
    ? new WordEncoder(engine)
    : undefined;

  return {
    vocabularySize,
    endOfSequence,
    hash: createHash('sha256').update(json).digest('hex'),
    encode(text) {
      // A text that spells out a special token is cut there, which the engine does.
      if (words === undefined || added.some((token) => text.includes(token))) {
        return engine.encode(text, { add_special_tokens: false }).ids;
      }
      return words.encode(text);
    },
    decode(ids) {
      const list = Array.from(ids);
      const wrong = list.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
      if (wrong !== undefined) {
        throw new RangeError(`token ids must be integers from 0 to ${vocabularySize - 1}, got ${wrong}`);
      }
      if (list.length === 0) return '';
      // The engine's clean-up of spaces before punctuation is BERT's, not T5's.
      return engine.decode(list, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
  };
}

/**
 * Opens a tokenizer: `'embedded'` (4,096 unigram pieces trained on the embedded corpus) or a `tokenizer.json`.
 *
 * The real T5 tokenizer's file gives 32,100 pieces; models usually pad its embedding to 32,128 rows.
 *
 * @throws if the file is missing, is not JSON, or is not a unigram tokenizer with a `</s>` piece
 */
export async function loadTokenizer(choice: 'embedded' | { readonly file: string }): Promise<Tokenizer> {
  if (choice === 'embedded')
    return createTokenizer(JSON.stringify(embeddedDefinition), 'the embedded tokenizer');
  const json = await readFile(choice.file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'no such file' : cause.message;
    throw new Error(`cannot read the tokenizer ${choice.file}: ${reason}`, { cause });
  });
  return createTokenizer(json, choice.file);
}
