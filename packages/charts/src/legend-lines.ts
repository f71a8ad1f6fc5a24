/** About the width of a letter of 13 points, and of a mark with the space around it, in points. */
const widths = { letter: 6.5, mark: 33 };

/** The names of a legend in lines of at most `width` points, each of at least one name. */
export function legendLines(names: readonly string[], width: number): string[][] {
  const lines: string[][] = [];
  let used = 0;
  for (const name of names) {
    const own = widths.mark + widths.letter * name.length;
    if (lines.length === 0 || used + own > width) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)!.push(name);
    used += own;
  }
  return lines;
}
