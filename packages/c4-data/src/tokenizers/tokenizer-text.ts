import { createTokenizer } from './create-tokenizer.ts';
import { readDefinition } from './definition.ts';
import { EMBEDDED_DEFINITION } from './embedded-tokenizer.ts';
import { pruneDefinition, pruningSize } from './pruning.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A tokenizer that needs neither disk nor network: the embedded one, or the text of a `tokenizer.json`. */
export type TokenizerText = 'embedded' | { readonly definition: string };

/** A definition with the name that messages give it. */
export interface NamedDefinition {
  readonly json: string;
  readonly name: string;
}

export function isTokenizerText(choice: unknown): choice is TokenizerText {
  return choice === 'embedded' || typeof (choice as { definition?: unknown } | null)?.definition === 'string';
}

export function definitionOf(choice: TokenizerText): NamedDefinition {
  return choice === 'embedded'
    ? { json: EMBEDDED_DEFINITION, name: 'the embedded tokenizer' }
    : { json: choice.definition, name: 'the given definition' };
}

/**
 * The tokenizer of a definition, pruned where that is asked for.
 *
 * @param prune a `Pruning`, or undefined
 * @param read what gets the definition, after `prune` has been checked
 * @throws if the definition is none, or `prune` asks for more pieces than there are or fewer than must be kept
 */
export async function tokenizerFrom(
  read: () => NamedDefinition | Promise<NamedDefinition>,
  prune: unknown,
): Promise<Tokenizer> {
  const size = prune === undefined ? undefined : pruningSize(prune);
  const { json, name } = await read();
  if (size === undefined) return createTokenizer(json, name);
  return createTokenizer(JSON.stringify(pruneDefinition(readDefinition(json, name), size, name)), name);
}

/** Whether a tokenizer is loaded already. */
export function isTokenizer(given: unknown): given is Tokenizer {
  return typeof (given as Partial<Tokenizer> | null | undefined)?.encode === 'function';
}
