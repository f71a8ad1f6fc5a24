import type { AdamOptions } from '@steepest/optim-adam';
import { adamRule } from '@steepest/optim-adam';
import type { HyperparameterTarget, HyperparameterValue } from '@steepest/optimizer';
import { engineMutant, type Mutation } from './mutation.ts';

/** Adam made with other options than it was given. */
function misread(change: (options: AdamOptions) => AdamOptions): Mutation['make'] {
  return engineMutant(
    (base) =>
      class extends base {
        constructor(options?: AdamOptions) {
          super(options === undefined || options === null ? options : change(options));
        }
      },
  );
}

/** The options with every schedule among them replaced. */
function withSchedules(
  options: AdamOptions,
  change: (schedule: (step: number) => number) => HyperparameterValue,
): AdamOptions {
  const entries = Object.entries(options).map(([name, value]) => {
    return [name, typeof value === 'function' ? change(value as (step: number) => number) : value];
  });
  return Object.fromEntries(entries);
}

const known = [
  ...Object.keys(adamRule.hyperparameters),
  ...Object.keys(adamRule.settings ?? {}),
  ...[
    'weightDecay',
    'weightDecayMode',
    'trainable',
    'stateFormat',
    'stateMinimumSize',
    'groups',
    'peakLearningRate',
    'clipGlobalNorm',
  ],
  ...['clipValue', 'accumulationSteps', 'maximize', 'skipNonFinite', 'averageDecay', 'recordMetrics'],
];

/** Mistakes in what options mean. */
export const optionMutations: readonly Mutation[] = [
  {
    name: 'ignores groups',
    make: misread(({ groups: _, ...options }) => options),
    breaks: ['gradients', 'groups', 'options'],
  },
  {
    name: 'takes a learning rate of zero for none given',
    make: misread((options) => {
      const { groups } = options;
      if (!Array.isArray(groups)) return options;
      const taken = groups.map((group) => {
        const { learningRate, ...others } = group ?? {};
        return learningRate === 0 ? others : group;
      });
      return { ...options, groups: taken };
    }),
    breaks: ['groups'],
  },
  {
    name: 'looks a step ahead in schedules',
    make: misread((options) => withSchedules(options, (schedule) => (step) => schedule(step + 1))),
    breaks: ['golden', 'interpreters', 'schedules', 'options'],
  },
  {
    name: 'reads schedules once',
    make: misread((options) => withSchedules(options, (schedule) => schedule(1))),
    breaks: ['golden', 'interpreters', 'schedules', 'options'],
  },
  {
    name: 'ignores a hyperparameter set in mid-run',
    make: engineMutant(
      (base) =>
        class extends base {
          override setHyperparameter(
            _name: string,
            _value: HyperparameterValue,
            _target?: HyperparameterTarget,
          ): void {}
        },
    ),
    breaks: ['groups', 'schedules', 'options'],
  },
  {
    name: 'swallows unknown options',
    make: misread((options) => {
      const entries = Object.entries(options).filter(([name]) => known.includes(name));
      return Object.fromEntries(entries);
    }),
    breaks: ['options'],
  },
  {
    name: 'leaves weight decay out of its config',
    make: engineMutant(
      (base) =>
        class extends base {
          override getConfig() {
            const { weightDecay: _, ...config } = super.getConfig();
            return config;
          }
        },
    ),
    breaks: ['resume', 'layers model'],
  },
  {
    name: 'takes every weight decay mode for decoupled',
    make: misread((options) =>
      options.weightDecayMode === 'l2' || options.weightDecayMode === undefined
        ? { ...options, weightDecayMode: 'decoupled' }
        : options,
    ),
    breaks: ['golden', 'interpreters', 'shapes', 'gradients', 'options'],
  },
];
