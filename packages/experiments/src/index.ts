export { estimatedSeconds } from './definition/estimate.ts';
export { ExperimentError, type ExperimentProblem } from './definition/experiment-error.ts';
export { experimentsIn } from './definition/experiments-in.ts';
export { entryTitle, loadOptimizers, optimizerTitle } from './definition/installed-optimizers.ts';
export { experimentJsonSchema, type JsonSchema } from './definition/json-schema.ts';
export type { Scale } from './definition/limits.ts';
export { isMeasuredFromOne } from './definition/measure.ts';
export { nearestKey } from './definition/nearest-key.ts';
export { parseExperiment, readExperiment } from './definition/read-experiment.ts';
export type { OptimizerRecipe } from './definition/recipe.ts';
export {
  decayPerStep,
  largeDecay,
  type ResolvedMember,
  type ResolvedOptimizer,
  resolveOptimizer,
} from './definition/resolved-optimizer.ts';
export type { Experiment } from './definition/schema.ts';
export { formatValue, type TrialConfig, type TrialOrigin, trialsOf } from './definition/trials.ts';
export { describeCost } from './execution/describe-cost.ts';
export type { Display } from './execution/display.ts';
export { type EarlierResults, type EarlierTrial, isTaken } from './execution/earlier-results.ts';
export {
  formatBar,
  formatDuration,
  formatEnd,
  formatLong,
  formatOverall,
  formatRunning,
} from './execution/format.ts';
export { type PlannedTrialOptions, runPlannedTrial, writePlan } from './execution/plan.ts';
export { type RunOptions, type RunOutcome, runExperiment } from './execution/run-experiment.ts';
export { RunView, type TrialEnd } from './execution/run-view.ts';
export { workOnQueue } from './execution/work-on-queue.ts';
export { isKnownBeforehand } from './search/needed-trials.ts';
export type { BackendChoice } from './training/messages.ts';
export { plannedTrials } from './tuning/planned-trials.ts';
export { type TuneOutcome, tuneExperiment } from './tuning/tune-experiment.ts';
export {
  byKey,
  formatRow,
  type OptimizerTuning,
  type Tuning,
  tuningPage,
  tuningVerdict,
} from './tuning/tuning.ts';
