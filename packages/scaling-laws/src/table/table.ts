import { nearest } from '../options.ts';

/** One cell: a number, a text, or `null` where the table has none. */
export type Cell = number | string | null;

/** Runs, one a row, with named columns. */
export class Table {
  readonly names: readonly string[];
  /** Number of rows. */
  readonly length: number;
  private readonly columns: ReadonlyMap<string, readonly Cell[]>;

  /**
   * @param source where the rows came from, for messages
   * @throws Error when columns differ in length
   */
  constructor(
    readonly source: string,
    columns: Readonly<Record<string, readonly Cell[]>>,
  ) {
    this.columns = new Map(Object.entries(columns));
    this.names = [...this.columns.keys()];
    this.length = this.columns.get(this.names[0] ?? '')?.length ?? 0;
    for (const [name, cells] of this.columns) {
      if (cells.length !== this.length) {
        throw new Error(
          `${source}: column ${name} has ${cells.length} cells, ${this.names[0]} has ${this.length}`,
        );
      }
    }
  }

  /** A table of objects; a key that a row lacks is an empty cell. */
  static fromRows(source: string, rows: readonly Readonly<Record<string, Cell | undefined>>[]): Table {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return new Table(
      source,
      Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? null)])),
    );
  }

  /** The rows of several tables; a column that a table lacks has empty cells there. */
  static join(source: string, tables: readonly Table[]): Table {
    if (tables.length === 1) return tables[0]!;
    const names = [...new Set(tables.flatMap((table) => table.names))];
    const cells = (name: string) =>
      tables.flatMap((table): Cell[] =>
        table.has(name) ? [...table.column(name)] : new Array<Cell>(table.length).fill(null),
      );
    return new Table(source, Object.fromEntries(names.map((name) => [name, cells(name)])));
  }

  has(name: string): boolean {
    return this.columns.has(name);
  }

  /** @throws Error naming the nearest column when there is none of this name */
  column(name: string): readonly Cell[] {
    const cells = this.columns.get(name);
    if (cells) return cells;
    throw new Error(
      `${this.source}: there is no column "${name}", did you mean "${nearest(name, this.names)}"? ` +
        `Its columns are ${this.names.join(', ')}`,
    );
  }

  /** The rows that a test of their cells accepts. */
  where(accepts: (row: Readonly<Record<string, Cell>>) => boolean): Table {
    const rows = Array.from({ length: this.length }, (_, index) =>
      Object.fromEntries(this.names.map((name) => [name, this.columns.get(name)![index]!])),
    );
    const kept = rows.flatMap((row, index) => (accepts(row) ? [index] : []));
    return new Table(
      this.source,
      Object.fromEntries(
        this.names.map((name) => [name, kept.map((index) => this.columns.get(name)![index]!)]),
      ),
    );
  }
}
