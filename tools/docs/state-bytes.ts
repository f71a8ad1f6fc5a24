/**
 * A README with the bytes of state per parameter in its line on state.
 *
 * @param file How the error names the text.
 * @param bytes What a record counts for a 1024 x 1024 matrix; its rows, columns and blocks are less than a tenth of a byte.
 * @throws Error if the README has no such line.
 */
export function withStateBytes(file: string, text: string, bytes: number): string {
  const line = `**State:** ${Math.floor(10 * bytes + 1e-9) / 10} bytes per parameter`;
  const pattern = /\*\*State:\*\* \d+(\.\d)? bytes per parameter/;
  if (!pattern.test(text)) {
    throw new Error(`${file} needs a line that begins with "${line}" and says what is kept`);
  }
  return text.replace(pattern, line);
}
