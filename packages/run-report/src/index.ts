export { roleTitle } from './charts/layers.ts';
export { collectResults } from './collecting/collect-results.ts';
export { earlierResults } from './collecting/earlier-results.ts';
export { hasRunFiles, loadResults } from './collecting/load-results.ts';
export { type Labelled, refuseCopy } from './comparison/compare-results.ts';
export { type WrittenFigures, writeFigures } from './figures/figures.ts';
export { type LiveServer, serveLive } from './live/server.ts';
export { writeComparison } from './page/comparison-report.ts';
export { regime } from './page/reading-notes.ts';
export { shareResults } from './page/share-results.ts';
export { comparisonTable, rankingTable, type TextTable } from './page/text-tables.ts';
export { titleList } from './page/title-list.ts';
export { warnings } from './page/warnings.ts';
export { writePage, writeReport } from './page/write-report.ts';
export type * from './results/results.ts';
export { isComplete, isOver } from './results/trial-counts.ts';
export {
  bestSetting,
  type JudgedTrial,
  judgedTrials,
  type Setting,
  settingsOf,
} from './statistics/selection.ts';
export {
  seedTolerances,
  type Tolerance,
  toleranceOf,
  toleratedExcess,
  widthText,
} from './statistics/tolerance.ts';
export { writeEventFiles } from './tensorboard/write-event-files.ts';
