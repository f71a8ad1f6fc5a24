/**
 * Text of a file or a server as a terminal may show it: control characters, some of which are commands to a terminal, are
 * written as their escapes; line ends stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
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
