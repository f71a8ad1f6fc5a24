import Papa from 'papaparse';
import { type Cell, Table } from './table.ts';

/**
 * A table from the text of a CSV file (comma, tab, semicolon or bar, found by itself) with names in its first row. Cells that
 * read as numbers are numbers, empty ones `null`, all others texts; `NaN` stays a text, so that no law takes it for a number.
 *
 * @param source where the text came from, for messages
 * @throws Error when there is no row, two columns share a name, or a row has another number of cells than the first
 */
export function tableFromCsv(text: string, source: string): Table {
  const { data, errors } = Papa.parse<string[]>(text, { skipEmptyLines: 'greedy' });
  const problem = errors.find(({ type }) => type !== 'Delimiter');
  if (problem) throw new Error(`${source}, row ${(problem.row ?? 0) + 1}: ${problem.message}`);
  const [header = [], ...rows] = data;
  if (rows.length === 0) throw new Error(`${source}: there are no rows below the names of the columns`);
  const names = header.map((name) => name.trim());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new Error(`${source}: two columns are named "${repeated}"`);
  rows.forEach((row, index) => {
    if (row.length === names.length) return;
    throw new Error(
      `${source}, row ${index + 1}: ${row.length} cells, but ${names.length} columns have names`,
    );
  });
  return new Table(
    source,
    Object.fromEntries(names.map((name, column) => [name, rows.map((row) => cellOf(row[column]!))])),
  );
}

function cellOf(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : trimmed;
}
