import { ByteSink, CharacterMap } from './character-map.ts';
import type { Step, TokenizerDefinition } from './definition.ts';

export const WORD_START = '▁';

/** White space as Unicode has it, unlike JavaScript's `\s`: with U+0085 and without U+FEFF. */
const IS_WHITE_SPACE = /\p{White_Space}/u;
const WHITE_SPACES = /\p{White_Space}+/u;

/** A mark that would join the space before it in one grapheme. */
const STARTS_WITH_MARK = /^(?:\p{M}|\p{Grapheme_Extend}|\p{Emoji_Modifier}|\u200d|\u0e33|\u0eb3)/u;

/**
 * How a tokenizer cuts text into words, each of which the model encodes alone.
 *
 * `splitText` is the definition, over a whole section of text. `splitWord` gives the same words from the part of a section
 * between two ASCII separators, so that such parts can be remembered.
 */
export interface TextRules {
  /** Whether words may depend on no more than the part between ASCII separators. */
  readonly separable: boolean;
  /** 1 for each byte that separates such parts, of 256. */
  readonly separators: Uint8Array;
  /** 1 for each byte whose words need `splitWord`, of 256: all others stand for themselves. */
  readonly mapped: Uint8Array;
  /** The words of a section; `first` says that it begins the text. */
  splitText(section: string, first: boolean): string[];
  /** The words of bytes[start, end), a part between separators, or undefined where its neighbors matter. */
  splitWord(bytes: Uint8Array, start: number, end: number): string[] | undefined;
}

type Prefix = 'first' | 'always';

function splitAtWordStarts(text: string): string[] {
  return text.match(/▁[^▁]*|[^▁]+/g) ?? [];
}

/** Spaces become "▁", one is put before the text, and every "▁" begins a word. */
function metaspace(text: string, prefixed: boolean): string[] {
  if (text === '') return [];
  const marked = text.replaceAll(' ', WORD_START);
  return splitAtWordStarts(prefixed && !marked.startsWith(WORD_START) ? WORD_START + marked : marked);
}

/** The words of a part whose spaces are its only white space. */
function splitAtSpaces(text: string): string[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((word) => WORD_START + word);
}

function trimWhiteSpaceEnd(text: string): string {
  let end = text.length;
  while (end > 0 && IS_WHITE_SPACE.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function decode(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** Words of text that a character map has gone over, T5's two ways. */
function mapRules(map: CharacterMap, prefix: Prefix, splitsAtWhiteSpace: boolean): TextRules {
  const sink = new ByteSink();
  const mapBytes = (bytes: Uint8Array, start: number, end: number): string => {
    sink.length = 0;
    map.map(bytes, start, end, sink);
    return decode(sink.bytes, 0, sink.length);
  };
  const separators = new Uint8Array(256);
  const mapped = new Uint8Array(256).fill(1);
  for (let byte = 0; byte < 0x80; byte += 1) {
    const text = mapBytes(Uint8Array.of(byte), 0, 1);
    separators[byte] = text === ' ' ? 1 : 0;
    mapped[byte] = text === String.fromCharCode(byte) ? 0 : 1;
  }
  return {
    // A key that began with a space would reach over the end of a word.
    separable: !map.begins(0x20),
    separators,
    mapped,
    splitText(section, first) {
      const bytes = encoder.encode(section);
      const text = mapBytes(bytes, 0, bytes.length);
      if (splitsAtWhiteSpace) return text.split(WHITE_SPACES).flatMap((word) => metaspace(word, true));
      const joined = trimWhiteSpaceEnd(text).replace(/ {2,}/g, WORD_START);
      return metaspace(joined, prefix === 'always' || first);
    },
    splitWord(bytes, start, end) {
      if (STARTS_WITH_MARK.test(decode(bytes, start, Math.min(start + 4, end)))) return undefined;
      const text = mapBytes(bytes, start, end);
      return /(?! )[\p{White_Space}▁]/u.test(text) ? undefined : splitAtSpaces(text);
    },
  };
}

/** Words of NFKC text in which every run of white space or control characters is one space. */
function compatibilityRules(prefix: Prefix): TextRules {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the definition turns control characters into spaces
  const spaces = /[\p{White_Space}\u0000-\u001f\u007f]+/gu;
  const normalize = (text: string): string => text.normalize('NFKC').replace(spaces, ' ');
  return {
    separable: true,
    separators: Uint8Array.from({ length: 256 }, (_, byte) => (byte <= 0x20 || byte === 0x7f ? 1 : 0)),
    mapped: Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? 0 : 1)),
    splitText: (section, first) =>
      metaspace(trimWhiteSpaceEnd(normalize(section)), prefix === 'always' || first),
    splitWord(bytes, start, end) {
      const text = normalize(decode(bytes, start, end));
      return text.includes(WORD_START) ? undefined : splitAtSpaces(text);
    },
  };
}

const STRIP_RIGHT = '{"type":"Strip","strip_left":false,"strip_right":true}';
const JOIN_SPACES = '{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}';
const SPACE_ALL =
  '{"type":"Replace","pattern":{"Regex":"[\\\\s\\\\u0000-\\\\u001f\\\\u007f]+"},"content":" "}';

/** The prefix scheme of a Metaspace step, or undefined if it is not one that this package reads. */
function metaspacePrefix(step: Step | null | undefined): Prefix | undefined {
  if (step?.type !== 'Metaspace' || step.replacement !== WORD_START || step.split === false) return undefined;
  const scheme = step.prepend_scheme ?? (step.add_prefix_space === false ? 'never' : 'always');
  return scheme === 'first' || scheme === 'always' ? scheme : undefined;
}

/**
 * The rules of a definition of T5's kind, or undefined if it is of another.
 *
 * Known are the two forms in which T5's tokenizer is published (spaces kept as words' starts, or words split at white space
 * first) and that of the embedded tokenizer.
 */
export function readTextRules(
  { normalizer, pre_tokenizer }: TokenizerDefinition,
  name: string,
): TextRules | undefined {
  const steps = (normalizer?.type === 'Sequence' ? normalizer.normalizers : [normalizer]) as Step[];
  const [first, ...rest] = steps;
  const later = rest.map((step) => JSON.stringify(step)).join();
  const prefix = metaspacePrefix(pre_tokenizer);
  if (first?.type === 'NFKC' && prefix !== undefined && later === `${SPACE_ALL},${STRIP_RIGHT}`) {
    return compatibilityRules(prefix);
  }
  if (first?.type !== 'Precompiled' || typeof first.precompiled_charsmap !== 'string') return undefined;
  const map = new CharacterMap(first.precompiled_charsmap, name);
  if (prefix !== undefined && later === `${STRIP_RIGHT},${JOIN_SPACES}`) return mapRules(map, prefix, false);
  const parts = (pre_tokenizer?.type === 'Sequence' ? pre_tokenizer.pretokenizers : []) as Step[];
  const splits = parts.length === 2 && parts[0]!.type === 'WhitespaceSplit';
  return splits && metaspacePrefix(parts[1]) === 'always' && later === ''
    ? mapRules(map, 'always', true)
    : undefined;
}
