import { printable } from '@steepest/run-files';
import { warn } from '#platform';
import { isEmbeddedTokenizer } from './embedded-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Fewer bytes per token than this are a poor fit. The embedded tokenizer has 4.5 bytes of its own corpus per token and 3.0 of C4; of
 * text that is not English, or not prose, 2 or so, and as many more tokens to train on for the same words.
 */
const leastBytesPerToken = 2.8;
/** Of fewer tokens the share says little. */
const leastTokens = 1000;

const given = new Set<string>();

/** Warns, once in a process, where a text takes many tokens of the embedded tokenizer. */
export function warnOfPoorFit(tokenizer: Tokenizer, name: string, bytes: number, tokens: number): void {
  if (!isEmbeddedTokenizer(tokenizer) || tokens < leastTokens || bytes >= leastBytesPerToken * tokens) return;
  const message =
    `the embedded tokenizer fits ${printable(name)} poorly: ${(bytes / tokens).toFixed(2)} bytes per token, where its own corpus ` +
    'has 4.5. Train one of your own: trainTokenizer, or train-tokenizer on the command line';
  if (given.has(message)) return;
  given.add(message);
  warn(message);
}
