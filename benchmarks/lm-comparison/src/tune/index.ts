export { type TuneOptions, type TuneOutcome, trialsEach, tuneExperiment } from './tune-experiment.ts';
export { formatTuning, type Tuning, tuningPage } from './tuning.ts';
