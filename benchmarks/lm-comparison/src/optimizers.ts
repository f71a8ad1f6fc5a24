import type { Schedule } from '@steepest/lr-schedules';
import { Adafactor } from '@steepest/optim-adafactor';
import { Adalayer } from '@steepest/optim-adalayer';
import { Adam } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import { Sgd } from '@steepest/optim-sgd';
import { Signum } from '@steepest/optim-signum';
import type { Optimizer } from '@steepest/optimizer';
import type { OptimizerName, TrialSettings } from './experiment/index.ts';

/** Hyper-parameters without the learning rate, which the schedule supplies. */
type Settings = Omit<TrialSettings, 'learningRate'>;
type Options = Settings & {
  readonly learningRate: Schedule;
  readonly weightDecayMode: 'independent';
};

/**
 * Study A's settings (Zhao et al. 2024, arXiv 2407.07972, appendix): gradients clipped at global norm 1, no weight
 * decay; decay, when asked for, is independent of the learning rate's size.
 */
const studyDefaults: Readonly<Record<OptimizerName, Settings>> = {
  adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  sgd: { momentum: 0.98 },
  lion: { beta1: 0.9, beta2: 0.95 },
  signum: { beta1: 0.9 },
  adafactor: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
  adalayer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-15 },
};

const constructors: Readonly<Record<OptimizerName, (options: Options) => Optimizer>> = {
  adam: (options) => new Adam(options),
  sgd: (options) => new Sgd(options),
  lion: (options) => new Lion(options),
  signum: (options) => new Signum(options),
  adafactor: (options) => new Adafactor(options),
  adalayer: (options) => new Adalayer(options),
};

/** Builds the optimizer of a trial with study A's defaults under the trial's own settings. */
export function createOptimizer(name: OptimizerName, settings: TrialSettings, schedule: Schedule): Optimizer {
  const { learningRate: _peak, ...own } = settings;
  return constructors[name]({
    clipGlobalNorm: 1,
    weightDecay: 0,
    weightDecayMode: 'independent',
    ...studyDefaults[name],
    ...own,
    learningRate: schedule,
  });
}
