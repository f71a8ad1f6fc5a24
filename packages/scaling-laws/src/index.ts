export { bootstrap } from './fitting/bootstrap.ts';
export { type Goodness, goodnessOf } from './fitting/goodness.ts';
export { type HoldOutOptions, splitByCompute } from './fitting/hold-out.ts';
export { identifiability } from './fitting/identifiability.ts';
export type { Objective } from './fitting/line-search.ts';
export { logHuberObjective } from './fitting/log-huber.ts';
export { gridStarts, minimize, minimizeFromMany } from './fitting/minimize.ts';
export { fitPowerLaw } from './fitting/power-law.ts';
export { defineLaw, type LawDefinition } from './law/define-law.ts';
export { Dual, power } from './law/dual.ts';
export type { FittedLaw } from './law/fitted-law.ts';
export { formulaLaw } from './law/formula-law.ts';
export type {
  Estimate,
  HeldOutGoodness,
  Law,
  LawChart,
  LawFit,
  LawOptionSpec,
  LawOptions,
  PredictedValue,
  Prediction,
  QuerySpec,
  Suggestion,
} from './law/law.ts';
export { question } from './law/question.ts';
export type { ShapeRow } from './laws/adaptive-shapes/search-shapes.ts';
export {
  optimalTraversal,
  type ShapeLaw,
  type TrainingPlan,
  type Traversal,
  trainingPlan,
} from './laws/adaptive-shapes/traversal.ts';
export { type AdaptiveShapesFit, adaptiveShapesLaw } from './laws/adaptive-shapes.ts';
export { findLaw, laws, restoreFit } from './laws/all-laws.ts';
export { type AnnealingParameters, annealingFrom, annealingLaw } from './laws/annealing.ts';
export {
  type ChinchillaConstants,
  type ChinchillaFit,
  type ChinchillaRow,
  chinchillaLaw,
} from './laws/chinchilla.ts';
export type { ComputeOptimalFit } from './laws/compute-optimal.ts';
export { convergenceEscapeFrom, type SchedulePredictor } from './laws/convergence-escape/predictor.ts';
export {
  divergenceScores,
  fitPeakBaseline,
  fitRateSumBaseline,
  rankSchedules,
  topHitRate,
} from './laws/convergence-escape/schedule-ranking.ts';
export type { ScheduleCandidate, ScheduleRun } from './laws/convergence-escape/schedule-run.ts';
export { type ConvergenceEscapeFit, convergenceEscapeLaw } from './laws/convergence-escape.ts';
export type { LossCurve } from './laws/curves/loss-curve.ts';
export { type EnvelopeRow, envelopeLaw } from './laws/envelope.ts';
export { type IsoflopRow, isoflopLaw } from './laws/isoflop.ts';
export { surfaceExcess, surfaceRegion } from './laws/learning-rate-batch-size/surface.ts';
export type { SweepRow } from './laws/learning-rate-batch-size/sweep.ts';
export {
  type LearningRateBatchSizeFit,
  learningRateBatchSizeLaw,
  leaveOneCellOut,
} from './laws/learning-rate-batch-size.ts';
export { type MultiPowerParameters, multiPowerFrom, multiPowerLaw } from './laws/multi-power.ts';
export type { SuRow } from './laws/su/search.ts';
export { estimateBatchTerm, estimateModelTerm, estimateStepTerm } from './laws/su/terms.ts';
export {
  criticalBatch,
  minimumLoss,
  minimumSteps,
  minimumTokens,
  type SuConstants,
  stepsToLoss,
  tokensToLoss,
  trajectoryLoss,
} from './laws/su/trajectory.ts';
export { type SuFit, suLaw } from './laws/su.ts';
export { convertParameters, type PublishedLaw } from './published/published-law.ts';
export { findPublishedLaw, publishedLaws } from './published/published-laws.ts';
export {
  describeHoldOut,
  formatInterval,
  formatNumber,
  goodnessTable,
  parameterTable,
  type TextTable,
} from './report/fit-summary.ts';
export type { ScheduleLaw } from './schedules/schedule-law.ts';
export { suggestSchedule } from './schedules/suggest-schedule.ts';
export type { ColumnSpec } from './table/columns.ts';
export { cellOf, tableFromCsv } from './table/csv.ts';
export { runColumns } from './table/run-columns.ts';
export { type Cell, Table } from './table/table.ts';
