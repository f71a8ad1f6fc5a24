import {
  linearWarmup,
  type RunShape,
  type RunShapeType,
  runShapeDefaults,
  type ScheduleDescription,
  scheduleOfRun,
  usedRunShape,
} from '@steepest/lr-schedules';
import { nearestName } from '@steepest/run-files';
import { type ColumnSpec, readColumns } from '../../table/columns.ts';
import { runColumns } from '../../table/run-columns.ts';
import type { Table } from '../../table/table.ts';
import type { ScheduleRun } from './schedule-run.ts';

type ScheduleNumber =
  | 'warmupSteps'
  | 'warmupFraction'
  | 'decaySteps'
  | 'decayFraction'
  | 'startFactor'
  | 'endFactor';

/** A run of a sweep of schedules, as a table has it: the schedule in numbers. */
export interface SweepRow extends Readonly<Partial<Record<ScheduleNumber, number | null | undefined>>> {
  readonly parameters: number;
  readonly batchTokens: number;
  readonly totalSteps: number;
  readonly learningRate: number;
  readonly schedule?: string | undefined;
  readonly points?: string | null | undefined;
  readonly loss?: number | undefined;
}

/** A column that a table may lack, and a row may leave empty. */
const optional = (name: string, meaning: string, aliases?: readonly string[]): ColumnSpec => ({
  ...{ name, meaning, aliases },
  ...{ quantity: 'text', required: false },
});

export const sweepColumns: readonly ColumnSpec[] = [
  { name: 'parameters', meaning: 'size of the model', quantity: 'parameters', aliases: ['params', 'N'] },
  { name: 'batchTokens', meaning: 'tokens per step', quantity: 'batchTokens', aliases: ['tokensPerStep'] },
  {
    ...{ name: 'totalSteps', meaning: 'steps that the run was meant to have', quantity: 'steps' },
    aliases: ['budget.steps', 'steps'],
  },
  { ...runColumns.learningRate, aliases: [...runColumns.learningRate.aliases, 'peak'], mustVary: true },
  optional(
    'schedule',
    'cosine (if left out), study, linear, constant, warmupStableDecay or piecewiseLinear',
    ['schedule.type'],
  ),
  optional('warmupSteps', 'steps of the linear warm-up'),
  optional(
    'warmupFraction',
    'share of the run that is warm-up, where its steps are not given; none where left out',
    ['schedule.warmupFraction'],
  ),
  optional('decaySteps', 'steps of the decay of warmupStableDecay'),
  optional(
    'decayFraction',
    'share of the run that is that decay, where its steps are not given; a fifth where left out',
    ['schedule.decayFraction'],
  ),
  optional(
    'startFactor',
    'share of the peak from which the warm-up rises, where left out a tenth of study and none of the others',
    ['schedule.startFactor'],
  ),
  optional(
    'endFactor',
    'share of the peak at which the decay ends, where left out a tenth of study and none of the others',
    ['schedule.endFactor'],
  ),
  optional('points', 'points of piecewiseLinear, as [[share of the run, share of the peak], ...]', [
    'schedule.points',
  ]),
  { name: 'loss', meaning: 'final loss of runs that did not diverge, nats/token', quantity: 'loss' },
  optional('status', '"diverged" where a run did; without this column none did'),
];

/** What a run's status is where nobody knows how it would have ended. */
const unended = ['interrupted', 'stopped', 'failed', 'running'];

/**
 * The runs of a sweep that ended. Those that diverged need no loss.
 *
 * @throws Error naming the column, or the row, that cannot be used
 */
export function sweepRuns(table: Table, columns: Readonly<Record<string, string>>): ScheduleRun[] {
  const status = columns.status ?? 'status';
  const isDiverged = (row: Readonly<Record<string, unknown>>) => row[status] === 'diverged';
  const converged = table.where((row) => !isDiverged(row) && !unended.includes(String(row[status])));
  const diverged = table.where(isDiverged);
  const { loss: _, ...others } = columns;
  const withoutLoss = sweepColumns
    .filter(({ name }) => name !== 'loss')
    .map((column) => ({ ...column, mustVary: false }));
  const read = (runs: Table, specs: readonly ColumnSpec[], named: Readonly<Record<string, string>>) =>
    readColumns<SweepRow>(runs, specs, { columns: named }).map((row, index): ScheduleRun => {
      const { parameters, batchTokens, totalSteps, loss = null } = row;
      const schedule = describeSchedule(row, `${runs.source}, ${runs.place(index)}`);
      const tokens = batchTokens * totalSteps;
      return { schedule, steps: totalSteps, parameters, tokens, loss, diverged: loss === null };
    });
  return [
    ...read(converged, sweepColumns, columns),
    ...(diverged.length === 0 ? [] : read(diverged, withoutLoss, others)),
  ];
}

/**
 * A schedule from its numbers.
 *
 * @throws Error naming a number that is none, a schedule that is unknown, or what does not fit into the run
 */
export function describeSchedule(
  row: Omit<SweepRow, 'parameters' | 'batchTokens' | 'loss'>,
  where: string,
): ScheduleDescription {
  const { totalSteps, learningRate: peak } = row;
  const type = (row.schedule ?? 'cosine') as RunShapeType;
  if (!Object.hasOwn(runShapeDefaults, type)) {
    const types = Object.keys(runShapeDefaults);
    throw new Error(
      `${where}: there is no schedule "${type}", did you mean "${nearestName(String(type), types)}"? ` +
        `Known are ${types.join(', ')}`,
    );
  }
  const used = runShapeDefaults[type];
  const number = (name: ScheduleNumber): number | undefined => {
    const value = row[name] ?? undefined;
    if (value === undefined || (Number.isFinite(value) && value >= 0)) return value;
    throw new Error(`${where}: ${name} must be a number of at least 0, got ${JSON.stringify(value)}`);
  };
  /** Of what a table gives in steps, or in shares of the run. */
  const stepsOf = (steps: 'warmupSteps' | 'decaySteps', share: 'warmupFraction' | 'decayFraction') => {
    if (used[share] === undefined) return 0;
    const fallback = share === 'warmupFraction' ? 0 : used[share];
    return Math.round(number(steps) ?? (number(share) ?? fallback) * totalSteps);
  };
  const warmupSteps = stepsOf('warmupSteps', 'warmupFraction');
  const decaySteps = Math.max(1, stepsOf('decaySteps', 'decayFraction'));
  const startFactor = used.startFactor === undefined ? undefined : number('startFactor');
  // A run that was cut short within its warm-up.
  if (type === 'constant' && warmupSteps > totalSteps) {
    return linearWarmup({ peak, warmupSteps, startFactor }).description;
  }
  for (const [name, steps] of [['warmupSteps', warmupSteps] as const, ['decaySteps', decaySteps] as const]) {
    if (steps <= totalSteps) continue;
    throw new Error(`${where}: ${name} must be at most the ${totalSteps} steps of the run, got ${steps}`);
  }
  const shape: RunShape = {
    type,
    warmupFraction: warmupSteps / totalSteps,
    decayFraction: decaySteps / totalSteps,
    startFactor,
    endFactor: used.endFactor === undefined ? undefined : number('endFactor'),
    points: type === 'piecewiseLinear' ? pointsOf(row.points, where) : undefined,
  };
  try {
    return scheduleOfRun(usedRunShape(shape), { peak, totalSteps }).description;
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** The points of a schedule of straight lines, as a cell of a table has them: shares of the run and of the peak. */
function pointsOf(cell: SweepRow['points'], where: string): (readonly [number, number])[] {
  const isPoint = (point: unknown): point is readonly [number, number] =>
    Array.isArray(point) && point.length === 2 && point.every((value) => Number.isFinite(value));
  try {
    const points: unknown = JSON.parse(cell ?? '');
    if (Array.isArray(points) && points.length > 0 && points.every(isPoint)) return points;
  } catch {
    // The error below says so.
  }
  throw new Error(
    `${where}: the points of piecewiseLinear must be [[share of the run, share of the peak], ...], ` +
      `got ${JSON.stringify(cell ?? null)}`,
  );
}
