export { constant } from './constant.ts';
export { cosine } from './cosine.ts';
export { type CosineRestartsOptions, cosineRestarts } from './cosine-restarts.ts';
export { scheduleFromDescription } from './description.ts';
export { exponential, type GeometricDecayOptions, stepDecay } from './exponential.ts';
export { inverseSquareRoot } from './inverse-square-root.ts';
export { type JoinPart, join } from './join.ts';
export { type OneCycleOptions, oneCycle } from './one-cycle.ts';
export { type PiecewiseLinearOptions, piecewiseLinear } from './piecewise-linear.ts';
export { linear, type PolynomialOptions, polynomial } from './polynomial.ts';
export {
  type PlateauState,
  type RateHolder,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
} from './reduce-lr-on-plateau.ts';
export {
  type RunOptions,
  type RunShape,
  type RunShapeType,
  runShapeDefaults,
  scheduleOfRun,
  unusedRunShapeKey,
  usedRunShape,
} from './run-schedule.ts';
export type { Schedule, ScheduleDescription } from './schedule.ts';
export { type StudyScheduleOptions, studySchedule } from './study-schedule.ts';
export { type DecayOptions, type LinearWarmupOptions, linearWarmup, type WarmupOptions } from './warmup.ts';
export { type WarmupStableDecayOptions, warmupStableDecay } from './warmup-stable-decay.ts';
