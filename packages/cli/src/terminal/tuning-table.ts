import { byKey, formatRow, type Tuning, tuningVerdict } from '@steepest/experiments';
import Table from 'cli-table3';

/** The best settings, and every hyperparameter's values around them, for a terminal. */
export function formatTuning({ optimizers }: Tuning): string {
  const table = new Table({
    head: ['optimizer', 'key', 'loss at each value, * the best'],
    style: { head: [], border: [] },
  });
  for (const { title, rows } of optimizers) {
    for (const [key, values] of byKey(rows)) table.push([title, key, values.map(formatRow).join('  ')]);
  }
  return `${optimizers.map(tuningVerdict).join('\n')}\n\n${table.toString()}`;
}
