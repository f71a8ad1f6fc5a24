export { type Check, type GoldenCheckOptions, goldenChecks } from './golden-checks.ts';
export { type RecordedOptions, readTrajectories, recordedOptions } from './recorded-runs.ts';
export { replayInFloat64, replayOnTensors, type Trajectory, type TrajectoryDeviation } from './trajectory.ts';
