export { RunError } from './run-error.ts';
export { type RunOutcome, runExperiment } from './run-experiment.ts';
