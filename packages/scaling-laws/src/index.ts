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
} from './law.ts';
export type { Allocation } from './laws/chinchilla/allocation.ts';
export type { ChinchillaFit, ChinchillaRecord } from './laws/chinchilla/chinchilla-fit.ts';
export { type ChinchillaOptions, fitChinchilla } from './laws/chinchilla/fit-chinchilla.ts';
export { chinchillaLaw } from './laws/chinchilla/index.ts';
export type { ChinchillaConstants, ChinchillaRow } from './laws/chinchilla/surface.ts';
export type { ColumnSpec } from './table/columns.ts';
export { tableFromCsv } from './table/csv.ts';
export type { Quantity } from './table/quantities.ts';
export { type Cell, Table } from './table/table.ts';
