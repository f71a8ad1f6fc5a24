import { fileURLToPath } from 'node:url';
import type { Schedule } from '@steepest/lr-schedules';
import type { RuleOptimizer } from '@steepest/optimizer';
import * as registry from '@steepest/registry';
import { type InstalledOptimizers, loadInstalledOptimizers } from '@steepest/registry/node';
import type { TrialSettings } from './experiment/index.ts';

/** Hyper-parameters without the learning rate, which the schedule supplies. */
type Settings = Omit<TrialSettings, 'learningRate'>;

/**
 * Study A's settings (Zhao et al. 2024, arXiv 2407.07972, appendix), of the optimizers it compares; any other starts from
 * its own defaults. For all of them gradients are clipped at global norm 1, and there is no weight decay; decay, when asked
 * for, is independent of the learning rate's size.
 */
const studyDefaults: Readonly<Record<string, Settings>> = {
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  sgd: { momentum: 0.98 },
  lion: { beta1: 0.9, beta2: 0.95 },
  signum: { beta1: 0.9 },
  adafactor: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  adalayer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
};

const benchmark = fileURLToPath(new URL('..', import.meta.url));
let installed: Promise<InstalledOptimizers> | undefined;

/** Imports every optimizer package that is installed for the benchmark, once, so that experiments can name them. */
export function loadOptimizers(): Promise<InstalledOptimizers> {
  // The benchmark runs from source, and so must what it trains.
  installed ??= loadInstalledOptimizers({ from: benchmark, conditions: ['@steepest/source'] });
  return installed;
}

/** How tables and plots write an optimizer's name; one that is not installed here keeps its own. */
export function optimizerTitle(name: string): string {
  return registry.listOptimizers().includes(name) ? registry.optimizerRecord(name).title : name;
}

/** Builds the optimizer of a trial with study A's defaults under the trial's own settings. */
export function createOptimizer(name: string, settings: TrialSettings, schedule: Schedule): RuleOptimizer {
  const { learningRate: _peak, ...own } = settings;
  return registry.createOptimizer(name, {
    clipGlobalNorm: 1,
    weightDecay: 0,
    weightDecayMode: 'independent',
    ...studyDefaults[name],
    ...own,
    learningRate: schedule,
  });
}
