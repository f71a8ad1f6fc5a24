import { openTextData, type TextData, trainTokenizer } from '@steepest/c4-data';
import type { TrainingData } from '@steepest/trainer';
import { batchSize, contextLength } from './settings.ts';

/** Sequences that every evaluation scores, where the text has as many. */
const mostValidationSequences = 16;

const shape = { contextLength, batchSize, seed: 1 };

/**
 * Opens the text of a race as batches of tokens: the embedded corpus with its tokenizer, or the user's text with one that is trained
 * on it, so that any language will do.
 *
 * @param text the user's; undefined for the corpus
 * @throws Error saying what is wrong with the text
 */
export async function openText(text: string | undefined): Promise<TextData> {
  if (text === undefined) {
    return openTextData({ source: { type: 'embedded' }, tokenizer: 'embedded', ...shape });
  }
  const source = { type: 'texts', train: documentsOf(text) } as const;
  const vocabularySize = text.length < 100_000 ? 512 : 1024;
  const tokenizer = await trainTokenizer({ source, type: 'bpe', vocabularySize });
  return openTextData({ source, tokenizer, ...shape, validationFraction: 0.1 });
}

/** How many sequences an evaluation scores. @throws Error when the text is too short for one */
export function validationSequences({ tokenCounts }: TextData): number {
  const available = Math.floor((tokenCounts.validation - 1) / contextLength);
  if (available >= 1) return Math.min(available, mostValidationSequences);
  const { train, validation } = tokenCounts;
  throw new Error(`the text has only ${train + validation} tokens: give at least some 10,000 characters`);
}

/** Lines in pieces of a thousand characters or a little more, so that some pieces can be kept for validation. */
function documentsOf(text: string): string[] {
  const documents = [''];
  for (const line of text.match(/[^\n]{1,1000}\n?|\n/g) ?? []) {
    if (documents.at(-1)!.length >= 1000) documents.push('');
    documents[documents.length - 1] += line;
  }
  return documents.filter((document) => document.trim() !== '');
}

/** The stream of one racer over the tokens of all: whoever else reads them, it gives the same batches. */
export function streamOf({ train, validation }: TextData): TrainingData {
  const start = train.position();
  let position = start;
  return {
    train: {
      next() {
        train.seek(position);
        const batch = train.next();
        position = train.position();
        return batch;
      },
      position: () => position,
      seek(to) {
        position = to as typeof position;
      },
    },
    validation,
  };
}
