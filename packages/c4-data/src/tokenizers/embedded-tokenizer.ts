import { createTokenizer } from './create-tokenizer.ts';
import embeddedDefinition from './embedded.tokenizer.json';
import type { Tokenizer } from './tokenizer.ts';

/** The text of the `tokenizer.json` that comes with this package. */
export const EMBEDDED_DEFINITION = JSON.stringify(embeddedDefinition);

/** The tokenizer that comes with this package: 4,096 unigram pieces trained on the embedded corpus. */
export function createEmbeddedTokenizer(): Tokenizer {
  return createTokenizer(EMBEDDED_DEFINITION, 'the embedded tokenizer');
}

export function isEmbeddedTokenizer({ definition }: Tokenizer): boolean {
  return definition === EMBEDDED_DEFINITION;
}
