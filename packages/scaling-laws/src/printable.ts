/** Characters that a terminal or a document obeys rather than shows: controls, and marks that turn the order of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text of a file with such characters written out, as `\\u001b`; line ends and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(
    obeyed,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
