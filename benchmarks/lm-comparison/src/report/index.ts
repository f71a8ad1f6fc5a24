export { collectResults } from './collect-results.ts';
export { formatComparison, writeComparison } from './comparison/comparison-report.ts';
export { writeFigures } from './figures.ts';
export { type LiveServer, serveLive } from './live/server.ts';
export { loadResults } from './load-results.ts';
export type * from './results.ts';
export { writeEventFiles } from './tensorboard/write-event-files.ts';
export { formatTable } from './terminal-table.ts';
export { writeReport } from './write-report.ts';
