// The entry for browsers: what of a run needs no files.
export { compactNumber } from './compact-number.ts';
export { firstDifference, jsonForm } from './json-difference.ts';
export { nearestName } from './nearest-name.ts';
export { escapeHtml, printable, printableLines, printableList, printableStart } from './printable.ts';
export type { LayerMetrics, MetricsLine, RoleMetrics, TrialStatus, TrialSummary } from './run.ts';
export { RunError } from './run-error.ts';
export { requireSame } from './same-run.ts';
