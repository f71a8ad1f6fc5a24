import { groupsBy, groupsNear, rangeOf } from '../fitting/numbers.ts';
import { findColumn } from '../table/columns.ts';
import type { Cell, Table } from '../table/table.ts';
import type { Law, LawOptions } from './law.ts';

/** What tells which runs of a table a law is of. */
export type LawOfRuns = Pick<Law, 'name' | 'columns' | 'points' | 'mayDiffer'>;

/** A run: one row, or all points of its curve. */
export interface RunUnit {
  /** What a message calls it. */
  readonly place: string;
  readonly rows: number[];
}

/** Columns that name a run or time it, and say nothing of what it was. */
const incidental = new Set([
  ...['run', 'run_name', 'name', 'id', 'run_id', 'trial', 'file', 'path'],
  ...['seconds', 'wall_time', 'time', 'timestamp'],
]);
/** Columns that grow along a curve. */
const progress = ['step', 'tokens', 'flops', 'scheduledLearningRate'];
/** Numbers of tokens or steps closer than this ratio are one: whole steps of different batches do not end alike. */
const sameLength = 1.02;

/** The runs of a table, and where each lies among what a law is of. */
export class Units {
  readonly all: readonly RunUnit[];
  /** Columns in which runs that a law can tell apart differ. */
  readonly cellColumns: readonly string[];
  /** What a message calls a value of all of them. */
  readonly cellName: string;
  private readonly lengths: readonly string[];
  private readonly loss: string | undefined;
  private readonly run: string | undefined;

  constructor(
    readonly law: LawOfRuns,
    readonly table: Table,
    { columns = {} }: LawOptions,
  ) {
    const isCurve = law.points !== undefined;
    const found = new Map(
      law.columns.flatMap((spec) => {
        const column = findColumn(table, spec, columns[spec.name]);
        return column === undefined ? [] : [[spec.name, column] as const];
      }),
    );
    this.run = found.get('run') ?? (table.has('run') ? 'run' : undefined);
    this.loss = found.get('loss');
    const others = ['run', 'loss', 'status', 'flops', ...(isCurve ? progress : [])];
    this.cellColumns = [...found].flatMap(([name, column]) => (others.includes(name) ? [] : [column]));
    this.cellName = this.cellColumns.length === 0 ? 'law' : this.cellColumns.join(' and ');
    const lengths = isCurve ? ['step', 'tokens', 'flops'] : ['tokens', 'totalSteps'];
    this.lengths = lengths.flatMap((name) => found.get(name) ?? []);
    this.all = this.units(isCurve);
  }

  /** Everything that a row says, names left out. */
  contentOfRow(row: number): string {
    const names = this.table.names.filter((name) => name !== this.run && !incidental.has(name));
    return JSON.stringify(names.map((name) => String(this.table.column(name)[row])));
  }

  /** The value of a column for a run; of one that changes on the way, as a rate does, the largest. */
  valueOf({ rows }: RunUnit, column: string): Cell {
    const cells = rows.map((row) => this.table.column(column)[row] ?? null);
    const numbers = cells.filter((cell) => typeof cell === 'number');
    if (numbers.length === 0) return cells[0]!;
    return rangeOf(numbers).high;
  }

  /** The loss that a run ends with; infinite where it has none. */
  lossOf({ rows }: RunUnit): number {
    const loss = this.loss === undefined ? null : this.table.column(this.loss)[this.lastOf(rows)];
    return typeof loss === 'number' && Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY;
  }

  /** How many runs have each value of a column; empty cells are not counted. */
  countsOf(column: string): Map<string, number> {
    const valued = this.all.filter((unit) => this.valueOf(unit, column) !== null);
    const alike = groupsBy(valued, (unit) => String(this.valueOf(unit, column)));
    return new Map(alike.map((own) => [String(this.valueOf(own[0]!, column)), own.length]));
  }

  /** Runs that a law takes to be alike. */
  byCell(): RunUnit[][] {
    const fixed = this.cellColumns.filter((column) => !this.lengths.includes(column));
    const lengths = this.lengths.map((column) => this.lengthsOf(column));
    return groupsBy(this.all, (unit) =>
      JSON.stringify([
        fixed.map((column) => String(this.valueOf(unit, column))),
        lengths.map((of) => of.get(this.lastOf(unit.rows))),
      ]),
    );
  }

  /** For the last row of each run, which of the groups of nearly equal lengths it is in. */
  private lengthsOf(column: string): Map<number, number> {
    const cells = this.table.column(column);
    const lasts = this.all.map(({ rows }) => this.lastOf(rows));
    const near = groupsNear(lasts, (row) => Number(cells[row]), sameLength);
    return new Map(near.flatMap((rows, index) => rows.map((row) => [row, index] as const)));
  }

  private lastOf(rows: readonly number[]): number {
    const [column] = this.lengths;
    if (column === undefined) return rows.at(-1)!;
    const cells = this.table.column(column);
    return rows.reduce((last, row) => (Number(cells[row]) > Number(cells[last]) ? row : last));
  }

  private units(isCurve: boolean): RunUnit[] {
    const rows = Array.from({ length: this.table.length }, (_, row) => row);
    if (!isCurve) return rows.map((row) => ({ place: this.table.place(row), rows: [row] }));
    // Points of a curve that name no run are of one run where nothing else tells them apart.
    const by = this.run === undefined ? this.cellColumns : [this.run];
    const namesOf = (row: number) =>
      by.map((column) => JSON.stringify(this.table.column(column)[row] ?? null)).join(' ');
    return groupsBy(rows, namesOf).map((own) => ({ place: `run ${namesOf(own[0]!)}`, rows: own }));
  }
}
