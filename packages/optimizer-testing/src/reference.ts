import type { ParameterInfo, UpdateRule } from '@steepest/optimizer';
import type { AnyOptions, Gradients } from './test-model.ts';

/** What a reference implementation is given for one gradient of one parameter. */
export interface ReferenceInput {
  /** Flat and row-major; weight decay, other than that of a rule that applies its own, has acted. */
  readonly parameter: Float64Array;
  readonly gradient: Float64Array;
  readonly shape: readonly number[];
  /** Empty before this parameter's first gradient; the reference keeps in it what it likes. */
  readonly state: Record<string, Float64Array>;
  /** How many gradients the parameter has received, this one included. */
  readonly step: number;
  /** The optimizer's step, counted from 1. */
  readonly iteration: number;
  /**
   * Every hyperparameter at this step and every setting, defaults filled in. For a rule that applies weight decay
   * itself also `decay`, the fraction of the parameter that one step takes away, and `weightDecayMode`, and for one that applies L2 decay itself
   * `l2Decay`, the factor of the parameter, beside `weightDecay`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the names and types are those of the optimizer under test
  readonly options: Readonly<Record<string, any>>;
  readonly info: ParameterInfo;
}

/**
 * A second implementation of an optimizer: one step of one parameter in plain JavaScript, written from the paper
 * without the rule language. It changes `parameter` and `state` in place.
 */
export type ReferenceStep = (input: ReferenceInput) => void;

/**
 * The same of an optimizer whose rule has sums over all parameters: one step of all parameters that have a gradient. `shared`
 * is empty before the first step; the reference keeps in it what all parameters have together.
 */
export interface JointReference {
  together(parameters: readonly ReferenceInput[], shared: Record<string, number>): void;
}

interface ReferenceParameter {
  readonly info: ParameterInfo;
  readonly value: Float64Array;
  readonly state: Record<string, Float64Array>;
  step: number;
}

type Value = number | ((step: number) => number);

/** The iterate to evaluate with, for optimizers that keep one besides the parameter. It changes nothing. */
export type ReferenceAverage = (input: Omit<ReferenceInput, 'gradient'>) => ArrayLike<number>;

/** A second implementation: the step, and what only some optimizers do. */
export interface References {
  readonly step: ReferenceStep | JointReference;
  /** The estimate that `applyRefresh` renews, in `state`; `gradient` is the one made for it. */
  readonly refresh: ReferenceStep | undefined;
  readonly average: ReferenceAverage | undefined;
}

/** A run of a reference in float64, with schedules and weight decay as their definitions state them. */
export class ReferenceRun {
  private readonly parameters: ReferenceParameter[];
  private readonly shared: Record<string, number> = {};
  private iteration = 0;

  constructor(
    private readonly references: References,
    private readonly rule: UpdateRule,
    private readonly options: AnyOptions,
    parameters: readonly ParameterInfo[],
    initialOf: (info: ParameterInfo) => ArrayLike<number>,
  ) {
    this.parameters = parameters.map((info) => {
      return { info, value: Float64Array.from(initialOf(info)), state: {}, step: 0 };
    });
  }

  private lookUp(name: string, otherwise: unknown): unknown {
    return this.options[name] ?? (this.rule.defaults as AnyOptions | undefined)?.[name] ?? otherwise;
  }

  private now(name: string, otherwise: number): number {
    const value = this.lookUp(name, otherwise) as Value;
    return typeof value === 'number' ? value : value(this.iteration);
  }

  /** Every hyperparameter at this step and every setting. */
  private optionsNow(): Record<string, unknown> {
    const options: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(this.rule.hyperparameters)) {
      options[name] = this.now(name, spec.default);
    }
    for (const [name, spec] of Object.entries(this.rule.settings ?? {})) {
      options[name] = this.lookUp(name, (spec as { default: unknown }).default);
    }
    return options;
  }

  private input({ info, value, state, step }: ReferenceParameter, options: Record<string, unknown>) {
    const { iteration } = this;
    return { parameter: value, shape: info.shape, state, step, iteration, options, info };
  }

  step(gradients: Gradients): void {
    this.iteration++;
    const options = this.optionsNow();
    const mode = this.lookUp('weightDecayMode', 'decoupled');
    const shrink = mode === 'l2' ? 0 : this.shrink(mode, options.learningRate as number);
    const weightDecay = this.now('weightDecay', 0);
    if (this.rule.ownsDecay === true) Object.assign(options, { decay: shrink, weightDecayMode: mode });
    if (this.rule.ownsL2Decay === true) {
      options.weightDecay = weightDecay;
      options.l2Decay = mode === 'l2' ? weightDecay : 0;
    }
    const inputs: ReferenceInput[] = [];
    for (const parameter of this.parameters) {
      const received = gradients[parameter.info.name];
      if (received === null || received === undefined) continue;
      const { value } = parameter;
      const gradient = Float64Array.from(received);
      if (mode === 'l2' && this.rule.ownsL2Decay !== true) {
        for (const [i, p] of value.entries()) gradient[i]! += weightDecay * p;
      }
      if (this.rule.ownsDecay !== true) for (const [i, p] of value.entries()) value[i] = p * (1 - shrink);
      parameter.step++;
      inputs.push({ ...this.input(parameter, options), gradient });
    }
    const { step } = this.references;
    if (typeof step === 'object') step.together(inputs, this.shared);
    else for (const input of inputs) step(input);
  }

  /** Gives every parameter a gradient made for its estimate. */
  refresh(gradients: Gradients): void {
    const options = this.optionsNow();
    for (const parameter of this.parameters) {
      const gradient = Float64Array.from(gradients[parameter.info.name]!);
      this.references.refresh!({ ...this.input(parameter, options), gradient });
    }
  }

  private shrink(mode: unknown, learningRate: number): number {
    const decay = this.now('weightDecay', 0);
    if (decay === 0) return 0;
    if (mode === 'decoupled') return learningRate * decay;
    if (mode === 'fixed') return decay;
    const peak = (this.options.peakLearningRate ?? this.options.learningRate) as number;
    return (decay * learningRate) / peak;
  }

  values(): Record<string, Float64Array> {
    return Object.fromEntries(this.parameters.map(({ info, value }) => [info.name, value]));
  }

  /** What to evaluate with. */
  averages(): Record<string, ArrayLike<number>> {
    const options = this.optionsNow();
    return Object.fromEntries(
      this.parameters.map((parameter) => {
        return [parameter.info.name, this.references.average!(this.input(parameter, options))];
      }),
    );
  }
}
