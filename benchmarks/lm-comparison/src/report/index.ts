export { collectResults } from './collect-results.ts';
export type * from './results.ts';
export { formatTable } from './terminal-table.ts';
export { writeReport } from './write-report.ts';
