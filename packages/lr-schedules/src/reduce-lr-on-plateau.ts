import { describeValue, nonNegativeNumber, type Option, oneOf, readOptions, wholeNumber } from './options.ts';

/** What `ReduceLROnPlateau` needs of an optimizer; every optimizer of `@steepest` has it. */
export interface RateHolder<Target> {
  /** Every hyperparameter at a step counted from 1, by group. */
  hyperparametersAt(step?: number): readonly {
    readonly group: string;
    readonly target: Target;
    readonly values: { learningRate?: number };
  }[];
  setHyperparameter(name: 'learningRate', value: number, target: Target): void;
}

/** Options of {@link ReduceLROnPlateau}; PyTorch's names in brackets. */
export interface ReduceLROnPlateauOptions {
  /** Whether a smaller (`min`, the default) or a greater (`max`) value is better. */
  readonly mode?: 'min' | 'max' | undefined;
  /** What learning rates are multiplied by; from 0 to below 1, by default 0.1. */
  readonly factor?: number | undefined;
  /** Values in a row that may be no better than the best before the next one reduces; by default 10. */
  readonly patience?: number | undefined;
  /** By how much a value must pass the best to be better; by default 1e-4. */
  readonly threshold?: number | undefined;
  /** Whether `threshold` is a share of the best (`rel`, the default) or a difference (`abs`); [threshold_mode]. */
  readonly thresholdMode?: 'rel' | 'abs' | undefined;
  /** Values after a reduction that count for nothing; by default 0. */
  readonly cooldown?: number | undefined;
  /** The least learning rate, for all groups or one for each; by default 0; [min_lr]. */
  readonly minLearningRate?: number | readonly number[] | undefined;
  /** A learning rate that would change by no more than this stays; by default 1e-8; [eps]. */
  readonly epsilon?: number | undefined;
  /** The name in the logs of `LayersModel.fit`; by default `val_loss`. */
  readonly monitor?: string | undefined;
}

/** Where a {@link ReduceLROnPlateau} is, as plain JSON. */
export interface PlateauState {
  /** `null` before the first value; an infinity is none of JSON's numbers. */
  readonly best: number | 'Infinity' | '-Infinity' | null;
  readonly badValues: number;
  readonly cooldownLeft: number;
  /** In the order of the groups. */
  readonly learningRates: readonly number[];
}

const factorBelow1: Option<number> = {
  mustBe: 'a number from 0 to below 1',
  accepts: (value) => Number.isFinite(value) && (value as number) >= 0 && (value as number) < 1,
  default: 0.1,
};
const rates: Option<number | readonly number[]> = {
  mustBe: 'a number of at least 0, or a list of one for each group',
  accepts: (value) => [value].flat().every(nonNegativeNumber.accepts),
  default: 0,
};
const name: Option<string> = {
  mustBe: 'the name of a value in the logs',
  accepts: (value) => typeof value === 'string' && value !== '',
  default: 'val_loss',
};

/**
 * Reduces learning rates when a value, such as the validation loss, has stopped improving.
 *
 * It does what PyTorch's `ReduceLROnPlateau` does, number for number. Give values to `step`; or hand it to `train` of
 * `@steepest/trainer` among its `controllers`, or to `fit` of a `LayersModel` among its `callbacks`.
 */
export class ReduceLROnPlateau<Target> {
  private readonly options: {
    [Key in keyof ReduceLROnPlateauOptions]-?: NonNullable<ReduceLROnPlateauOptions[Key]>;
  };
  private readonly least: readonly number[];
  private best: number;
  private badValues = 0;
  private cooldownLeft = 0;

  /** @throws Error naming an option that is wrong, or when a learning rate is a schedule, which a reduction would end */
  constructor(
    private readonly optimizer: RateHolder<Target>,
    options: ReduceLROnPlateauOptions = {},
  ) {
    this.options = readOptions<ReduceLROnPlateau<Target>['options']>('ReduceLROnPlateau', options, {
      mode: oneOf(['min', 'max'], 'min'),
      factor: factorBelow1,
      patience: wholeNumber(0, 10),
      threshold: { ...nonNegativeNumber, default: 1e-4 },
      thresholdMode: oneOf(['rel', 'abs'], 'rel'),
      cooldown: wholeNumber(0, 0),
      minLearningRate: rates,
      epsilon: { ...nonNegativeNumber, default: 1e-8 },
      monitor: name,
    });
    const groups = optimizer.hyperparametersAt();
    const { minLearningRate } = this.options;
    this.least = typeof minLearningRate === 'number' ? groups.map(() => minLearningRate) : minLearningRate;
    if (this.least.length !== groups.length) {
      throw new Error(
        `ReduceLROnPlateau: minLearningRate must have one number for each of the ${groups.length} groups, ` +
          `got ${this.least.length}`,
      );
    }
    this.best = this.worst;
    for (const step of [1, 2, 10, 100, 1_000, 10_000]) this.refuseSchedule(step);
  }

  private refuseSchedule(step: number): void {
    const first = this.optimizer.hyperparametersAt(1);
    for (const [index, { group, values }] of this.optimizer.hyperparametersAt(step).entries()) {
      if (values.learningRate === first[index]!.values.learningRate) continue;
      throw new Error(
        `ReduceLROnPlateau: the learning rate of ${group} is a schedule, which a reduction would end; give it as a number`,
      );
    }
  }

  /**
   * Takes the next value, and reduces the learning rates if it is the one too many that is not better. NaN is not better.
   *
   * @throws Error if it is no number
   */
  step(value: number): void {
    if (typeof value !== 'number') {
      throw new Error(`ReduceLROnPlateau: step takes a number, got ${describeValue(value)}`);
    }
    const { patience, cooldown } = this.options;
    if (this.isBetter(value)) {
      this.best = value;
      this.badValues = 0;
    } else {
      this.badValues += 1;
    }
    if (this.cooldownLeft > 0) {
      this.cooldownLeft -= 1;
      this.badValues = 0;
    }
    if (this.badValues <= patience) return;
    this.reduce();
    this.cooldownLeft = cooldown;
    this.badValues = 0;
  }

  /** `step` by the validation loss, as `train` of `@steepest/trainer` calls it. */
  observe({ loss }: { readonly loss: number }): void {
    this.step(loss);
  }

  /**
   * `step` by a value in the logs, as `fit` of a `LayersModel` calls it.
   *
   * @throws Error if the logs do not have the value
   */
  readonly onEpochEnd = (_epoch: number, logs: Readonly<Record<string, number>> = {}): void => {
    const value = logs[this.options.monitor];
    if (value === undefined) {
      throw new Error(
        `ReduceLROnPlateau: the logs have no "${this.options.monitor}", but ${Object.keys(logs).join(', ') || 'nothing'}; ` +
          'give monitor one of these',
      );
    }
    this.step(value);
  };

  /** Where it is, learning rates included, as plain JSON. */
  state(): PlateauState {
    return {
      best: this.best === this.worst ? null : jsonNumber(this.best),
      badValues: this.badValues,
      cooldownLeft: this.cooldownLeft,
      learningRates: this.optimizer.hyperparametersAt().map(({ values }) => values.learningRate!),
    };
  }

  /** Continues from a state, and sets its learning rates. @throws Error if it is not of an optimizer with these groups */
  loadState(state: unknown): void {
    const groups = this.optimizer.hyperparametersAt();
    const { best, badValues, cooldownLeft, learningRates } = (state ?? {}) as Partial<PlateauState>;
    const counts = [badValues, cooldownLeft];
    if (
      !(best === null || best === 'Infinity' || best === '-Infinity' || Number.isFinite(best)) ||
      !counts.every((count) => Number.isSafeInteger(count) && count! >= 0) ||
      !Array.isArray(learningRates) ||
      learningRates.length !== groups.length ||
      !learningRates.every(nonNegativeNumber.accepts)
    ) {
      throw new Error(
        `ReduceLROnPlateau: not a state of it for ${groups.length} groups: ${JSON.stringify(state) ?? 'undefined'}`,
      );
    }
    for (const [index, { target }] of groups.entries()) {
      this.optimizer.setHyperparameter('learningRate', learningRates[index] as number, target);
    }
    this.best = best === null ? this.worst : Number(best);
    this.badValues = badValues!;
    this.cooldownLeft = cooldownLeft!;
  }

  /** What any value is better than. */
  private get worst(): number {
    return this.options.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  private isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    if (thresholdMode === 'rel') {
      return mode === 'min' ? value < this.best * (1 - threshold) : value > this.best * (threshold + 1);
    }
    return mode === 'min' ? value < this.best - threshold : value > this.best + threshold;
  }

  private reduce(): void {
    const { factor, epsilon } = this.options;
    for (const [index, { target, values }] of this.optimizer.hyperparametersAt().entries()) {
      const rate = values.learningRate!;
      const next = Math.max(rate * factor, this.least[index]!);
      if (rate - next > epsilon) this.optimizer.setHyperparameter('learningRate', next, target);
    }
  }
}

function jsonNumber(value: number): NonNullable<PlateauState['best']> {
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'Infinity' : '-Infinity';
}
