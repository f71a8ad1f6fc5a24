export { type Check, type CheckKind, checkKinds } from './check.ts';
export { type GoldenCheckOptions, goldenChecks } from './checks/golden.ts';
export { type ConformanceOptions, conformanceChecks } from './conformance.ts';
export { type RecordedOptions, readTrajectories, recordedOptions } from './recorded-runs.ts';
export type { ReferenceInput, ReferenceStep } from './reference.ts';
export { replayInFloat64, replayOnTensors, type Trajectory, type TrajectoryDeviation } from './trajectory.ts';
export { weightsAfter } from './weights-after.ts';
