/**
 * Text of a file or a server on one line, as a terminal, a page and a table may show it: control characters, some of which are
 * commands to a terminal, marks that turn the direction of writing, and halves of characters are written as their escapes.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The first characters of a text that may be long, with an ellipsis for the rest. */
export function printableStart(text: string, most: number): string {
  return printable(text.length > most ? `${text.slice(0, most)}…` : text);
}

/** Names as a message lists them, each printable; of more than `most` the first ones. */
export function printableList(names: readonly string[], most = 40): string {
  const shown = names.slice(0, most).map(printable).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** The same over several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Text in a cell of a Markdown table, where it is neither markup nor another cell. */
export function markdownCell(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|]/g, '\\$&');
}

/** Escapes text for HTML content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Any JSON value with its texts and keys printable. */
export function printableValues<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) return value.map(printableValues) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [printable(key), printableValues(inner)]),
  ) as T;
}
