import { checkInteger, checkKeys, describe } from './option-checks.ts';
import type { DocumentSource, MalformedLine, SourceDocument } from './sources/document-source.ts';
import { type NamedSource, nodeSources } from './sources/open-source.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';
import {
  LEAST_BPE_SIZE,
  LEAST_UNIGRAM_SIZE,
  type TokenizerTraining,
  trainOnDocuments,
} from './tokenizers/training/train-tokenizer.ts';

/** What `trainTokenizer` takes. */
export interface TrainTokenizerOptions extends TokenizerTraining {
  /** A source as `openTextData` takes it: its training documents are read. */
  readonly source: NamedSource | DocumentSource;
  /** Called for every line that holds no document. Without it such a line is an error. */
  readonly onMalformed?: ((problem: MalformedLine) => void) | undefined;
}

const KEYS = ['source', 'type', 'vocabularySize', 'documents', 'signal', 'onProgress', 'onMalformed'];

function checkOptions(options: TrainTokenizerOptions): void {
  checkKeys(options, KEYS, 'trainTokenizer');
  const { source, type, vocabularySize, documents } = options;
  nodeSources.check(source);
  if (type !== 'unigram' && type !== 'bpe') {
    throw new TypeError(`type must be 'unigram' or 'bpe', got ${describe(type)}`);
  }
  checkInteger(vocabularySize, 'vocabularySize', type === 'bpe' ? LEAST_BPE_SIZE : LEAST_UNIGRAM_SIZE);
  if (documents !== undefined) checkInteger(documents, 'documents', 1);
}

/**
 * Trains a tokenizer on the training documents of a source. Its `definition` is the text of a `tokenizer.json`, which other
 * libraries read as well.
 *
 * The different words of the text are held in memory, and their parts: for `unigram` some hundred MB for 100 MB of English.
 *
 * @throws if an option is wrong, the source cannot be read or has no text, or its different characters are more than the pieces asked for
 */
export async function trainTokenizer(options: TrainTokenizerOptions): Promise<Tokenizer> {
  checkOptions(options);
  const { source, onMalformed, signal } = options;
  const opened = await nodeSources.open(source);
  async function* documents(): AsyncGenerator<SourceDocument> {
    for (const shard of await opened.shards('train')) yield* shard.open({ signal, onMalformed });
  }
  return trainOnDocuments(documents(), options);
}
