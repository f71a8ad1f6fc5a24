import type { DocumentSource } from './sources/document-source.ts';
import { type NamedSource, nodeSources } from './sources/open-source.ts';
import type { Tokenizer } from './tokenizers/tokenizer.ts';
import { type SourceTraining, trainOnSource } from './tokenizers/training/train-on-source.ts';

/** What `trainTokenizer` takes. */
export type TrainTokenizerOptions = SourceTraining<NamedSource | DocumentSource>;

/**
 * Trains a tokenizer on the training documents of a source. Its `definition` is the text of a `tokenizer.json`, which other
 * libraries read as well.
 *
 * The different words of the text are held in memory, and their parts: for `unigram` some hundred MB for 100 MB of English.
 *
 * @throws if an option is wrong, the source cannot be read or has no text, or its different characters are more than the pieces asked for
 */
export async function trainTokenizer(options: TrainTokenizerOptions): Promise<Tokenizer> {
  return trainOnSource(options, nodeSources);
}
