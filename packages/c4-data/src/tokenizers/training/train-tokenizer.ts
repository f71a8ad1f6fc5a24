import type { SourceDocument } from '../../sources/document-source.ts';
import { utf8Bytes } from '../../text-bytes.ts';
import { splitParts, toByteCharacters } from '../byte-level.ts';
import { createTokenizer } from '../create-tokenizer.ts';
import embeddedDefinition from '../embedded.tokenizer.json';
import { readTextRules, WORD_START } from '../text-rules.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { learnMerges } from './bpe-training.ts';
import { learnPieces } from './unigram-training.ts';

/** The two kinds of tokenizers that can be trained: of T5's and of GPT-2's kind. */
export type TokenizerType = 'unigram' | 'bpe';

/** How far the reading of documents is. */
export interface TrainingProgress {
  readonly documents: number;
  readonly bytes: number;
}

/** What a tokenizer is trained on, and to what. */
export interface TokenizerTraining {
  readonly type: TokenizerType;
  readonly vocabularySize: number;
  /** Documents to read at most. Default all. */
  readonly documents?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every 500 documents and at the end of the reading. */
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

const PROGRESS_EVERY_DOCUMENTS = 500;
const UNIGRAM_SPECIAL = ['<pad>', '</s>', '<unk>'] as const;
const BPE_SPECIAL = ['<pad>', '</s>'] as const;
const PRINTABLE_ASCII = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));

/** Special tokens and a piece for each byte. */
export const LEAST_BPE_SIZE = BPE_SPECIAL.length + 256;
/** Special tokens and pieces for "▁" and the printable ASCII characters, which every text may have. */
export const LEAST_UNIGRAM_SIZE = UNIGRAM_SPECIAL.length + 1 + PRINTABLE_ASCII.length;

function addedToken(content: string, id: number) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** The words of documents, or other parts that are encoded one by one, with the number of times they occur. */
async function countWords(
  documents: AsyncIterable<SourceDocument>,
  split: (text: string) => readonly string[],
  { documents: most = Number.POSITIVE_INFINITY, signal, onProgress }: TokenizerTraining,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let read = 0;
  let bytes = 0;
  for await (const { text } of documents) {
    signal?.throwIfAborted();
    for (const word of split(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    read += 1;
    bytes += utf8Bytes(text);
    if (read % PROGRESS_EVERY_DOCUMENTS === 0) onProgress?.({ documents: read, bytes });
    if (read >= most) break;
  }
  onProgress?.({ documents: read, bytes });
  if (counts.size === 0)
    throw new Error('there is no text to train a tokenizer on: not one document has a word');
  return counts;
}

async function trainUnigram(
  documents: AsyncIterable<SourceDocument>,
  training: TokenizerTraining,
): Promise<string> {
  // Text is normalized and cut into words as by the embedded tokenizer.
  const { model, ...frame } = embeddedDefinition;
  const rules = readTextRules(
    { ...frame, model: { ...model, type: 'Unigram', vocab: [] } },
    'the new tokenizer',
  )!;
  const words = await countWords(documents, (text) => rules.splitText(text, true), training);
  const pieces = learnPieces(
    words,
    [WORD_START, ...PRINTABLE_ASCII],
    training.vocabularySize - UNIGRAM_SPECIAL.length,
  );
  const vocab = [
    ...UNIGRAM_SPECIAL.map((piece) => [piece, 0]),
    // Six decimals lose nothing that matters.
    ...pieces.map(([piece, score]) => [piece, Math.round(score * 1e6) / 1e6]),
  ];
  return JSON.stringify({ ...frame, model: { ...model, vocab } });
}

async function trainBpe(
  documents: AsyncIterable<SourceDocument>,
  training: TokenizerTraining,
): Promise<string> {
  const parts = await countWords(documents, splitParts, training);
  const counts = new Map(Array.from(parts, ([part, count]) => [toByteCharacters(part), count]));
  const { pieces, merges } = learnMerges(counts, BPE_SPECIAL, training.vocabularySize);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: BPE_SPECIAL.map(addedToken),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  });
}

/**
 * Trains a tokenizer on documents.
 *
 * - `unigram`: Kudo 2018 (arXiv:1804.10959), of T5's kind: text is normalized (NFKC, white space to single spaces), other characters than
 *   those of the text and of ASCII become `<unk>`. Ids 0 to 2 are `<pad>`, `</s>` and `<unk>`.
 * - `bpe`: byte-level BPE (Sennrich et al. 2016, arXiv:1508.07909) of GPT-2's kind: every text is written exactly. Ids 0 and 1 are
 *   `<pad>` and `</s>`.
 *
 * A text that has fewer pieces than asked for gives a smaller vocabulary.
 *
 * @throws if there is no text, or it has more different characters than pieces were asked for; the reason of the signal
 */
export async function trainOnDocuments(
  documents: AsyncIterable<SourceDocument>,
  training: TokenizerTraining,
): Promise<Tokenizer> {
  const json = await (training.type === 'unigram' ? trainUnigram : trainBpe)(documents, training);
  return createTokenizer(json, 'the new tokenizer');
}
