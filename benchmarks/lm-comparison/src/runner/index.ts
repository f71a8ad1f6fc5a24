export { type OpenedRun, withOpenRun } from './open-run.ts';
export { runPlannedTrial, writePlan } from './plan.ts';
export { type RunOptions, type RunOutcome, runExperiment } from './run-experiment.ts';
export { isOver } from './trial-summary.ts';
export { openTrials } from './trials.ts';
