export { bundledExperiments } from './bundled.ts';
export { estimatedSeconds, estimatedTraining } from './estimate.ts';
export { ExperimentError } from './experiment-error.ts';
export { type Axis, axesOf, type Point } from './grid.ts';
export { expectedMemory, memoryLimit, memoryProblem } from './memory.ts';
export { nearestKey } from './nearest-key.ts';
export type { OptimizerEntry } from './optimizer-entries.ts';
export type { SettingValue } from './option-shapes.ts';
export { stretchesOf } from './phases.ts';
export { parseExperiment, readExperiment } from './read-experiment.ts';
export { trialConfigProblem } from './read-trial-config.ts';
export {
  clippingOf,
  decayPerStep,
  largeDecay,
  mainOf,
  memberOptions,
  type ResolvedMember,
  type ResolvedOptimizer,
  resolveOptimizer,
} from './resolved-optimizer.ts';
export { type Scale, scales } from './scales.ts';
export { freezeStepsOf, stepOfShare, warmupStepsOf } from './schedule-shape.ts';
export type {
  DataSettings,
  Experiment,
  ModelSettings,
  ScheduleSettings,
} from './schema.ts';
export { largestSeed } from './schema.ts';
export {
  formatValue,
  type MemberRecipe,
  type OptimizerRecipe,
  type TrialBudget,
  type TrialConfig,
  trialAt,
  trialsOf,
} from './trials.ts';
