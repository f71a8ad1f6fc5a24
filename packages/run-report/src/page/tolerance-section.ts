import { intervalReach, mean } from '@steepest/statistics';
import { type Html, html } from '../html.ts';
import { absent } from '../number-format.ts';
import type { Results, Sweep, TrialResult } from '../results/results.ts';
import { valueText } from '../statistics/sweeps.ts';
import { seedTolerances, toleranceOf, toleratedExcess, widthText } from '../statistics/tolerance.ts';
import { number, row, table } from './report-tables.ts';

/** How far from its best value each optimizer may be in what was swept; nothing where no sweep has two numbers with a loss. */
export function toleranceSection(results: Results): Html | undefined {
  const tables = results.sweeps.flatMap((sweep) => toleranceTable(results, sweep) ?? []);
  if (tables.length === 0) return undefined;
  return html`<section><h2>Tolerance</h2>
<p class="caption">Values around the best one within ${toleratedExcess} nats of its loss, interpolated between those tried. The width is in half-decades, of which there are two to a factor of ten; that of a beta or a momentum is in its distance from 1. “≥”: the range reaches the end of the values tried. The interval is over seeds, where a sweep has several.</p>
${tables}</section>`;
}

function toleranceTable(results: Results, { key, curves }: Sweep): Html | undefined {
  const found = curves.flatMap((curve) => {
    const tolerance = toleranceOf(curve, key);
    return tolerance === undefined ? [] : [{ name: curve.optimizer, tolerance }];
  });
  if (found.length === 0) return undefined;
  const titles = new Map(results.optimizers.map(({ name, title }) => [name, title]));
  const heads = [
    'Optimizer',
    `Best ${key === 'learningRate' ? 'learning rate' : key}`,
    'From',
    'To',
    'Half-decades',
    '95 % interval',
  ].map((title) => html`<th scope="col">${title}</th>`);
  const rows = [...found]
    .sort((a, b) => b.tolerance.halfDecades - a.tolerance.halfDecades)
    .map(({ name, tolerance }) =>
      row([
        html`<th scope="row">${titles.get(name) ?? name}</th>`,
        number([valueText(tolerance.best)]),
        number([valueText(tolerance.range[0])]),
        number([valueText(tolerance.range[1])]),
        number([widthText(tolerance)]),
        number([intervalText(results.trials, name, key)]),
      ]),
    );
  return table(`tolerance-${key.replaceAll('.', '-')}`, heads, rows);
}

/** Student's interval of the width over seeds; a dash with fewer than two. */
function intervalText(trials: readonly TrialResult[], optimizer: string, key: string): string {
  const widths = [...seedTolerances(trials, optimizer, key).values()].map(({ halfDecades }) => halfDecades);
  const reach = intervalReach(widths);
  if (reach === null) return absent;
  const center = mean(widths);
  return `${Math.max(0, center - reach).toFixed(1)} to ${(center + reach).toFixed(1)}`;
}
