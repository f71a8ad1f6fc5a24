import {
  constant,
  cosine,
  linear,
  linearWarmup,
  type ScheduleDescription,
  studySchedule,
  warmupStableDecay,
} from '@steepest/lr-schedules';
import { nearest } from '../../options.ts';
import { type ColumnSpec, readColumns } from '../../table/columns.ts';
import type { Table } from '../../table/table.ts';
import type { ScheduleRun } from './schedule-run.ts';

/** A run of a sweep of schedules, as a table has it: the schedule in numbers. */
export interface SweepRow {
  readonly parameters: number;
  readonly batchTokens: number;
  readonly totalSteps: number;
  readonly learningRate: number;
  readonly schedule?: string;
  readonly warmupSteps?: number | null;
  readonly decaySteps?: number | null;
  readonly endFactor?: number | null;
  readonly loss?: number;
}

export const sweepColumns: readonly ColumnSpec[] = [
  { name: 'parameters', meaning: 'size of the model', quantity: 'parameters', aliases: ['params', 'N'] },
  { name: 'batchTokens', meaning: 'tokens a step', quantity: 'batchTokens', aliases: ['tokensPerStep'] },
  {
    name: 'totalSteps',
    meaning: 'steps that the run was meant to have',
    quantity: 'steps',
    aliases: ['budget.steps', 'steps'],
  },
  {
    name: 'learningRate',
    meaning: 'peak learning rate',
    quantity: 'learningRate',
    aliases: ['lr', 'learning_rate', 'peak'],
    mustVary: true,
  },
  {
    name: 'schedule',
    meaning: 'cosine (if left out), study, linear, constant or warmupStableDecay',
    quantity: 'text',
    aliases: ['schedule.type'],
    required: false,
  },
  { name: 'warmupSteps', meaning: 'steps of the linear warm-up', quantity: 'text', required: false },
  {
    name: 'decaySteps',
    meaning: 'steps of the decay of warmupStableDecay; a fifth of the run where left out',
    quantity: 'text',
    required: false,
  },
  {
    name: 'endFactor',
    meaning: 'share of the peak at the end of cosine and linear',
    quantity: 'text',
    required: false,
  },
  { name: 'loss', meaning: 'final loss of runs that did not diverge, nats/token', quantity: 'loss' },
  {
    name: 'status',
    meaning: '"diverged" where a run did; without this column none did',
    quantity: 'text',
    required: false,
  },
];

/**
 * The runs of a sweep. Those that diverged need no loss.
 *
 * @throws Error naming the column, or the row, that cannot be used
 */
export function sweepRuns(table: Table, columns: Readonly<Record<string, string>>): ScheduleRun[] {
  const status = columns.status ?? 'status';
  const isDiverged = (row: Readonly<Record<string, unknown>>) => row[status] === 'diverged';
  const converged = table.where((row) => !isDiverged(row));
  const diverged = table.where(isDiverged);
  const withoutLoss = sweepColumns.filter(({ name }) => name !== 'loss');
  const { loss: _, ...others } = columns;
  const shared = withoutLoss.map((column) => ({ ...column, mustVary: false }));
  return [
    ...readColumns<SweepRow>(converged, sweepColumns, { columns }).map((row, index) =>
      runOf(row, `${table.source}, run ${index + 1}`),
    ),
    ...(diverged.length === 0 ? [] : readColumns<SweepRow>(diverged, shared, { columns: others })).map(
      (row, index) => runOf(row, `${table.source}, diverged run ${index + 1}`),
    ),
  ];
}

function runOf(row: SweepRow, where: string): ScheduleRun {
  const { parameters, batchTokens, totalSteps, loss } = row;
  return {
    schedule: describeSchedule(row, where),
    steps: totalSteps,
    parameters,
    tokens: batchTokens * totalSteps,
    loss: loss ?? null,
    diverged: loss === undefined,
  };
}

const kinds = ['cosine', 'study', 'linear', 'constant', 'warmupStableDecay'];

/**
 * A schedule from its numbers.
 *
 * @throws Error naming a number that is none, or a schedule that is unknown
 */
export function describeSchedule(
  row: Pick<
    SweepRow,
    'totalSteps' | 'learningRate' | 'schedule' | 'warmupSteps' | 'decaySteps' | 'endFactor'
  >,
  where: string,
): ScheduleDescription {
  const { totalSteps, learningRate: peak, schedule = 'cosine' } = row;
  const number = (name: 'warmupSteps' | 'decaySteps' | 'endFactor', fallback: number) => {
    const value = row[name] ?? fallback;
    if (Number.isFinite(value) && value >= 0) return value;
    throw new Error(`${where}: ${name} must be a number of at least 0, got ${JSON.stringify(value)}`);
  };
  const warmupSteps = Math.round(number('warmupSteps', 0));
  const decay = { peak, totalSteps, warmupSteps };
  const endFactor = number('endFactor', schedule === 'study' ? 0.1 : 0);
  switch (schedule) {
    case 'cosine':
      return cosine({ ...decay, endFactor }).description;
    case 'linear':
      return linear({ ...decay, endFactor }).description;
    case 'study':
      return studySchedule({ ...decay, endFactor }).description;
    case 'constant':
      return (warmupSteps === 0 ? constant(peak) : linearWarmup({ peak, warmupSteps })).description;
    case 'warmupStableDecay': {
      const decaySteps = Math.max(1, Math.round(number('decaySteps', totalSteps / 5)));
      return warmupStableDecay({ ...decay, endFactor, decaySteps }).description;
    }
    default:
      throw new Error(
        `${where}: there is no schedule "${schedule}", did you mean "${nearest(String(schedule), kinds)}"? ` +
          `Known are ${kinds.join(', ')}`,
      );
  }
}
