export { bundledExperiments } from './bundled.ts';
export { estimatedSeconds } from './estimate.ts';
export { ExperimentError } from './experiment-error.ts';
export { type Axis, axesOf, type Point } from './grid.ts';
export { nearestKey } from './nearest-key.ts';
export type { OptimizerEntry, SettingValue } from './optimizer-entries.ts';
export { stretchesOf } from './phases.ts';
export { parseExperiment, readExperiment } from './read-experiment.ts';
export { type Scale, scales } from './scales.ts';
export type {
  DataSettings,
  Experiment,
  ModelSettings,
  ScheduleSettings,
} from './schema.ts';
export { freezeStepsOf, stepOfShare, warmupStepsOf } from './trial-problems.ts';
export {
  formatValue,
  type MemberRecipe,
  type OptimizerRecipe,
  type TrialBudget,
  type TrialConfig,
  trialAt,
  trialsOf,
} from './trials.ts';
