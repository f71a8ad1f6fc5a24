import { type HoldOutOptions, splitByCompute } from '../fitting/hold-out.ts';
import { isPositiveQuantity, readColumns } from '../table/columns.ts';
import { Table } from '../table/table.ts';
import { evidenceOf } from './evidence.ts';
import { type FitDescription, FittedLaw } from './fitted-law.ts';
import type { CommonLawOptions, Law, LawOptions } from './law.ts';
import {
  listedOptions,
  type OptionSpecs,
  type OptionsGiven,
  type OptionValues,
  readOptions,
} from './option-specs.ts';
import { type FitRecord, readSaved, type SavedSchema, savedVersion } from './saved-fit.ts';

/** What a law's own fit is given in addition to the rows. */
export interface FitContext<Options> {
  readonly options: Options;
  /** Resamples to draw, 0 for none. */
  readonly samples: number;
  readonly seed: number;
  readonly holdOut: HoldOutOptions | undefined;
  /** Keeps out of the fit what `holdOut` says. */
  split<Unit>(
    units: readonly Unit[],
    compute: (unit: Unit) => number,
  ): { readonly fitted: readonly Unit[]; readonly heldOut: readonly Unit[] };
}

/** Which columns of a table to read, and the law's own options. */
interface Chosen<Options> {
  readonly columns: Readonly<Record<string, string>>;
  readonly options: OptionValues<Options>;
}

/** Rows of a table, with a sentence for each thing that a reader of the fit must know of them. */
interface RowsRead<Row> {
  readonly rows: readonly Row[];
  readonly notes?: readonly string[] | undefined;
}

/** What a law's own fit finds. */
export type Found<Constants, Unit, Details> = Pick<
  FitRecord<Constants, Unit, Details>,
  'constants' | 'samples' | 'objective' | 'warnings' | 'fitted' | 'heldOut' | 'details'
>;

/** All that is particular to a law; {@link defineLaw} does the rest. */
export interface LawDefinition<Row, Constants, Unit, Details, Options, Members>
  extends FitDescription<Constants, Unit, Details>,
    Pick<Law, 'title' | 'formula' | 'source' | 'columns' | 'points' | 'status' | 'mayDiffer'> {
  /** Fewest rows that it can be fitted on. */
  readonly least?: number | undefined;
  readonly options: Options;
  /** Resamples when nobody says how many. */
  readonly bootstrap: number;
  /**
   * Its rows from a table, where they are not the columns as they are; such a law also checks rows that it is given itself.
   */
  readonly read?: ((table: Table, given: Chosen<Options>) => RowsRead<Row>) | undefined;
  /** What must hold between the columns of a table; it throws where it does not. */
  readonly check?: ((source: string, rows: readonly Row[]) => void) | undefined;
  fit(rows: readonly Row[], context: FitContext<OptionValues<Options>>): Found<Constants, Unit, Details>;
  /** What its fits can do in addition to what every fit can. */
  readonly members?: ((fit: FittedLaw<Constants, Unit, Details>) => Members) | undefined;
  readonly saved: SavedSchema;
}

/**
 * Makes a law of its formula and what is particular to it. Columns, options, hold-out, intervals, goodness of fit, questions,
 * the saved form and the look at the runs that a table holds are the same for every law, and done here.
 */
export function defineLaw<Row, Constants, Unit, Details, Options extends OptionSpecs, Members extends object>(
  definition: LawDefinition<Row, Constants, Unit, Details, Options, Members>,
) {
  type Fit = FittedLaw<Constants, Unit, Details> & Members;
  const { name, title, formula, source, columns, points, status, mayDiffer } = definition;
  const described = {
    ...{ name, title, formula, source, columns, points, status, mayDiffer },
    options: listedOptions(definition.options),
    queries: definition.predict.specs,
    suggestions: definition.suggest?.specs,
  };
  const fitOf = (record: FitRecord<Constants, Unit, Details>): Fit => {
    const fit = new FittedLaw<Constants, Unit, Details>(definition as never, record);
    return Object.assign(fit, definition.members?.(fit)) as Fit;
  };
  /** The rows of a table, once it is sure that they are evidence of one law. */
  const rowsOf = (given: Table, options: LawOptions, chosen: Chosen<Options>): RowsRead<Row> => {
    const { table, notes } = evidenceOf(definition, given, options);
    const { least } = definition;
    const read = definition.read?.(table, chosen) ?? {
      rows: readColumns<Row>(table, columns, { columns: chosen.columns, least }),
    };
    definition.check?.(table.source, read.rows);
    return { rows: read.rows, notes: [...notes, ...(read.notes ?? [])] };
  };
  return {
    ...described,
    fit(data: Table | readonly Row[], given: CommonLawOptions & OptionsGiven<Options> = {}): Fit {
      const options = readOptions(name, definition.options, given, definition.bootstrap);
      const { samples, seed, confidence, holdOut, own } = options;
      if (!(data instanceof Table)) checkRows(definition, data, given);
      const { rows, notes = [] } =
        data instanceof Table ? rowsOf(data, given, { ...options, options: own }) : { rows: data };
      const found = definition.fit(rows, {
        ...{ options: own, samples, seed, holdOut },
        split: (units, compute) =>
          holdOut === undefined ? { fitted: units, heldOut: [] } : splitByCompute(units, compute, holdOut),
      });
      const warnings = [...notes, ...found.warnings];
      return fitOf({ law: name, version: savedVersion, confidence, ...found, warnings });
    },
    restore: (json: unknown): Fit => fitOf(readSaved(name, definition.saved, json)),
  };
}

/** @throws Error naming what is wrong with rows that were given in place of a table */
function checkRows(
  law: Pick<Law, 'name' | 'columns'> & { readonly least?: number | undefined; readonly read?: unknown },
  rows: readonly unknown[],
  { columns, bestOf, mix }: LawOptions,
): void {
  for (const [option, value] of Object.entries({ columns, bestOf, mix })) {
    if (value === undefined) continue;
    throw new Error(
      `${law.name}: ${option} chooses from a table, but rows were given: give Table.fromRows(source, rows)`,
    );
  }
  if (law.read !== undefined) return;
  const { least = 1 } = law;
  if (rows.length < least) {
    throw new Error(`${law.name}: ${rows.length} rows are too few, at least ${least} are needed`);
  }
  const needed = law.columns.filter(({ quantity }) => isPositiveQuantity(quantity));
  rows.forEach((row, index) => {
    for (const { name, key = name, required = true } of needed) {
      const value = (row as Readonly<Record<string, unknown>>)[key];
      if (value === undefined && !required) continue;
      if (Number.isFinite(value) && (value as number) > 0) continue;
      const remedy = key === 'loss' ? '; leave out runs that diverged' : '';
      throw new Error(
        `${law.name}: ${key} of row ${index + 1} must be a positive number, got ${value}${remedy}`,
      );
    }
  });
}
