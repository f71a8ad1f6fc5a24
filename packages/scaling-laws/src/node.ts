export { type DrawChartOptions, drawChart } from '@steepest/charts';
export { readTable } from './files/read-table.ts';
export { readFit, type SavedFit, saveFit } from './files/save-fit.ts';
export type { RunTableOptions } from './table/run-record.ts';
