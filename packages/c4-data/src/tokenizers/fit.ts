import { printable } from '../printable.ts';

/**
 * Fewer bytes per token than this are a poor fit. The embedded tokenizer has 4.5 bytes of its own corpus per token and 3.0 of C4; of
 * text that is not English, or not prose, 2 or so, and as many more tokens to train on for the same words.
 */
const LEAST_BYTES_PER_TOKEN = 2.8;
/** Of fewer tokens the share says little. */
const LEAST_TOKENS = 1000;

/** A warning where a text takes many tokens of the embedded tokenizer; undefined where it does not. */
export function poorFit(name: string, bytes: number, tokens: number): string | undefined {
  if (tokens < LEAST_TOKENS || bytes >= LEAST_BYTES_PER_TOKEN * tokens) return undefined;
  return (
    `the embedded tokenizer fits ${printable(name)} poorly: ${(bytes / tokens).toFixed(2)} bytes per token, where its own corpus ` +
    'has 4.5. Train one of your own: trainTokenizer, or train-tokenizer on the command line'
  );
}
