import type { AddedToken } from './definition.ts';

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** The tokens that a text may spell out, such as `</s>`. */
export class AddedTokens {
  /** The bytes that begin one in UTF-8: a text without them holds none. */
  readonly firstBytes: readonly number[];
  private readonly ids: ReadonlyMap<string, number>;
  private readonly pattern: RegExp | undefined;

  constructor(tokens: readonly AddedToken[]) {
    // An empty one, which definitions may have, stands nowhere; a pattern would find it between any two characters.
    const spelled = tokens.filter(({ content }) => content !== '');
    this.ids = new Map(spelled.map(({ content, id }) => [content, id]));
    // The longest of those that begin at the same place is taken.
    const longestFirst = [...this.ids.keys()].sort((a, b) => b.length - a.length);
    this.pattern =
      longestFirst.length > 0 ? new RegExp(`(${longestFirst.map(escapeForPattern).join('|')})`) : undefined;
    const encoder = new TextEncoder();
    this.firstBytes = [...new Set(longestFirst.map((token) => encoder.encode(token)[0]!))];
  }

  /** Gives the added tokens of a text and the sections between them in turn; `first` says that a section begins the text. */
  split(
    text: string,
    onToken: (id: number) => void,
    onSection: (section: string, first: boolean) => void,
  ): void {
    const sections = this.pattern === undefined ? [text] : text.split(this.pattern);
    // A pattern with one group gives text and added tokens by turns, so the first section begins the text.
    sections.forEach((section, index) => {
      if (index % 2 === 1) onToken(this.ids.get(section)!);
      else onSection(section, index === 0);
    });
  }
}

/** Whether every added token is found by its characters alone, in the text as it is. */
export function addedTokensArePlain(tokens: readonly AddedToken[]): boolean {
  return tokens.every(
    ({ normalized, single_word, lstrip, rstrip }) => !(normalized || single_word || lstrip || rstrip),
  );
}
