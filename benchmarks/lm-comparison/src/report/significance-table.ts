import { escapeHtml } from './html-text.ts';
import { formatDifference } from './number-format.ts';
import type { PairTest, Results } from './results.ts';

/** Which optimizers differ, as a matrix of p-values in the order of the ranking; nothing without seeds to test. */
export function significanceSection(results: Results): string {
  const { pairs, rule, alpha } = results.significance;
  if (pairs.length === 0) return '';
  const titles = new Map(results.optimizers.map(({ name, title }) => [name, title]));
  const names = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))];
  const heads = names.map((name) => `<th scope="col">${escapeHtml(titles.get(name) ?? name)}</th>`);
  const rows = names.map((name) => {
    const cells = names.map((other) => cell(find(pairs, name, other), name));
    return `<tr><th scope="row">${escapeHtml(titles.get(name) ?? name)}</th>${cells.join('')}</tr>`;
  });
  return `<section><h2>Which differences are significant</h2>
<p class="caption">The row's loss less the column's, with the corrected p-value; bold below ${alpha}. ${escapeHtml(rule)}</p>
<div class="scroll" tabindex="0"><table class="significance"><thead><tr><th></th>${heads.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div></section>`;
}

/** A p-value with two significant digits. */
export function formatP(p: number): string {
  if (p < 1e-4) return '< 1e-4';
  return p >= 0.1 ? p.toFixed(2) : String(Number(p.toPrecision(2)));
}

function find(pairs: readonly PairTest[], a: string, b: string): PairTest | undefined {
  return pairs.find(({ first, second }) => (first === a && second === b) || (first === b && second === a));
}

function cell(pair: PairTest | undefined, row: string): string {
  if (!pair) return '<td></td>';
  const difference = formatDifference(pair.first === row ? pair.difference : -pair.difference);
  const shown = pair.significant ? `<strong>${difference}</strong>` : difference;
  return `<td class="number">${shown}<small>p ${escapeHtml(formatP(pair.correctedP))}</small></td>`;
}
