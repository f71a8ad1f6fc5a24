import { type Html, html } from '../html.ts';
import { formatDifference, formatP } from '../number-format.ts';
import type { PairTest, Results } from '../results/results.ts';
import { number, row, table } from './report-tables.ts';

/** Which optimizers differ, as a matrix of p-values in the order of the ranking; nothing without seeds to test. */
export function significanceSection(results: Results): Html | undefined {
  const { pairs, rule, alpha } = results.significance;
  if (pairs.length === 0) return undefined;
  const titles = new Map(results.optimizers.map(({ name, title }) => [name, title]));
  const names = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))];
  const heads = names.map((name) => html`<th scope="col">${titles.get(name) ?? name}</th>`);
  const rows = names.map((name) =>
    row([
      html`<th scope="row">${titles.get(name) ?? name}</th>`,
      ...names.map((other) => cell(find(pairs, name, other), name)),
    ]),
  );
  return html`<section><h2>Which differences are significant</h2>
<p class="caption">The row's loss less the column's, with the corrected p-value; bold below ${alpha}. ${rule} Seeds of a pair: ${range(pairs.map(({ seeds }) => seeds))}.</p>
${table('significance', [html`<th></th>`, ...heads], rows)}</section>`;
}

function range(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(least) : `${least} to ${most}`;
}

function find(pairs: readonly PairTest[], a: string, b: string): PairTest | undefined {
  return pairs.find(({ first, second }) => (first === a && second === b) || (first === b && second === a));
}

function cell(pair: PairTest | undefined, name: string): Html {
  if (!pair) return html`<td></td>`;
  const difference = formatDifference(pair.first === name ? pair.difference : -pair.difference);
  const shown = pair.significant ? html`<strong>${difference}</strong>` : difference;
  return number([shown, html`<small>p ${formatP(pair.correctedP)}</small>`]);
}
