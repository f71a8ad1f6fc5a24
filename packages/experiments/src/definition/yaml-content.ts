import { type Document, isCollection, LineCounter, parseDocument, visit, type YAMLParseError } from 'yaml';

/** Larger than any experiment by far: beyond it a file is not one. */
const largestText = 1_000_000;
/** Keys and lists within one another: an experiment needs ten. */
const deepest = 100;

/** The content of an experiment file, and where its keys stand in the text. */
export interface YamlContent {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly content: unknown;
}

/** What keeps a text from being read as YAML, with its place in the text where it has one. */
export class YamlProblem extends Error {
  override readonly name = 'YamlProblem';

  constructor(
    message: string,
    readonly line?: number,
    readonly column?: number,
  ) {
    super(message);
  }
}

/**
 * Reads YAML 1.2 with merge keys (`<<`).
 * @throws YamlProblem for text that is malformed, empty, larger or deeper than an experiment can be, or whose aliases refer to
 * themselves or multiply it
 */
export function readYaml(text: string): YamlContent {
  refuseOtherText(text);
  const lines = new LineCounter();
  const document = orProblem(() =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true }),
  );
  // Only the first: a parser's later errors are mostly consequences of it. What it only warns of, such as an unknown tag, would
  // be another value than the one meant.
  const malformed = document.errors[0] ?? document.warnings[0];
  if (malformed !== undefined) {
    const { line, col } = lines.linePos(malformed.pos[0]);
    throw new YamlProblem(parserMessage(malformed), line, col);
  }
  refuseKeysOfSeveral(document, lines);
  const content: unknown = orProblem(() => document.toJS());
  if (content === null || content === undefined) throw new YamlProblem('is empty', 1, 1);
  refuseCycles(content, []);
  return { document, lines, content };
}

function refuseOtherText(text: string): void {
  if (text.length > largestText) {
    throw new YamlProblem(
      `has ${text.length.toLocaleString('en')} characters; an experiment has at most ${largestText.toLocaleString('en')}`,
    );
  }
  if (text.includes('\0')) {
    throw new YamlProblem('is not text in UTF-8: it holds zero bytes, as UTF-16 and compressed files do');
  }
  // A byte order mark of UTF-16, or the first bytes of gzip, read as UTF-8.
  if (text.startsWith('\uFFFD\uFFFD') || text.startsWith('\u001f\uFFFD')) {
    throw new YamlProblem('is not text in UTF-8; it may be UTF-16 or compressed');
  }
}

function parserMessage({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  if (/call stack/i.test(message)) return tooDeep().message;
  if (code === 'MULTIPLE_DOCS') return 'holds several documents, divided by ---; an experiment file is one';
  return `not valid YAML: ${message}`;
}

/** A list or group of keys can be a key in YAML, but not in an experiment. */
function refuseKeysOfSeveral(document: Document, lines: LineCounter): void {
  visit(document, {
    Pair(_, { key }) {
      if (!isCollection(key)) return;
      const { line, col } = lines.linePos(key.range?.[0] ?? 0);
      throw new YamlProblem('a key must be a word, not a list or a group of keys', line, col);
    },
  });
}

/** The parser reports some texts, such as aliases that multiply it, by errors of JavaScript's own. */
function orProblem<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReferenceError) {
      const message = /alias count/i.test(error.message)
        ? 'its aliases (*name) multiply it too often, or refer to themselves; write the values out'
        : error.message;
      throw new YamlProblem(`not valid YAML: ${message}`);
    }
    if (error instanceof RangeError) throw tooDeep();
    throw new YamlProblem(`not valid YAML: ${(error as Error).message}`);
  }
}

function refuseCycles(value: unknown, within: readonly unknown[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (within.includes(value)) {
    throw new YamlProblem('not valid YAML: an alias (*name) refers to a value that it is part of');
  }
  if (within.length === deepest) throw tooDeep();
  for (const inner of Object.values(value)) refuseCycles(inner, [...within, value]);
}

function tooDeep(): YamlProblem {
  return new YamlProblem(`is nested more than ${deepest} levels deep`);
}
