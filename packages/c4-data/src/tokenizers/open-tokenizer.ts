import { checkTokenizerChoice, loadTokenizer, type TokenizerChoice } from './load-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';
import { isTokenizer } from './tokenizer-text.ts';

/** @throws TypeError if the value is neither a tokenizer nor names one */
export function checkTokenizer(given: unknown): void {
  if (!isTokenizer(given)) checkTokenizerChoice(given);
}

/** A tokenizer that is loaded already, or the one that a choice names. */
export async function openTokenizer(given: TokenizerChoice | Tokenizer): Promise<Tokenizer> {
  return isTokenizer(given) ? given : loadTokenizer(given);
}
