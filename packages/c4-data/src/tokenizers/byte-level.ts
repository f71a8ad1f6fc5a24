/**
 * The characters that stand for bytes in byte-level BPE (Radford et al. 2019, "Language Models are Unsupervised Multitask
 * Learners", section 2.2, and its published encoder): those of Latin-1 that print, and for the others the characters from U+0100 on.
 */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

function byteCharacters(): string[] {
  const prints = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++));
}

/**
 * The parts that byte-level BPE encodes one by one, by the pattern of GPT-2's published encoder: English contractions, letters,
 * digits and other characters, each with one space before them, and white space. White space is Unicode's, unlike JavaScript's `\s`.
 */
const PARTS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const encoder = new TextEncoder();

/** Cuts a text into the parts that merges do not cross. */
export function splitParts(text: string): string[] {
  return text.match(PARTS) ?? [];
}

/** A part as the characters of its bytes. */
export function toByteCharacters(part: string): string {
  let characters = '';
  for (const byte of encoder.encode(part)) characters += BYTE_CHARACTERS[byte];
  return characters;
}
