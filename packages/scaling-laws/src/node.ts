export { type DrawChartOptions, drawChart } from './charts/draw-chart.ts';
export { readTable } from './files/read-table.ts';
export { readFit, type SavedFit, saveFit } from './files/save-fit.ts';
export type { RunTableOptions } from './table/run-record.ts';
