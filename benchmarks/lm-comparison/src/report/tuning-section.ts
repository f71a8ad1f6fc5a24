import { byKey, formatRow, type OptimizerTuning, type Tuning, tuningVerdict } from '../tune/tuning.ts';
import { escapeHtml } from './html-text.ts';

/** How each optimizer was tuned: its best setting, and every value of every hyper-parameter around it. */
export function tuningSection(tuning: Tuning | undefined): string {
  if (tuning === undefined) return '';
  return `<section><h2>Tuning</h2>
<p class="caption">Coordinate descent with as many settings for every optimizer. A row holds one hyper-parameter's values with the
others at their best: the loss at each value, * at the best, "none" where no seed finished.</p>
${tuning.optimizers.map(ablationTable).join('\n')}
</section>`;
}

function ablationTable(optimizer: OptimizerTuning): string {
  const keys = byKey(optimizer.rows);
  const rows = [...keys].map(([key, values]) => {
    const cells = values.map((row) => {
      const text = escapeHtml(formatRow(row));
      return `<td class="number">${row.best ? `<strong>${text}</strong>` : text}</td>`;
    });
    return `<tr><th scope="row">${escapeHtml(key)}</th>${cells.join('')}</tr>`;
  });
  return `<h3>${escapeHtml(optimizer.title)}</h3>
<p>${escapeHtml(tuningVerdict(optimizer))}</p>
<div class="scroll" tabindex="0"><table class="tuning"><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}
