export { type Check, type GoldenCheckOptions, goldenChecks } from './golden-checks.ts';
export {
  recordedLearningRate,
  replayInFloat64,
  replayOnTensors,
  type Trajectory,
  type TrajectoryDeviation,
} from './trajectory.ts';
