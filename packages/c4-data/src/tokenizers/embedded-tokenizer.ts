import embeddedDefinition from './embedded.tokenizer.json';
import type { Tokenizer } from './tokenizer.ts';

/** The text of the `tokenizer.json` that comes with this package. */
export const embeddedJson = JSON.stringify(embeddedDefinition);

/** Whether a tokenizer is the one that comes with this package: 4,096 unigram pieces trained on the embedded corpus. */
export function isEmbeddedTokenizer({ definition }: Tokenizer): boolean {
  return definition === embeddedJson;
}
