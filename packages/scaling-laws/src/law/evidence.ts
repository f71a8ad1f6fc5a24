import { printableList } from '@steepest/run-files';
import { mean } from '@steepest/statistics';
import { groupsBy, leastBy } from '../fitting/numbers.ts';
import { checkList } from '../options.ts';
import { knownSettings, type Setting } from '../table/settings.ts';
import type { Table } from '../table/table.ts';
import type { LawOptions } from './law.ts';
import { type LawOfRuns, type RunUnit, Units } from './run-units.ts';

/** A table of runs that one law can be of, and what was done to make it so. */
export interface Evidence {
  readonly table: Table;
  /** One sentence for each thing that a reader of the fit must know. */
  readonly notes: readonly string[];
}

/**
 * The runs of a table that say something about a law: copies count once, of settings that `bestOf` names only the best remain,
 * and what is left must be runs of one optimizer, one data set and, where they are alike otherwise, one learning rate.
 *
 * @throws Error naming the settings that are mixed and how to choose between them
 */
export function evidenceOf(law: LawOfRuns, given: Table, options: LawOptions): Evidence {
  const { bestOf = [], mix = [] } = options;
  for (const [name, value] of Object.entries({ bestOf, mix })) checkList(law.name, name, value);
  const distinct = withoutCopies(new Units(law, given, options));
  const chosen = bestOf.map((name) => columnOf(law, distinct.table, name));
  const best = onlyBest(new Units(law, distinct.table, options), chosen);
  const allowed = mix.map((name) => columnOf(law, best.table, name));
  const units = new Units(law, best.table, options);
  const mixtures = knownSettings.flatMap((setting) => {
    const column = settingColumn(best.table, setting);
    if (column === undefined || chosen.includes(column) || law.mayDiffer?.includes(setting.name)) return [];
    if (law.columns.some(({ name }) => name === setting.name)) return [];
    return mixtureOf(units, column, setting.one, allowed.includes(column));
  });
  return { table: best.table, notes: [...distinct.notes, ...best.notes, ...mixtures] };
}

function withoutCopies(units: Units): Evidence {
  const { table } = units;
  const first = new Map<string, string>();
  const copies: string[] = [];
  let repeated = 0;
  const kept = units.all.flatMap((unit) => {
    const once = new Map(unit.rows.map((row) => [units.contentOfRow(row), row]));
    const content = [...once.keys()].join('\n');
    const original = first.get(content);
    if (original !== undefined) {
      copies.push(`${unit.place} of ${original}`);
      return [];
    }
    first.set(content, unit.place);
    // Where a curve is all that a law is of, a step that comes twice is a fault of its own.
    if (units.cellColumns.length === 0) return unit.rows;
    repeated += unit.rows.length - once.size;
    return [...once.values()];
  });
  const notes = [
    ...(copies.length === 0
      ? []
      : [
          `${copies.length} of ${units.all.length} runs repeat another in every number and count once ` +
            `(${printableList(copies, 3)}); runs of other seeds need a column that tells them apart`,
        ]),
    ...(repeated === 0 ? [] : [`${repeated} rows repeat another of their run and count once`]),
  ];
  return notes.length === 0 ? { table, notes } : { table: table.only(kept.sort((a, b) => a - b)), notes };
}

function onlyBest(units: Units, columns: readonly string[]): Evidence {
  const { table } = units;
  if (columns.length === 0) return { table, notes: [] };
  const settingsOf = (unit: RunUnit) => JSON.stringify(columns.map((column) => units.valueOf(unit, column)));
  const rows = units
    .byCell()
    .flatMap((cell) =>
      leastBy(groupsBy(cell, settingsOf), (alike) => mean(alike.map((unit) => units.lossOf(unit)))),
    )
    .flatMap((unit) => unit.rows)
    .sort((a, b) => a - b);
  const kept = `${rows.length} of ${table.length} rows`;
  return {
    table: table.only(rows),
    notes: [`only the runs of the best ${columns.join(' and ')} of each ${units.cellName} are used: ${kept}`],
  };
}

/** What a reader must know where runs differ in a setting, if they may. */
function mixtureOf(units: Units, column: string, one: boolean, isAllowed: boolean): string[] {
  const values = units.countsOf(column);
  if (values.size < 2) return [];
  const listed = printableList(
    [...values].map(([value, count]) => `${value} (${count} ${count === 1 ? 'run' : 'runs'})`),
    6,
  );
  const sameEverywhere = one || units.cellColumns.length === 0;
  const cells = units.byCell();
  const mixed = cells.filter((cell) => new Set(cell.map((unit) => units.valueOf(unit, column))).size > 1);
  if (!sameEverywhere && mixed.length === 0) return [];
  if (isAllowed) return [`runs of several ${column} are mixed: ${listed}`];
  const [[first = ''] = []] = values;
  const condition = `${/^[\w.]+$/.test(column) ? column : `[${column}]`} == ${JSON.stringify(first)}`;
  throw new Error(
    `${units.table.source}: the runs differ in ${column}: ${listed}` +
      (sameEverywhere ? '' : `, in ${mixed.length} of ${cells.length} cases at the same ${units.cellName}`) +
      `. One ${units.law.name} law cannot be of all of them: choose with --where '${condition}', ` +
      (units.cellColumns.length === 0
        ? ''
        : `keep the best at each ${units.cellName} with --best-of ${column}, `) +
      `or mix them with --mix ${column} (options bestOf and mix of fit)`,
  );
}

/** The column of a setting, by its own name or that of the table. */
function columnOf(law: LawOfRuns, table: Table, name: string): string {
  if (table.has(name)) return name;
  const setting = knownSettings.find((known) => known.name === name || known.aliases.includes(name));
  const column = setting && settingColumn(table, setting);
  if (column !== undefined) return column;
  throw new Error(`${law.name}: cannot choose by "${name}": ${table.source}: ${table.noColumn(name)}`);
}

function settingColumn(table: Table, { name, aliases }: Setting): string | undefined {
  return [name, ...aliases].find((own) => table.has(own));
}
