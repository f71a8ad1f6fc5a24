export type { DivergenceOptions } from './divergence.js';
export { evaluate, logSpacedSteps } from './evaluation.js';
export type { TokenBatch, TrainableModel, TrainingData, TrainingOptimizer } from './interfaces.js';
export type { EvaluationOptions, TrainOptions } from './options.js';
export type { MetricsLine } from './run-folder.js';
export type { TrainingProgress, TrialStatus, TrialSummary } from './summary.js';
export { train } from './train.js';
