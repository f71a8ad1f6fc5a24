export { checkFolder, writeChecked } from './checked-folder.ts';
export { compactNumber } from './compact-number.ts';
export { areOneLoss } from './damage.ts';
export {
  type Content,
  exists,
  recoverFolder,
  removeFolder,
  replaceFile,
  replaceFolder,
  syncFolder,
  writeJson,
} from './durable-files.ts';
export { fileProblem } from './file-system.ts';
export { firstDifference, jsonForm } from './json-difference.ts';
export {
  finite,
  isObject,
  type Json,
  parseObject,
  readJson,
  readObject,
  readText,
  requireVersion,
} from './json-files.ts';
export { type BusyLock, defaultLeaseSeconds, type HeldLock, takeLock } from './locks/lock-file.ts';
export { type MarkdownTableOptions, markdownTable } from './markdown-table.ts';
export {
  type CurvePoint,
  type LayerMeasures,
  type Metrics,
  measureName,
  readMetrics,
  type TrainingLine,
} from './metrics-file.ts';
export { nearestName } from './nearest-name.ts';
export {
  escapeHtml,
  markdownCell,
  printable,
  printableLines,
  printableList,
  printableStart,
  printableValues,
} from './printable.ts';
export { foldersIn, type RecordedRun, type RecordedSummary, readRun, readSummary } from './read-run.ts';
export type { LayerMetrics, MetricsLine, RoleMetrics, TrialStatus, TrialSummary } from './run.ts';
export { trialStatuses } from './run.ts';
export { RunError } from './run-error.ts';
export { type MetricsMark, RunFolder, removeSummary, requireFresh } from './run-folder.ts';
export { requireSame } from './same-run.ts';
export { openSealedJson, sealed, sealJson, withoutSeal } from './sealed-json.ts';
export { writeSummary } from './summary-file.ts';
