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
export type { AdaptiveShapesFit } from './laws/adaptive-shapes/adaptive-shapes-fit.ts';
export type { ShapeRow } from './laws/adaptive-shapes/coordinates.ts';
export {
  type AdaptiveShapesOptions,
  fitAdaptiveShapes,
} from './laws/adaptive-shapes/fit-adaptive-shapes.ts';
export { adaptiveShapesLaw } from './laws/adaptive-shapes/index.ts';
export type { ShapeConstants, ShapeLaw } from './laws/adaptive-shapes/shape-law.ts';
export { type ShapeStep, type TrainingPlan, trainingPlan } from './laws/adaptive-shapes/training-phases.ts';
export {
  optimalTraversal,
  type ShapeSaving,
  type Traversal,
  type TraversalEnd,
  type TraversalSegment,
} from './laws/adaptive-shapes/traversal.ts';
export {
  type Allocation,
  type ChinchillaConstants,
  type ChinchillaFit,
  type ChinchillaRow,
  chinchillaLaw,
} from './laws/chinchilla.ts';
export type { ComputeOptimalConstants, ComputeOptimalFit, Optimum } from './laws/compute-optimal.ts';
export { type EnvelopeRow, envelopeLaw } from './laws/envelope.ts';
export { findLaw, laws, restoreFit } from './laws/fitted-laws.ts';
export { type IsoflopRow, isoflopLaw } from './laws/isoflop.ts';
export {
  fitLearningRateBatchSize,
  type LearningRateBatchSizeOptions,
} from './laws/learning-rate-batch-size/fit-learning-rate-batch-size.ts';
export { type HeldOutCell, leaveOneCellOut } from './laws/learning-rate-batch-size/hold-out-cells.ts';
export { learningRateBatchSizeLaw } from './laws/learning-rate-batch-size/index.ts';
export type {
  CellEstimate,
  LearningRateBatchSizeFit,
} from './laws/learning-rate-batch-size/learning-rate-batch-size-fit.ts';
export type { SettingLaw } from './laws/learning-rate-batch-size/setting-law.ts';
export {
  fitLossSurface,
  type LossSurface,
  surfaceExcess,
  surfaceRegion,
} from './laws/learning-rate-batch-size/surface.ts';
export type { Settings, SweepRow } from './laws/learning-rate-batch-size/sweep.ts';
export {
  findPublishedLaw,
  type PublishedInput,
  type PublishedLaw,
  type PublishedPrediction,
  publishedLaws,
} from './laws/published/index.ts';
export { type AnnealingParameters, annealingFrom } from './laws/schedules/annealing.ts';
export type { ConvergenceParameters } from './laws/schedules/convergence.ts';
export {
  type ConvergenceEscapeConstants,
  type ConvergenceEscapeFit,
  type ConvergenceEscapeOptions,
  convergenceEscapeFrom,
  fitConvergenceEscapeLaw,
  type ScheduleOutcome,
  type SchedulePredictor,
} from './laws/schedules/convergence-escape.ts';
export type { CurveFit, CurveFitOptions } from './laws/schedules/curve-fit.ts';
export type { EscapeParameters } from './laws/schedules/escape.ts';
export { fitAnnealingLaw } from './laws/schedules/fit-annealing.ts';
export {
  fitMultiPowerLaw,
  type MultiPowerFitOptions,
  multiPowerFrom,
} from './laws/schedules/fit-multi-power.ts';
export { annealingLaw, multiPowerLaw } from './laws/schedules/index.ts';
export type { LossCurve } from './laws/schedules/loss-curve.ts';
export type { MultiPowerParameters } from './laws/schedules/multi-power.ts';
export { fitPeakBaseline, fitRateSumBaseline } from './laws/schedules/schedule-baselines.ts';
export type { ScheduleLaw } from './laws/schedules/schedule-law.ts';
export {
  type DivergenceScores,
  divergenceScores,
  type RankedSchedule,
  rankSchedules,
  type TopHitOptions,
  topHitRate,
} from './laws/schedules/schedule-ranking.ts';
export type { ScheduleCandidate, ScheduleRun } from './laws/schedules/schedule-run.ts';
export {
  type ExpectedSchedule,
  type SuggestedSchedule,
  type SuggestScheduleOptions,
  suggestSchedule,
} from './laws/schedules/suggest-schedule.ts';
export { convergenceEscapeLaw } from './laws/schedules/sweep-law.ts';
export { type LossContour, lossContours } from './laws/su/contours.ts';
export type { SuRow } from './laws/su/coordinates.ts';
export { fitSu, type SuOptions } from './laws/su/fit-su.ts';
export { suLaw } from './laws/su/index.ts';
export type { SuFit } from './laws/su/su-fit.ts';
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
export type { ColumnSpec } from './table/columns.ts';
export { tableFromCsv } from './table/csv.ts';
export type { Quantity } from './table/quantities.ts';
export { type Cell, Table } from './table/table.ts';
