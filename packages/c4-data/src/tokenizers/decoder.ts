import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import type { TokenizerDefinition } from './definition.ts';

/**
 * The text of ids in [0, vocabularySize), without special tokens: pieces joined, "▁" as a space, none at the start.
 *
 * A definition whose decoder does something else is decoded by `@huggingface/tokenizers`.
 */
export function createDecoder(definition: TokenizerDefinition): (ids: number[]) => string {
  const { decoder, model, added_tokens: added } = definition;
  if (decoder?.type !== 'Metaspace' || decoder.replacement !== '▁' || decoder.prepend_scheme === 'never') {
    const engine = new TokenizerEngine(definition, {});
    // The engine's clean-up of spaces before punctuation is BERT's, not T5's.
    return (ids) => engine.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }
  const texts = model.vocab.map(([piece]) => piece.replaceAll('▁', ' '));
  const special = new Set<number>();
  for (const token of added) {
    texts[token.id] = token.content;
    if (token.special) special.add(token.id);
  }
  return (ids) => {
    const kept = ids.filter((id) => !special.has(id));
    const text = kept.map((id) => texts[id] ?? '').join('');
    return text.startsWith(' ') ? text.slice(1) : text;
  };
}
