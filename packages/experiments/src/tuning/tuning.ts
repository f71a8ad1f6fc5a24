import { markdownCell, markdownTable } from '@steepest/run-files';
import type { Point } from '../definition/grid.ts';
import { formatValue } from '../definition/trials.ts';
import type { AblationRow } from './ablation.ts';
import type { Move } from './coordinate-descent.ts';

/** What tuning found for one optimizer. */
export interface OptimizerTuning {
  readonly name: string;
  readonly title: string;
  /** The best setting, and its final validation loss, averaged over seeds; `null` when no setting finished. */
  readonly best: Point | null;
  readonly loss: number | null;
  /** Settings tried: the same for every optimizer of an experiment. */
  readonly settings: number;
  /** Whether no change of a single hyperparameter within the grid improves the best setting. */
  readonly settled: boolean;
  readonly trials: Readonly<Record<'finished' | 'diverged' | 'stopped' | 'failed', number>>;
  readonly moves: readonly Move[];
  readonly rows: readonly AblationRow[];
}

/** What tuning found; the content of `tune.json`. */
export interface Tuning {
  readonly schemaVersion: 1;
  readonly experiment: string;
  readonly optimizers: readonly OptimizerTuning[];
}

/** The best settings, and every hyperparameter's values around them, as a page of Markdown. */
export function tuningPage({ experiment, optimizers }: Tuning): string {
  const sections = optimizers.map((optimizer) => {
    const rows = [...byKey(optimizer.rows)].map(([key, values]) =>
      [key, ...values.map(formatRow)].map(markdownCell),
    );
    const columns = Math.max(2, ...rows.map((cells) => cells.length));
    const head = ['key', ...new Array<string>(columns - 1).fill('value: loss')];
    return `## ${markdownCell(optimizer.title)}\n\n${markdownCell(tuningVerdict(optimizer))}\n\n${markdownTable(head, rows)}\n`;
  });
  return `# Tuning of ${experiment}\n\n${sections.join('\n')}`;
}

/** The best setting of an optimizer, its loss, and what finding it took, in a line. */
export function tuningVerdict({ title, best, loss, settings, settled, trials }: OptimizerTuning): string {
  const { diverged, stopped, failed } = trials;
  const lost = Object.entries({ diverged, stopped, failed }).flatMap(([status, count]) =>
    count === 0 ? [] : [`${count} ${status}`],
  );
  const counted = `${settings} settings${lost.length === 0 ? '' : `; trials ${lost.join(', ')}`}`;
  if (best === null || loss === null) return `${title}: no setting finished (${counted})`;
  const values = Object.entries(best).map(([key, value]) => `${key} ${formatValue(value)}`);
  const end = settled ? 'no single change improves it' : 'some single changes are untried';
  return `${title}: ${loss.toFixed(4)} at ${values.join(', ')} (${counted}; ${end})`;
}

/** The ablation of every hyperparameter. */
export function byKey(rows: readonly AblationRow[]): Map<string, AblationRow[]> {
  const keys = new Map<string, AblationRow[]>();
  for (const row of rows) keys.set(row.key, [...(keys.get(row.key) ?? []), row]);
  return keys;
}

/** A value and the loss at it, the best marked with `*`. */
export function formatRow({ value, loss, tried, best }: AblationRow): string {
  const shown = loss === null ? (tried ? 'none' : 'untried') : loss.toFixed(4);
  return `${formatValue(value)}: ${shown}${best ? '*' : ''}`;
}
