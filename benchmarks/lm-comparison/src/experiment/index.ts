export { bundledExperiments } from './bundled.ts';
export { ExperimentError } from './experiment-error.ts';
export { nearestKey } from './nearest-key.ts';
export { parseExperiment, readExperiment } from './read-experiment.ts';
export type {
  DataSettings,
  Experiment,
  ModelSettings,
  ScheduleSettings,
} from './schema.ts';
export { type TrialConfig, type TrialSettings, trialsOf } from './trials.ts';
