import { nearestName, printableList } from '@steepest/run-files';

/** One cell: a number, which may be `NaN` or infinite, a text, or `null` where the table has none. */
export type Cell = number | string | null;

/** Runs, one per row, with named columns. */
export class Table {
  readonly names: readonly string[];
  /** Number of rows. */
  readonly length: number;
  private readonly columns: ReadonlyMap<string, readonly Cell[]>;
  private readonly places: readonly string[];

  /**
   * @param source where the rows came from, for messages
   * @param places what messages call each row; by default `row 1`, `row 2`, ...
   * @throws Error when columns differ in length
   */
  constructor(
    readonly source: string,
    columns: Readonly<Record<string, readonly Cell[]>>,
    places?: readonly string[] | undefined,
  ) {
    this.columns = new Map(Object.entries(columns));
    this.names = [...this.columns.keys()];
    this.length = this.columns.get(this.names[0] ?? '')?.length ?? 0;
    this.places = places ?? Array.from({ length: this.length }, (_, row) => `row ${row + 1}`);
    for (const [name, cells] of this.columns) {
      if (cells.length !== this.length) {
        throw new Error(
          `${source}: column ${name} has ${cells.length} cells, ${this.names[0]} has ${this.length}`,
        );
      }
    }
  }

  /** A table of objects; a key that a row lacks is an empty cell. */
  static fromRows(
    source: string,
    rows: readonly Readonly<Record<string, Cell | undefined>>[],
    places?: readonly string[] | undefined,
  ): Table {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    // A key that every object inherits is not a column of a row that lacks it.
    const cell = (row: Readonly<Record<string, Cell | undefined>>, name: string) =>
      Object.hasOwn(row, name) ? (row[name] ?? null) : null;
    const columns = names.map((name) => [name, rows.map((row) => cell(row, name))] as const);
    return new Table(source, Object.fromEntries(columns), places);
  }

  /** The rows of several tables; a column that a table lacks has empty cells there. */
  static join(source: string, tables: readonly Table[]): Table {
    if (tables.length === 1) return tables[0]!;
    const names = [...new Set(tables.flatMap((table) => table.names))];
    const cells = (name: string) =>
      tables.flatMap((table): Cell[] =>
        table.has(name) ? [...table.column(name)] : new Array<Cell>(table.length).fill(null),
      );
    return new Table(
      source,
      Object.fromEntries(names.map((name) => [name, cells(name)])),
      tables.flatMap((table) => table.places.map((place) => `${table.source}, ${place}`)),
    );
  }

  /** What a message calls a row: its place in the file, whatever was left out before it. */
  place(row: number): string {
    return this.places[row]!;
  }

  has(name: string): boolean {
    return this.columns.has(name);
  }

  /** @throws Error naming the nearest column when there is none of this name */
  column(name: string): readonly Cell[] {
    const cells = this.columns.get(name);
    if (cells) return cells;
    throw new Error(`${this.source}: ${this.noColumn(name)}`);
  }

  /** What a message says of a column that there is not: the nearest one, and all. */
  noColumn(name: string): string {
    const nearest = nearestName(name, this.names);
    return nearest === undefined
      ? `there is no column "${name}", nor any other`
      : `there is no column "${name}", did you mean "${nearest}"? The columns are ${printableList(this.names)}`;
  }

  /** The cells of a row by the names of their columns. */
  row(index: number): Readonly<Record<string, Cell>> {
    return Object.fromEntries(this.names.map((name) => [name, this.columns.get(name)![index]!]));
  }

  /** The rows that a test of their cells accepts. */
  where(accepts: (row: Readonly<Record<string, Cell>>) => boolean): Table {
    return this.only(
      Array.from({ length: this.length }, (_, row) => row).filter((row) => accepts(this.row(row))),
    );
  }

  /** The rows of these indices, in their order. */
  only(rows: readonly number[]): Table {
    const of = <T>(all: readonly T[]) => rows.map((row) => all[row]!);
    return new Table(
      this.source,
      Object.fromEntries(this.names.map((name) => [name, of(this.columns.get(name)!)])),
      of(this.places),
    );
  }

  /** The same rows with more columns, or others of the same name. */
  with(columns: Readonly<Record<string, readonly Cell[]>>): Table {
    return new Table(this.source, { ...Object.fromEntries(this.columns), ...columns }, this.places);
  }
}
