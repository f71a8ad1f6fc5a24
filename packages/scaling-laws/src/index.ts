export {
  type BootstrapOptions,
  bootstrap,
  type Interval,
} from './fitting/bootstrap.ts';
export { type Goodness, goodnessOf } from './fitting/goodness.ts';
export { type ComputeSplit, type HoldOutOptions, splitByCompute } from './fitting/hold-out.ts';
export { type Identifiability, identifiability, type ParameterAtFit } from './fitting/identifiability.ts';
export { type LogHuberOptions, type LogPrediction, logHuberObjective } from './fitting/log-huber.ts';
export { type MinimizeOptions, type Minimum, minimize, type Objective } from './fitting/minimize.ts';
export {
  type BestMinimum,
  gridStarts,
  type MultiStartOptions,
  minimizeFromMany,
} from './fitting/multi-start.ts';
export { fitPowerLaw, type PowerLaw, type PowerLawData } from './fitting/power-law.ts';
export {
  defineLaw,
  type EstimateSpec,
  type FitContext,
  type LawDefinition,
  type Measurement,
} from './law/define-law.ts';
export { Dual, power } from './law/dual.ts';
export type { FittedLaw } from './law/fitted-law.ts';
export { type ConstantSpec, type Formula, type FormulaSpec, formulaLaw } from './law/formula-law.ts';
export type {
  ChartAxis,
  ChartSeries,
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
export type { ShapeRow } from './laws/adaptive-shapes/coordinates.ts';
export type { ShapeConstants, ShapeLaw } from './laws/adaptive-shapes/shape-law.ts';
export { type ShapeStep, type TrainingPlan, trainingPlan } from './laws/adaptive-shapes/training-phases.ts';
export {
  optimalTraversal,
  type ShapeSaving,
  type Traversal,
  type TraversalEnd,
  type TraversalSegment,
} from './laws/adaptive-shapes/traversal.ts';
export { type AdaptiveShapesFit, adaptiveShapesLaw } from './laws/adaptive-shapes.ts';
export { findLaw, laws, restoreFit } from './laws/all-laws.ts';
export { type AnnealingParameters, annealingFrom, annealingLaw } from './laws/annealing.ts';
export {
  type Allocation,
  type ChinchillaConstants,
  type ChinchillaFit,
  type ChinchillaRow,
  chinchillaLaw,
} from './laws/chinchilla.ts';
export type { ComputeOptimalConstants, ComputeOptimalFit, Optimum } from './laws/compute-optimal.ts';
export {
  type ConvergenceEscapeConstants,
  convergenceEscapeFrom,
  type ScheduleOutcome,
  type SchedulePredictor,
} from './laws/convergence-escape/predictor.ts';
export { fitPeakBaseline, fitRateSumBaseline } from './laws/convergence-escape/schedule-baselines.ts';
export {
  type DivergenceScores,
  divergenceScores,
  type RankedSchedule,
  rankSchedules,
  type TopHitOptions,
  topHitRate,
} from './laws/convergence-escape/schedule-ranking.ts';
export type { ScheduleCandidate, ScheduleRun } from './laws/convergence-escape/schedule-run.ts';
export {
  type ConvergenceEscapeFit,
  convergenceEscapeLaw,
  type FittedRun,
} from './laws/convergence-escape.ts';
export type { LossCurve } from './laws/curves/loss-curve.ts';
export { type EnvelopeRow, envelopeLaw } from './laws/envelope.ts';
export { type IsoflopRow, isoflopLaw } from './laws/isoflop.ts';
export type { SettingLaw } from './laws/learning-rate-batch-size/setting-law.ts';
export {
  fitLossSurface,
  type LossSurface,
  surfaceExcess,
  surfaceRegion,
} from './laws/learning-rate-batch-size/surface.ts';
export type { Settings, SweepRow } from './laws/learning-rate-batch-size/sweep.ts';
export {
  type CellEstimate,
  type HeldOutCell,
  type LearningRateBatchSizeFit,
  learningRateBatchSizeLaw,
  leaveOneCellOut,
} from './laws/learning-rate-batch-size.ts';
export type { MultiPowerParameters } from './laws/multi-power/multi-power-sum.ts';
export { multiPowerFrom, multiPowerLaw } from './laws/multi-power.ts';
export {
  findPublishedLaw,
  type PublishedInput,
  type PublishedLaw,
  type PublishedPrediction,
  publishedLaws,
} from './laws/published/index.ts';
export { type LossContour, lossContours } from './laws/su/contours.ts';
export type { SuRow } from './laws/su/coordinates.ts';
export { estimateBatchTerm, estimateModelTerm, estimateStepTerm } from './laws/su/terms.ts';
export {
  criticalBatch,
  type LossGoal,
  minimumLoss,
  minimumSteps,
  minimumTokens,
  type SuConstants,
  stepsToLoss,
  type TrainingPoint,
  tokensToLoss,
  trajectoryLoss,
} from './laws/su/trajectory.ts';
export { type SuFit, suLaw } from './laws/su.ts';
export type { ScheduleLaw } from './schedules/schedule-law.ts';
export {
  type ExpectedSchedule,
  type SuggestedSchedule,
  type SuggestScheduleOptions,
  suggestSchedule,
} from './schedules/suggest-schedule.ts';
export type { ColumnSpec } from './table/columns.ts';
export { tableFromCsv } from './table/csv.ts';
export type { Quantity } from './table/quantities.ts';
export { runColumns } from './table/run-columns.ts';
export { type Cell, Table } from './table/table.ts';
