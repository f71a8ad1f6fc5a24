export { localTrials } from './local-trials.ts';
export { type OpenedRun, type OpenOptions, withOpenRun } from './open-run.ts';
export { runPlannedTrial, writePlan } from './plan.ts';
export { RunError } from './run-error.ts';
export { type RunOutcome, runExperiment } from './run-experiment.ts';
export { readSummary } from './trial-summary.ts';
export { writeJson } from './write-json.ts';
