import { Tokenizer as TokenizerEngine } from '@huggingface/tokenizers';
import { charactersOfBytes } from './byte-level.ts';
import { isUnigram, piecesOf, type TokenizerDefinition } from './definition.ts';

/**
 * The text of ids in [0, vocabularySize), without special tokens. Of T5's kind: pieces joined, "▁" as a space, none at the start; of
 * GPT-2's kind: the bytes that the characters of pieces stand for, those that are no UTF-8 as U+FFFD.
 *
 * A definition whose decoder does something else is decoded by `@huggingface/tokenizers`.
 */
export function createDecoder(definition: TokenizerDefinition): (ids: number[]) => string {
  const { decoder, added_tokens: added } = definition;
  const pieces = piecesOf(definition);
  const special = new Set(added.filter((token) => token.special).map(({ id }) => id));
  const spaces =
    decoder?.type === 'Metaspace' && decoder.replacement === '▁' && decoder.prepend_scheme !== 'never';
  if (isUnigram(definition) && spaces) {
    const texts = pieces.map((piece) => piece.replaceAll('▁', ' '));
    for (const { id, content } of added) texts[id] = content;
    return (ids) => {
      const text = ids.map((id) => (special.has(id) ? '' : (texts[id] ?? ''))).join('');
      return text.startsWith(' ') ? text.slice(1) : text;
    };
  }
  if (!isUnigram(definition) && decoder?.type === 'ByteLevel') return byteDecoder(pieces, added, special);
  const engine = new TokenizerEngine(definition, {});
  // The engine's clean-up of spaces before punctuation is BERT's.
  return (ids) => engine.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
}

function byteDecoder(
  pieces: readonly string[],
  added: TokenizerDefinition['added_tokens'],
  special: ReadonlySet<number>,
): (ids: number[]) => string {
  const encoder = new TextEncoder();
  const byteOf = new Map(charactersOfBytes.map((character, byte) => [character, byte]));
  const utf8 = (text: string) => Array.from(encoder.encode(text));
  // A piece with a character that stands for no byte means its own text.
  const bytes = pieces.map((piece) => {
    const known = Array.from(piece, (character) => byteOf.get(character));
    return known.every((byte) => byte !== undefined) ? known : utf8(piece);
  });
  for (const { id, content } of added) bytes[id] = utf8(content);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (ids) =>
    decoder.decode(Uint8Array.from(ids.flatMap((id) => (special.has(id) ? [] : (bytes[id] ?? [])))));
}
