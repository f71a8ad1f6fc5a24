export { createOptimizer } from './training/create-optimizer.ts';
export { createSchedule } from './training/create-schedule.ts';
export { runTrial, type TrialSurroundings } from './training/train-trial.ts';
