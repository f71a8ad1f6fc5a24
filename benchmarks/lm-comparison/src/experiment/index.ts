export { bundledExperiments } from './bundled.ts';
export { ExperimentError } from './experiment-error.ts';
export { nearestKey } from './nearest-key.ts';
export { optimizerTitles } from './optimizer-titles.ts';
export { parseExperiment, readExperiment } from './read-experiment.ts';
export type {
  DataSettings,
  Experiment,
  ModelSettings,
  OptimizerName,
  ScheduleSettings,
} from './schema.ts';
export { type TrialConfig, type TrialSettings, trialsOf } from './trials.ts';
