import { type Line, lineText, longestLineBytes } from '../document-lines.ts';
import type { MalformedLine, SourceDocument } from '../document-source.ts';
import { MalformedDocument, orMalformed } from '../malformed.ts';

/**
 * The documents of plain text, which blank lines divide: lines of white space alone, any number of them. A document keeps its line
 * feeds; carriage returns before them are removed.
 *
 * @param onMalformed takes a line that is not UTF-8 or too long, or at which its document became too long, and which is left out;
 *   without it that is an error
 * @throws on a malformed line without `onMalformed`: the message names the file and the line
 */
export async function* joinParagraphs(
  lines: AsyncIterable<Line>,
  path: string,
  onMalformed?: (problem: MalformedLine) => void,
): AsyncGenerator<SourceDocument> {
  let paragraph: string[] = [];
  let characters = 0;
  let first = 0;
  const finish = (): SourceDocument => {
    const text = paragraph.join('\n');
    paragraph = [];
    characters = 0;
    return { text, timestamp: null, url: null, location: `${path} line ${first}` };
  };
  for await (const line of lines) {
    const text = orMalformed(path, line.number, onMalformed, () => {
      const read = lineText(line).replace(/\r$/, '');
      // A blank line ends the longest document as well.
      if (read.trim() === '' || characters + read.length <= longestLineBytes) return read;
      throw new MalformedDocument(
        `its document is longer than ${longestLineBytes} characters: divide the text into documents with blank lines`,
      );
    });
    if (text === undefined) continue;
    if (text.trim() === '') {
      if (paragraph.length > 0) yield finish();
      continue;
    }
    if (paragraph.length === 0) first = line.number;
    paragraph.push(text);
    characters += text.length + 1;
  }
  if (paragraph.length > 0) yield finish();
}
