export { RunError } from './run-error.ts';
export { type RunOptions, type RunOutcome, runExperiment } from './run-experiment.ts';
