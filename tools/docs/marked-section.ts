/** The comments around a part of a Markdown file that `npm run docs` writes. */
export const markers = (name: string) => ({
  start: `<!-- ${name}: written by npm run docs -->`,
  end: `<!-- end of ${name} -->`,
});

/**
 * Replaces what stands between the markers of a name.
 *
 * @param file How the error names the text.
 * @throws Error unless both markers are there, once and in order.
 */
export function replaceSection(file: string, text: string, name: string, content: string): string {
  const { start, end } = markers(name);
  const pieces = text.split(start);
  const rest = pieces[1]?.split(end);
  if (pieces.length !== 2 || rest?.length !== 2) {
    throw new Error(
      `${file} needs the lines ${start} and ${end} once each, with what it generates between them`,
    );
  }
  return `${pieces[0]}${start}\n\n${content}\n\n${end}${rest[1]}`;
}
