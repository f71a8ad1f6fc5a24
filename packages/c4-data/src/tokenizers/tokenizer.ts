/** Turns text into token ids and back. */
export interface Tokenizer {
  /** Number of ids: every id lies in [0, vocabularySize). */
  readonly vocabularySize: number;
  /** The id of `</s>`, or of `<|endoftext|>`, which ends every document. */
  readonly endOfSequence: number;
  /** SHA-256 of the definition, in hex: equal hashes give equal ids. */
  readonly hash: string;
  /** The definition, as the text of a `tokenizer.json`: written to a file it gives this tokenizer again. */
  readonly definition: string;
  /** The ids of a text, without a `</s>` at the end. */
  encode(text: string): number[];
  /**
   * The text of ids, without `<pad>`, `</s>` and `<unk>`.
   *
   * @param after ids that these continue, such as those of a prompt: the text is then what they add to it, with the space between
   * @throws if an id is not an integer in [0, vocabularySize)
   */
  decode(ids: ArrayLike<number>, after?: ArrayLike<number>): string;
}
