import { usableCores } from '@steepest/backend';
import { estimatedSeconds } from '../definition/estimate.ts';
import type { Experiment } from '../definition/schema.ts';
import { trialsOf } from '../definition/trials.ts';
import { trialsEach } from './tune-experiment.ts';

/** Number of trials of an experiment, and seconds that they take with one a core; tuning tries only part of its grid. */
export function plannedTrials(experiment: Experiment): { readonly trials: number; readonly seconds: number } {
  const all = trialsOf(experiment, { backend: 'wasm', versions: {} });
  const { optimizers, seeds, tune, parallel = usableCores() } = experiment;
  const trials =
    tune === undefined ? all.length : trialsEach(experiment) * Object.keys(optimizers).length * seeds.length;
  return { trials, seconds: (estimatedSeconds(all, parallel) * trials) / all.length };
}
