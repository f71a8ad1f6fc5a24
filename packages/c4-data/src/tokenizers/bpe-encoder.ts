import { AddedTokens } from './added-tokens.ts';
import { BpeModel } from './bpe-model.ts';
import { charactersOfBytes, splitParts, toByteCharacters } from './byte-level.ts';
import type { BpeDefinition } from './definition.ts';
import type { Encoder } from './encoder.ts';
import type { TokenSink } from './token-sink.ts';

/** Parts that are kept with their ids: far above the different words of ordinary text. */
const mostParts = 1 << 18;
const longestKeptPart = 64;

/** Whether a definition is byte-level BPE as GPT-2 has it, and nothing else. */
export function isByteLevelBpe({ model, normalizer, pre_tokenizer }: BpeDefinition): boolean {
  const plain =
    !model.dropout &&
    !model.unk_token &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    !model.byte_fallback &&
    !model.ignore_merges;
  const parts = pre_tokenizer?.type === 'ByteLevel' && pre_tokenizer.use_regex !== false;
  return (
    plain && parts && normalizer === null && charactersOfBytes.every((character) => character in model.vocab)
  );
}

/** Encodes text by byte-level BPE: added tokens are cut out, the rest is split into parts, whose bytes merge. */
export class BpeEncoder implements Encoder {
  private readonly model: BpeModel;
  private readonly vocabulary: Readonly<Record<string, number>>;
  private readonly added: AddedTokens;
  private readonly prefix: boolean;
  private readonly parts = new Map<string, readonly number[]>();
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor({ model, added_tokens, pre_tokenizer }: BpeDefinition) {
    this.vocabulary = model.vocab;
    this.added = new AddedTokens(added_tokens);
    this.prefix = pre_tokenizer?.add_prefix_space !== false;
    this.model = new BpeModel(
      model.merges.map(([left, right]) => [
        model.vocab[left]!,
        model.vocab[right]!,
        model.vocab[left + right]!,
      ]),
    );
  }

  encode(text: string, sink: TokenSink): void {
    this.added.split(
      text,
      (id) => sink.push(id),
      (section) => {
        if (section === '') return;
        const prefixed = this.prefix && !section.startsWith(' ') ? ` ${section}` : section;
        for (const part of splitParts(prefixed)) for (const id of this.idsOf(part)) sink.push(id);
      },
    );
  }

  encodeBytes(bytes: Uint8Array, start: number, end: number, sink: TokenSink): void {
    this.encode(this.decoder.decode(bytes.subarray(start, end)), sink);
  }

  private idsOf(part: string): readonly number[] {
    const known = this.parts.get(part);
    if (known !== undefined) return known;
    const ids = this.model.merge(
      Array.from(toByteCharacters(part), (character) => this.vocabulary[character]!),
    );
    if (part.length <= longestKeptPart) {
      if (this.parts.size === mostParts) this.parts.clear();
      this.parts.set(part, ids);
    }
    return ids;
  }
}
