/** An escaped character, `**` as whole segments, `*`, `?`, a set of characters, a part of alternatives, or anything else. */
const tokens =
  /\\(.)|(\/\*\*$)|(?<=^|\/)(?:(\*\*\/)|(\*\*$))|((?<=^|\/)\*(?=\/|$))|(\*+)|(\?)|\[([!^]?)([^\]\\/]+)\]|([{},])|./gs;

/**
 * Compiles a glob on the names of variables. `*` and `?` stand for any characters and for one, `[a-c]` and `[!a-c]` for one of a set
 * and for one that is not in it, all within a segment between slashes; `**` for any number of segments, `{a,b}` for one of
 * several globs; and a character after a backslash for itself.
 *
 * @throws Error if it is not such a glob.
 */
export function compileGlob(glob: string): (name: string) => boolean {
  const refuse = (problem: string): never => {
    throw new Error(`match has the glob ${JSON.stringify(glob)}, but ${problem}`);
  };
  if (typeof glob !== 'string' || glob === '') refuse('a glob is a text that is not empty');
  const unescaped = glob.replace(/\\./gs, '');
  if (unescaped.startsWith('!')) refuse('"!" excludes nothing: use { not: ... }');
  if (/\{[^,{}]*\}/.test(unescaped)) refuse('"{" and "}" enclose alternatives, as in {weight,bias}');
  let depth = 0;
  const source = glob
    // Several of them in a row mean what one does.
    .replace(/(?<=^|\/)(?:\*\*\/)+(?=\*\*(?:\/|$))/g, '')
    .replace(
      tokens,
      (token, escaped, below, above, all, segment, within, one, negated, set, alternatives) => {
        if (escaped) return literal(escaped);
        if (below) return '(?:/.*)?';
        if (above) return '(?:.*/)?';
        if (all) return '.*';
        if (segment) return '[^/]+';
        if (within) return '[^/]*';
        if (one) return '[^/]';
        if (set) return `(?!/)[${negated && '^'}${set.replaceAll('[', '\\[')}]`;
        if (alternatives && (depth > 0 || token !== ',')) {
          if (token === ',') return '|';
          depth += token === '{' ? 1 : -1;
          if (depth < 0) refuse('a "}" closes nothing; write "\\}" for the character');
          return token === '{' ? '(?:' : ')';
        }
        if ('[]()|\\'.includes(token)) {
          refuse(`"${token}" stands alone in it; write "\\${token}" for the character`);
        }
        return literal(token);
      },
    );
  if (depth > 0) refuse('a "{" is not closed; write "\\{" for the character');
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${source})$`, 's');
  } catch {
    return refuse('a range in it ends before it begins');
  }
  return (name) => expression.test(name);
}

function literal(character: string): string {
  return character.replace(/[$()*+.?[\\\]^{|}]/, '\\$&');
}
