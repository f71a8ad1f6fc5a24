import { type Color, seriesColors } from '@steepest/charts';

/** How one optimizer is drawn everywhere: a color for either scheme and a symbol, so that color is never the only cue. */
export interface Mark extends Color {
  readonly symbol:
    | 'circle'
    | 'rect'
    | 'triangle'
    | 'diamond'
    | 'roundRect'
    | 'star'
    | 'arrow'
    | 'emptyCircle';
  /** Lines are dashed: a variant, or the second of two results, that shares a color. */
  readonly dashed?: boolean;
}

const allMarks: readonly (Mark & { readonly name: string })[] = [
  { name: 'adam', ...seriesColors.blue, symbol: 'circle' },
  { name: 'sgd', ...seriesColors.sky, symbol: 'rect' },
  { name: 'lion', ...seriesColors.orange, symbol: 'triangle' },
  { name: 'signum', ...seriesColors.pink, symbol: 'diamond' },
  { name: 'adafactor', ...seriesColors.green, symbol: 'roundRect' },
  { name: 'adalayer', ...seriesColors.yellow, symbol: 'star' },
  { name: '', ...seriesColors.ink, symbol: 'arrow' },
  { name: '', ...seriesColors.violet, symbol: 'emptyCircle' },
];

/**
 * Gives each optimizer its mark, which no other has among the first 128 (64 where lines are solid): a known name always the same one,
 * a variant such as `adam-plain` that of its kind dashed, any other the first that is left. After sixteen, colors come again with other
 * symbols.
 * @param lines `solid` keeps dashes for the caller
 */
export function assignMarks(
  optimizers: readonly { readonly name: string }[],
  lines: 'solid' | 'solid and dashed' = 'solid and dashed',
): ReadonlyMap<string, Mark> {
  const names = new Set(optimizers.map(({ name }) => name));
  const isDashed = lines === 'solid' ? [false] : [false, true];
  const inOrder = [...allMarks].sort((a, b) => Number(a.name !== '') - Number(b.name !== ''));
  const left = inOrder.flatMap((_, shift) =>
    isDashed.flatMap((dashed) =>
      inOrder.map((mark, index) => ({
        // Only the first round has the looks of known names.
        mark:
          shift === 0
            ? mark
            : { ...mark, name: '', symbol: inOrder[(index + shift) % inOrder.length]!.symbol },
        dashed,
      })),
    ),
  );
  const take = (index: number) => {
    const { mark, dashed } = left[Math.max(0, index)] ?? { mark: allMarks[0]!, dashed: false };
    if (index >= 0) left.splice(index, 1);
    const { light, dark, symbol } = mark;
    return { light, dark, symbol, ...(dashed ? { dashed } : {}) };
  };
  const marks = new Map<string, Mark>();
  for (const known of names) {
    const index = left.findIndex(({ mark, dashed }) => mark.name === known && !dashed);
    if (index >= 0) marks.set(known, take(index));
  }
  for (const name of names) {
    if (marks.has(name)) continue;
    const ofKind = left.findIndex(({ mark, dashed }) => dashed && name.startsWith(`${mark.name}-`));
    marks.set(name, take(ofKind >= 0 ? ofKind : left.length > 0 ? 0 : -1));
  }
  return marks;
}
