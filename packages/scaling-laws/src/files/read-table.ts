import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { finite, foldersIn, isObject, type RecordedRun, readRun } from '@steepest/run-files';
import { checkKeys } from '../options.ts';
import { cellOf, tableFromCsv } from '../table/csv.ts';
import {
  type RunRecord,
  type RunTableOptions,
  recordedNumbers,
  runsOfResults,
  settingsOf,
  tableOfRuns,
} from '../table/run-record.ts';
import { type Cell, Table } from '../table/table.ts';
import { parseJson, readJson, readText, withoutChecksum } from './read-text.ts';

/**
 * Reads training runs as one table: CSV or TSV files, JSON files (a list of rows, or the results.json of a comparison),
 * JSON lines, and run folders (a trial, an experiment, or a folder of experiments). Runs of several paths are joined; rows of
 * several files of rows have the name of theirs, without ending, in a column `file`.
 *
 * @throws Error when a path does not exist, is of no known kind or holds nothing usable; the message names it
 */
export async function readTable(
  paths: string | readonly string[],
  options: RunTableOptions = {},
): Promise<Table> {
  checkKeys('readTable', options, ['points', 'status']);
  const all = typeof paths === 'string' ? [paths] : paths;
  if (all.length === 0) throw new Error('readTable: give at least one file or folder');
  const tables: { readonly path: string; readonly table: Table }[] = [];
  const runs: RunRecord[] = [];
  for (const path of all) {
    const read = await readPath(path);
    if (read instanceof Table) tables.push({ path, table: read });
    else runs.push(...read);
  }
  const source = all.length <= 3 ? all.join(', ') : `${all.length} files and folders`;
  const joined = tables.length > 1 ? withFileNames(tables) : tables.map(({ table }) => table);
  return Table.join(source, runs.length > 0 ? [...joined, tableOfRuns(source, runs, options)] : joined);
}

/** Rows keep the name of their file, as a file often is a run; its path where two have the same name. */
function withFileNames(tables: readonly { readonly path: string; readonly table: Table }[]): Table[] {
  const names = tables.map(({ path }) => basename(path, extname(path)));
  const unique = new Set(names).size === names.length;
  return tables.map(({ path, table }, index) => {
    if (table.has('file')) return table;
    const file = unique ? names[index]! : path;
    return table.with({ file: new Array<Cell>(table.length).fill(file) });
  });
}

async function readPath(path: string): Promise<Table | RunRecord[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Error(`${path}: there is no such file or folder`);
  if (found.isDirectory()) return readFolder(path);
  const text = (await readText(path)) ?? '';
  switch (extname(path).toLowerCase()) {
    case '.csv':
    case '.tsv':
    case '.txt':
      return tableFromCsv(text, path);
    case '.json': {
      const value = parseJson(text, path);
      return Array.isArray(value)
        ? rowsTable(value, path)
        : runsOfResults(withoutChecksum(value, path), path);
    }
    case '.jsonl':
      return rowsTable(
        text
          .split('\n')
          .flatMap((line, index) => (line.trim() ? [parseJson(line, `${path}, line ${index + 1}`)] : [])),
        path,
      );
    default:
      throw new Error(`${path}: expected a .csv, .tsv, .json or .jsonl file, or a folder of runs`);
  }
}

async function readFolder(path: string): Promise<RunRecord[]> {
  const runs = await runsInFolder(path);
  if (runs.length > 0) return runs;
  const file = join(path, 'results.json');
  const results = await readJson(file);
  if (results !== undefined) return runsOfResults(withoutChecksum(results, file), file);
  throw new Error(
    `${path}: no run is in this folder: expected folders with a config.json, or a results.json`,
  );
}

function rowsTable(rows: readonly unknown[], path: string): Table {
  const bad = rows.findIndex((row) => !isObject(row));
  if (rows.length === 0 || bad >= 0) {
    throw new Error(
      rows.length === 0 ? `${path}: there are no rows` : `${path}, row ${bad + 1}: expected an object`,
    );
  }
  const cells = (row: object) =>
    Object.fromEntries(Object.entries(row).map(([name, value]): [string, Cell] => [name, cellOfJson(value)]));
  return Table.fromRows(
    path,
    rows.map((row) => cells(row as object)),
  );
}

/** A text that names no finite number is one, as in CSV; other texts stay, digits included, for JSON has numbers of its own. */
function cellOfJson(value: unknown): Cell {
  if (typeof value === 'number') return value;
  if (typeof value === 'object') return value === null ? null : JSON.stringify(value);
  const text = String(value);
  const cell = cellOf(text);
  return typeof cell === 'number' && Number.isFinite(cell) ? text : cell;
}

/** Folders below a given one in which runs are looked for: runs/, an experiment, a trial. */
const deepest = 3;

/**
 * The runs in a folder: of a trial (it has a config.json), an experiment (a folder of trials), or several experiments.
 *
 * @throws Error when a file of a run is not what the trainer writes, or was changed since; the message names it
 */
async function runsInFolder(folder: string, depth = deepest): Promise<RunRecord[]> {
  const run = await readRun(folder);
  if (run?.damage !== undefined) throw new Error(`${folder}: ${run.damage}`);
  if (run !== undefined) return [recordOf(run)];
  if (depth === 0) return [];
  const runs: RunRecord[] = [];
  for (const name of await foldersIn(folder))
    runs.push(...(await runsInFolder(join(folder, name), depth - 1)));
  return runs;
}

function recordOf({ name, config, summary, metrics }: RecordedRun): RunRecord {
  return {
    run: name,
    status: summary?.status ?? 'interrupted',
    ...recordedNumbers(config, summary ?? {}),
    ...{ flopsPerToken: null, flops: finite(summary?.flops) },
    settings: settingsOf(config),
    training: metrics.train,
    validation: metrics.validation,
  };
}
