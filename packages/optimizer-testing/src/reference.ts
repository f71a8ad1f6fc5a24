import type { ParameterInfo, UpdateRule } from '@steepest/optimizer';
import type { AnyOptions } from './subject.ts';
import type { Gradients } from './test-model.ts';

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
   * Every hyper-parameter at this step and every setting, defaults filled in. For a rule that applies weight decay
   * itself also `decay`, the fraction of the parameter that one step takes away.
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

interface ReferenceParameter {
  readonly info: ParameterInfo;
  readonly value: Float64Array;
  readonly state: Record<string, Float64Array>;
  step: number;
}

type Value = number | ((step: number) => number);

/** A run of a reference in float64, with schedules and weight decay as their definitions state them. */
export class ReferenceRun {
  private readonly parameters: ReferenceParameter[];
  private iteration = 0;

  constructor(
    private readonly reference: ReferenceStep,
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

  step(gradients: Gradients): void {
    this.iteration++;
    const options: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(this.rule.hyperparameters)) {
      options[name] = this.now(name, spec.default);
    }
    for (const [name, spec] of Object.entries(this.rule.settings ?? {})) {
      options[name] = this.lookUp(name, (spec as { default: unknown }).default);
    }
    const mode = this.lookUp('weightDecayMode', 'decoupled');
    const shrink = mode === 'l2' ? 0 : this.shrink(mode, options.learningRate as number);
    for (const parameter of this.parameters) {
      const received = gradients[parameter.info.name];
      if (received === null || received === undefined) continue;
      const { info, value, state } = parameter;
      const gradient = Float64Array.from(received);
      if (mode === 'l2') {
        const weightDecay = this.now('weightDecay', 0);
        value.forEach((p, i) => {
          gradient[i]! += weightDecay * p;
        });
      }
      if (this.rule.ownsDecay === true) options.decay = shrink;
      else
        value.forEach((p, i) => {
          value[i] = p * (1 - shrink);
        });
      const { iteration } = this;
      const step = ++parameter.step;
      this.reference({
        parameter: value,
        gradient,
        shape: info.shape,
        state,
        step,
        iteration,
        options,
        info,
      });
    }
  }

  private shrink(mode: unknown, learningRate: number): number {
    const decay = this.now('weightDecay', 0);
    if (decay === 0) return 0;
    if (mode === 'decoupled') return learningRate * decay;
    const peak = (this.options.peakLearningRate ?? this.options.learningRate) as number;
    return (decay * learningRate) / peak;
  }

  values(): Record<string, Float64Array> {
    return Object.fromEntries(this.parameters.map(({ info, value }) => [info.name, value]));
  }
}
