/** Control characters, which could steer a terminal, halves of surrogate pairs, and marks that turn the direction of writing. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Text from a file or a server as a message may show it: on one line, with unprintable characters escaped as `\u001b`.
 *
 * @param most characters shown; the rest becomes an ellipsis
 */
export function printable(text: string, most = 200): string {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return shown.replace(unprintable, escaped);
}

/** The same for text of several lines, whole. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) => (character === '\n' ? character : escaped(character)));
}
