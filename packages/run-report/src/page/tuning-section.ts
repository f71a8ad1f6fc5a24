import { byKey, formatRow, type OptimizerTuning, type Tuning, tuningVerdict } from '@steepest/experiments';
import { type Html, html, joined } from '../html.ts';
import { number, row, table } from './report-tables.ts';

/** How each optimizer was tuned: its best setting, and every value of every hyperparameter around it. */
export function tuningSection(tuning: Tuning | undefined): Html | undefined {
  if (tuning === undefined) return undefined;
  return html`<section><h2>Tuning</h2>
<p class="caption">Coordinate descent with as many settings for every optimizer. A row holds one hyperparameter's values with the
others at their best: the loss at each value, * at the best, "none" where no seed finished.</p>
${joined(tuning.optimizers.map(ablationTable))}
</section>`;
}

function ablationTable(optimizer: OptimizerTuning): Html {
  const rows = [...byKey(optimizer.rows)].map(([key, values]) =>
    row([
      html`<th scope="row">${key}</th>`,
      ...values.map((value) => {
        const text = formatRow(value);
        return number(value.best ? html`<strong>${text}</strong>` : text);
      }),
    ]),
  );
  return html`<h3>${optimizer.title}</h3>
<p>${tuningVerdict(optimizer)}</p>
${table('tuning', [], rows)}`;
}
