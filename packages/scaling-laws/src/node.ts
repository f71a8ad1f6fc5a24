export { readTable } from './files/read-table.ts';
export type { RunTableOptions } from './table/run-record.ts';
