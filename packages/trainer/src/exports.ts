// What the entries for Node and for browsers have in common: all but `train` and its options.
export type {
  LayerMetrics,
  MetricsLine,
  RoleMetrics,
  TrialStatus,
  TrialSummary,
} from '@steepest/run-files';
export type { DivergenceOptions } from './divergence.ts';
export { type Evaluation, evaluate, logSpacedSteps } from './evaluation.ts';
export type {
  BatchShape,
  TokenBatch,
  TrainableModel,
  TrainingController,
  TrainingData,
  TrainingOptimizer,
} from './interfaces.ts';
export type { EvaluationOptions } from './options.ts';
export type { ShapePhase } from './phases.ts';
export type { TrainingProgress } from './progress.ts';
export type { RefreshOptions } from './refresh.ts';
export type { SpikeOptions } from './spikes.ts';
export { type IndexedDBStoreOptions, indexedDBStore } from './stores/indexed-db-store.ts';
export type { KeptRun, KeptRunStore } from './stores/kept-run.ts';
export { memoryStore } from './stores/memory-store.ts';
export type {
  CheckpointPart,
  Content,
  NewCheckpoint,
  RunStore,
  StoredCheckpoint,
  StoredRun,
  TrainerRecord,
} from './stores/run-store.ts';
export {
  evaluateTokens,
  type LogitsModel,
  type TokenEvaluation,
  type TokenEvaluationOptions,
} from './token-evaluation.ts';
