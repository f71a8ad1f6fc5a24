export { type TuneOutcome, trialsEach, tuneExperiment } from './tune-experiment.ts';
export { formatTuning, tuningPage } from './tuning.ts';
