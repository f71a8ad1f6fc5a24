import { AddedTokens } from './added-tokens.ts';
import type { UnigramDefinition } from './definition.ts';
import type { Encoder } from './encoder.ts';
import type { TextRules } from './text-rules.ts';
import type { TokenSink } from './token-sink.ts';
import { UnigramModel } from './unigram-model.ts';
import { HASH_SEED, LONGEST_CACHED_WORD, WordCache } from './word-cache.ts';

const HASH_PRIME = 0x0100_0193;
/** "▁" in UTF-8, which begins every word of a text. */
const WORD_START = [0xe2, 0x96, 0x81] as const;
const SPACE = 0x20;

/**
 * Encodes text in the way of T5's tokenizer: added tokens are cut out, the rest is normalized and split into words, and
 * the model encodes each word.
 *
 * It goes over the UTF-8 of a text once. A part between two ASCII spaces is looked up by its bytes among those that came before,
 * and normalized, split and searched only when it is new; text repeats its words, so most cost a hash. The ids are those of the
 * whole text because a word's ids depend on that word alone, and the words of a part on that part alone; where neighbors
 * could matter (`TextRules.splitWord` says so) the whole text goes the long way.
 */
export class UnigramEncoder implements Encoder {
  private readonly model: UnigramModel;
  private readonly cache = new WordCache();
  private readonly added: AddedTokens;
  private readonly textEncoder = new TextEncoder();
  private readonly textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private text = new Uint8Array(1 << 14);
  private word = Uint8Array.from({ length: 256 }, (_, index) => WORD_START[index] ?? 0);

  constructor(
    { model, added_tokens }: UnigramDefinition,
    private readonly rules: TextRules,
  ) {
    this.model = new UnigramModel(model.vocab, model.unk_id ?? 0);
    this.added = new AddedTokens(added_tokens);
  }

  /** Appends the ids of a text to the sink. */
  encode(text: string, sink: TokenSink): void {
    const needed = 3 * text.length + 1;
    if (this.text.length < needed) this.text = new Uint8Array(2 * needed);
    const { written } = this.textEncoder.encodeInto(text, this.text);
    this.encodeBytes(this.text, 0, written, sink);
  }

  /** Appends the ids of the UTF-8 text bytes[start, end) to the sink. The byte at `end` is overwritten. */
  encodeBytes(bytes: Uint8Array, start: number, end: number, sink: TokenSink): void {
    const before = sink.length;
    if (this.rules.separable && !this.mayHoldAddedToken(bytes, start, end)) {
      bytes[end] = SPACE;
      if (this.encodeParts(bytes, start, end, sink)) return;
      sink.length = before;
    }
    this.encodeSections(this.textDecoder.decode(bytes.subarray(start, end)), sink);
  }

  private mayHoldAddedToken(bytes: Uint8Array, start: number, end: number): boolean {
    const text = bytes.subarray(start, end);
    return this.added.firstBytes.some((lead) => text.includes(lead));
  }

  /** Encodes part by part; false if the neighbors of one matter. */
  private encodeParts(bytes: Uint8Array, start: number, end: number, sink: TokenSink): boolean {
    const { cache, rules } = this;
    const { separators } = rules;
    for (let position = start; position < end; ) {
      if (separators[bytes[position]!] === 1) {
        position += 1;
        continue;
      }
      const partStart = position;
      let hash = HASH_SEED;
      // The space at the end of the text ends its last part.
      for (let byte = bytes[position]!; separators[byte] === 0; byte = bytes[++position]!) {
        hash = Math.imul(hash ^ byte, HASH_PRIME);
      }
      const slot = cache.find(bytes, partStart, position, hash);
      const count = cache.countAt(slot) - 1;
      if (count === -1) {
        if (!this.encodeNewPart(bytes, partStart, position, hash, slot, sink)) return false;
        continue;
      }
      sink.reserve(count);
      const { tokens } = sink;
      const { ids } = cache;
      let from = cache.idsAt(slot);
      let to = sink.length;
      sink.length += count;
      while (to < sink.length) tokens[to++] = ids[from++]!;
    }
    return true;
  }

  private encodeNewPart(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    slot: number,
    sink: TokenSink,
  ): boolean {
    const { mapped } = this.rules;
    const before = sink.length;
    let plain = true;
    for (let index = start; index < end; index += 1) plain &&= mapped[bytes[index]!] === 0;
    if (plain) this.encodePlainWord(bytes, start, end, sink);
    else {
      const words = this.rules.splitWord(bytes, start, end);
      if (words === undefined) return false;
      for (const word of words) this.encodeWord(word, sink);
    }
    if (end - start <= LONGEST_CACHED_WORD) {
      this.cache.add(slot, bytes, start, end, hash, sink.tokens, before, sink.length);
    }
    return true;
  }

  private makeRoomForWord(length: number): void {
    if (length <= this.word.length) return;
    this.word = new Uint8Array(2 * length);
    this.word.set(WORD_START);
  }

  private encodePlainWord(bytes: Uint8Array, start: number, end: number, sink: TokenSink): void {
    this.makeRoomForWord(end - start + WORD_START.length);
    let length: number = WORD_START.length;
    for (let index = start; index < end; index += 1) this.word[length++] = bytes[index]!;
    this.model.encode(this.word, length, sink);
  }

  private encodeWord(word: string, sink: TokenSink): void {
    const bytes = this.textEncoder.encode(word);
    this.model.encode(bytes, bytes.length, sink);
  }

  /** The long way: cuts at added tokens and splits each section as a whole. */
  private encodeSections(text: string, sink: TokenSink): void {
    this.added.split(
      text,
      (id) => sink.push(id),
      (section, first) => {
        for (const word of this.rules.splitText(section, first)) this.encodeWord(word, sink);
      },
    );
  }
}
