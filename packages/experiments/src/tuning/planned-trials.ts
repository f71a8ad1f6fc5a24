import { usableCores } from '@steepest/backend';
import { estimatedSeconds } from '../definition/estimate.ts';
import type { Experiment } from '../definition/schema.ts';
import { trialsOf } from '../definition/trials.ts';
import { trialsEach } from './tune-experiment.ts';

/** Number of trials of an experiment, and seconds that they take with one per core; tuning tries only part of its grid, and what a list gains is not known. */
export function plannedTrials(experiment: Experiment): { readonly trials: number; readonly seconds: number } {
  const all = trialsOf(experiment, { backend: 'wasm', versions: {} });
  const { optimizers, seeds, confirm = [], tune, parallel = usableCores() } = experiment;
  const names = Object.keys(optimizers).length;
  const grids = tune === undefined ? all.length : trialsEach(experiment) * names * seeds.length;
  const trials = grids + names * confirm.length;
  return { trials, seconds: (estimatedSeconds(all, parallel) * trials) / all.length };
}
