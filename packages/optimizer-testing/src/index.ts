export { type Check, type CheckContext, type CheckKind, checkKinds } from './check.ts';
export {
  type CombinedGoldenCheckOptions,
  type GoldenCheckOptions,
  goldenChecks,
  type RecordedMember,
} from './checks/golden.ts';
export { type ConformanceOptions, conformanceChecks } from './conformance.ts';
export { type RecordedOptions, readTrajectories, recordedOptions } from './recorded-runs.ts';
export type { JointReference, ReferenceAverage, ReferenceInput, ReferenceStep } from './reference.ts';
export type { TestedShape } from './test-model.ts';
export type { Trajectory, TrajectoryParameter } from './trajectory.ts';
export { weightsAfter } from './weights-after.ts';
