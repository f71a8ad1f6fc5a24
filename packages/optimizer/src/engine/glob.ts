/** An escaped character, `**` as whole segments, `*`, `?`, a set of characters, or anything else. */
const tokens =
  /\\(.)|(\/\*\*$)|(?<=^|\/)(?:(\*\*\/)|(\*\*$))|((?<=^|\/)\*(?=\/|$))|(\*+)|(\?)|\[([!^]?)([^\]\\/]+)\]|./gs;

/** An escaped character and a set, where braces and commas stand for themselves; a brace or a comma; or any other character. */
const braceTokens = /\\.|\[[!^]?[^\]\\/]+\]|./gs;

/** Alternatives multiply: ten pairs of them come to 1024 globs. */
const maximumGlobs = 1024;

type Refuse = (problem: string) => never;

/**
 * Compiles a glob on the names of variables. `*` and `?` stand for any characters and for one, `[a-c]` and `[!a-c]` for one of a set
 * and for one that is not in it, all within a segment between slashes; `**` for any number of segments, `{a,b}` for one of
 * several globs; and a character after a backslash for itself.
 *
 * @throws Error if it is not such a glob.
 */
export function compileGlob(glob: string): (name: string) => boolean {
  const refuse: Refuse = (problem) => {
    throw new Error(`match has the glob ${JSON.stringify(glob)}, but ${problem}`);
  };
  if (typeof glob !== 'string' || glob === '') refuse('a glob is a text that is not empty');
  // What `**` means depends on what is beside it, which in alternatives is known only once one is chosen.
  const sources = expanded(glob, refuse).map((one) => sourceOf(one, refuse));
  try {
    const expression = new RegExp(`^(?:${sources.join('|')})$`, 's');
    return (name) => expression.test(name);
  } catch {
    return refuse('a range in it ends before it begins');
  }
}

/** The globs without braces that a glob stands for. */
function expanded(glob: string, refuse: Refuse): string[] {
  const parts = glob.match(braceTokens)!;
  let at = 0;
  /** The globs up to a comma or the brace that closes, within braces, or to the end. */
  const sequence = (within: boolean): string[] => {
    let globs = [''];
    for (; at < parts.length; at++) {
      const part = parts[at]!;
      if (within && (part === ',' || part === '}')) return globs;
      if (part === '}') refuse('a "}" closes nothing; write "\\}" for the character');
      const next = part === '{' ? alternatives() : [part];
      if (globs.length * next.length > maximumGlobs)
        refuse(`its alternatives come to over ${maximumGlobs} globs`);
      globs = globs.flatMap((start) => next.map((end) => start + end));
    }
    return within ? refuse('a "{" is not closed; write "\\{" for the character') : globs;
  };
  const alternatives = (): string[] => {
    const all: string[][] = [];
    do {
      at++;
      all.push(sequence(true));
    } while (parts[at] === ',');
    if (all.length === 1) refuse('"{" and "}" enclose alternatives, as in {weight,bias}');
    return all.flat();
  };
  return sequence(false);
}

/** The source of the regular expression for a glob without braces. */
function sourceOf(glob: string, refuse: Refuse): string {
  if (glob.startsWith('!')) refuse('"!" excludes nothing: use { not: ... }');
  return (
    glob
      // Several of them in a row mean what one does.
      .replace(/(?<=^|\/)(?:\*\*\/)+(?=\*\*(?:\/|$))/g, '')
      .replace(tokens, (token, escaped, below, above, all, segment, within, one, negated, set) => {
        if (escaped) return literal(escaped);
        if (below) return '(?:/.*)?';
        if (above) return '(?:.*/)?';
        if (all) return '.*';
        if (segment) return '[^/]+';
        if (within) return '[^/]*';
        if (one) return '[^/]';
        if (set) return `(?!/)[${negated && '^'}${set.replaceAll('[', '\\[')}]`;
        if ('[]()|\\'.includes(token)) {
          refuse(`"${token}" stands alone in it; write "\\${token}" for the character`);
        }
        return literal(token);
      })
  );
}

function literal(character: string): string {
  return character.replace(/[$()*+.?[\\\]^{|}]/, '\\$&');
}
