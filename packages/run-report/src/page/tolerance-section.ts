import { type Html, html } from '../html.ts';
import type { Results, TrialResult } from '../results/results.ts';
import { intervalReach, mean } from '../statistics/statistics.ts';
import { sweepsOf, valueText } from '../statistics/sweeps.ts';
import { type Tolerance, toleranceOf, toleratedExcess } from '../statistics/tolerance.ts';
import { number, row, table } from './report-tables.ts';

/** How far from its best learning rate each optimizer may be; nothing where no sweep has two rates with a loss. */
export function toleranceSection(results: Results): Html | undefined {
  const sweep = results.sweeps.find(({ key }) => key === 'learningRate');
  const found = (sweep?.curves ?? []).flatMap((curve) => {
    const tolerance = toleranceOf(curve);
    return tolerance === undefined ? [] : [{ name: curve.optimizer, tolerance }];
  });
  if (found.length === 0) return undefined;
  const titles = new Map(results.optimizers.map(({ name, title }) => [name, title]));
  const heads = ['Optimizer', 'Best rate', 'From', 'To', 'Half-decades', '95 % interval'].map(
    (title) => html`<th scope="col">${title}</th>`,
  );
  const rows = [...found]
    .sort((a, b) => b.tolerance.halfDecades - a.tolerance.halfDecades)
    .map(({ name, tolerance }) =>
      row([
        html`<th scope="row">${titles.get(name) ?? name}</th>`,
        number([valueText(tolerance.best)]),
        number([valueText(tolerance.range[0])]),
        number([valueText(tolerance.range[1])]),
        number([widthText(tolerance)]),
        number([intervalText(results.trials, name)]),
      ]),
    );
  return html`<section><h2>Tolerance of the learning rate</h2>
<p class="caption">Learning rates around the best one within ${toleratedExcess} nats of its loss, interpolated between those tried (of which there are two to a decade in a grid of half-decades). “≥”: the best range reaches the end of the rates tried. The interval is over seeds, where a sweep has several.</p>
${table('tolerance', heads, rows)}</section>`;
}

function widthText({ halfDecades, bounded }: Tolerance): string {
  return `${bounded ? '' : '≥ '}${halfDecades.toFixed(1)}`;
}

/** Student's interval of the width over seeds; a dash with fewer than two. */
function intervalText(trials: readonly TrialResult[], optimizer: string): string {
  const own = trials.filter((trial) => trial.optimizer === optimizer);
  const seeds = [...new Set(own.map(({ seed }) => seed))];
  const widths = seeds.flatMap((seed) => {
    const [sweep] = sweepsOf(
      own.filter((trial) => trial.seed === seed),
      [optimizer],
    ).filter(({ key }) => key === 'learningRate');
    const tolerance = sweep === undefined ? undefined : toleranceOf(sweep.curves[0]!);
    return tolerance === undefined ? [] : [tolerance.halfDecades];
  });
  const reach = intervalReach(widths);
  if (reach === null) return '–';
  const center = mean(widths);
  return `${Math.max(0, center - reach).toFixed(1)} to ${(center + reach).toFixed(1)}`;
}
