import { checkInteger, checkKeys, describe } from '../../option-checks.ts';
import type { MalformedLine, SourceDocument } from '../../sources/document-source.ts';
import type { SourceCatalog } from '../../sources/source-definition.ts';
import type { Tokenizer } from '../tokenizer.ts';
import {
  LEAST_BPE_SIZE,
  LEAST_UNIGRAM_SIZE,
  type TokenizerTraining,
  trainOnDocuments,
} from './train-tokenizer.ts';

/** What a tokenizer is trained on, to what, and what watches it. */
export interface SourceTraining<Source extends object> extends TokenizerTraining {
  /** A source as `openTextData` takes it: its training documents are read. */
  readonly source: Source;
  /** Called for every line that holds no document. Without it such a line is an error. */
  readonly onMalformed?: ((problem: MalformedLine) => void) | undefined;
}

const KEYS = ['source', 'type', 'vocabularySize', 'documents', 'signal', 'onProgress', 'onMalformed'];

function checkOptions(options: SourceTraining<object>, sources: SourceCatalog): void {
  checkKeys(options, KEYS, 'trainTokenizer');
  const { source, type, vocabularySize, documents } = options as SourceTraining<object>;
  sources.check(source);
  if (type !== 'unigram' && type !== 'bpe') {
    throw new TypeError(`type must be 'unigram' or 'bpe', got ${describe(type)}`);
  }
  checkInteger(vocabularySize, 'vocabularySize', type === 'bpe' ? LEAST_BPE_SIZE : LEAST_UNIGRAM_SIZE);
  if (documents !== undefined) checkInteger(documents, 'documents', 1);
}

/** Trains a tokenizer on the training documents of a source that a catalog knows. */
export async function trainOnSource(
  options: SourceTraining<object>,
  sources: SourceCatalog,
): Promise<Tokenizer> {
  checkOptions(options, sources);
  const { source, onMalformed, signal } = options;
  const opened = await sources.open(source);
  async function* documents(): AsyncGenerator<SourceDocument> {
    for (const shard of await opened.shards('train')) yield* shard.open({ signal, onMalformed });
  }
  return trainOnDocuments(documents(), options);
}
