export { type OpenedRun, withOpenRun } from './open-run.ts';
export { runPlannedTrial, writePlan } from './plan.ts';
export { RunError } from './run-error.ts';
export { type RunOptions, type RunOutcome, runExperiment } from './run-experiment.ts';
export { isOver, readSummary } from './trial-summary.ts';
export { openTrials } from './trials.ts';
export { writeJson } from './write-json.ts';
