import * as tf from '@tensorflow/tfjs-core';
import { runOnTensors } from '../interpreters/tensor-interpreter.ts';
import type { Expression } from '../rule/expression.ts';
import { numberBefore, planNumbers } from '../rule/plan.ts';
import { type ScalarFunction, scalarFunction } from '../rule/scalar-arithmetic.ts';
import type { RuleContext, UpdateRule } from '../rule/update-rule.ts';

type Numbers = Readonly<Record<string, number>>;
type Scalars = Readonly<Record<string, tf.Tensor>>;

/** Sums over all parameters: as float64, or on a device that JavaScript does not read at once. */
export type Totals =
  | { readonly kind: 'numbers'; readonly values: Numbers }
  | { readonly kind: 'tensors'; readonly values: Scalars };

/** What a rule keeps for a group, or for all groups of an optimizer: float64 numbers, or scalars on a device. */
type Kept = Totals;

/**
 * The numbers of a rule's `groupState` from step to step. `advance` leaves those of before the step in reach until `settle`
 * ends the step, or `undo` goes back.
 */
export class GroupNumbers {
  private readonly initial: Numbers;
  private now: Kept;
  private before: Kept | undefined;
  /** Those of the step that was begun. */
  private totals: Totals | undefined;
  private functions: Readonly<Record<string, ScalarFunction>> | undefined;
  private expressions: Readonly<Record<string, Expression>> | undefined;

  constructor(
    private readonly rule: UpdateRule,
    private readonly settings: RuleContext['settings'],
  ) {
    const { initial } = rule.groupState!;
    this.initial = Object.fromEntries(
      Object.entries(initial).map(([name, value]) => [
        name,
        typeof value === 'number' ? value : value(settings),
      ]),
    );
    this.now = { kind: 'numbers', values: this.initial };
  }

  /** The names of the sums that `advance` needs. */
  get sums(): readonly string[] {
    return Object.keys(this.rule.groupState!.sums ?? {});
  }

  get names(): readonly string[] {
    return Object.keys(this.initial);
  }

  /** The values that plans read as scalars, during a step with those of before it and the totals; none while they are on a device. */
  addTo(scalars: Record<string, number>): void {
    if (this.now.kind === 'numbers') Object.assign(scalars, this.now.values);
    if (this.totals?.kind === 'numbers') Object.assign(scalars, this.totals.values);
    if (this.before?.kind !== 'numbers') return;
    for (const name in this.before.values) scalars[numberBefore + name] = this.before.values[name]!;
  }

  /** The same of what is on a device. */
  get tensors(): Scalars {
    if (this.now.kind !== 'tensors') return {};
    const old = this.before?.kind === 'tensors' ? Object.entries(this.before.values) : [];
    return {
      ...this.now.values,
      ...(this.totals?.kind === 'tensors' ? this.totals.values : {}),
      ...Object.fromEntries(old.map(([name, tensor]) => [numberBefore + name, tensor])),
    };
  }

  /**
   * Brings the values to where the sums of the next step are: into JavaScript, or to the device.
   *
   * @throws Error from tfjs if they are on a device that cannot be read at once, after a change of the backend
   */
  moveWith(sumsAreNumbers: boolean): void {
    const { now } = this;
    if (sumsAreNumbers && now.kind === 'tensors') {
      const read = Object.entries(now.values).map(([name, tensor]) => [name, tensor.dataSync()[0]!]);
      this.now = { kind: 'numbers', values: Object.fromEntries(read) };
      release(now);
    } else if (!sumsAreNumbers && now.kind === 'numbers') {
      const values = Object.entries(now.values).map(([name, x]) => [name, tf.keep(tf.scalar(x))]);
      this.now = { kind: 'tensors', values: Object.fromEntries(values) };
    }
  }

  /**
   * Goes on to a step.
   *
   * @param scalars Every hyperparameter, `weightDecay` and `iteration`.
   * @param totals Of the sums, where the rule has some, after `moveWith`.
   */
  advance(scalars: Numbers, totals: Totals = { kind: 'numbers', values: {} }): void {
    const next =
      totals.kind === 'numbers'
        ? this.nextNumbers(scalars, totals.values)
        : this.nextTensors(scalars, totals.values);
    this.before = this.now;
    this.totals = totals;
    this.now = next;
  }

  private nextNumbers(scalars: Numbers, totals: Numbers): Kept {
    this.functions ??= Object.fromEntries(
      Object.entries(planNumbers(this.rule, this.settings, false)).map(([name, expression]) => [
        name,
        scalarFunction(expression),
      ]),
    );
    const inputs = { ...scalars, ...totals, ...(this.now.values as Numbers) };
    const values: Record<string, number> = {};
    for (const name in this.functions) values[name] = this.functions[name]!(inputs);
    return { kind: 'numbers', values };
  }

  private nextTensors(scalars: Numbers, totals: Scalars): Kept {
    this.expressions ??= planNumbers(this.rule, this.settings, true);
    const outputs = this.expressions;
    const shapes = Object.fromEntries(Object.keys(outputs).map((name) => [name, []]));
    const inputs = { ...totals, ...(this.now.values as Scalars) };
    const values = tf.tidy(() => {
      const results = runOnTensors({ outputs, shapes, slots: {} }, inputs, scalars);
      // Each is a tensor of its own: one that did not change is the tensor of before, which goes with the step.
      return Object.fromEntries(Object.entries(results).map(([name, x]) => [name, tf.clone(x)]));
    });
    for (const tensor of Object.values(values)) tf.keep(tensor);
    return { kind: 'tensors', values };
  }

  /** The step was taken. */
  settle(): void {
    release(this.before);
    this.before = undefined;
    this.totals = undefined;
  }

  /** The step failed: as before `advance`, or as now if that was not called. */
  undo(): void {
    if (this.before === undefined) return;
    release(this.now);
    this.now = this.before;
    this.before = undefined;
    this.totals = undefined;
  }

  /** Takes saved values up. */
  restore(values: Numbers): void {
    release(this.now);
    this.now = { kind: 'numbers', values: { ...values } };
  }

  /** The values as they are now, to be read later; at once where they are numbers. */
  snapshot(): () => Numbers | Promise<Numbers> {
    if (this.now.kind === 'numbers') {
      const { values } = this.now;
      return () => ({ ...values });
    }
    const held = Object.entries(this.now.values).map(([name, x]) => [name, tf.keep(tf.clone(x))] as const);
    return async () => {
      const read = held.map(async ([name, tensor]) => [name, (await tensor.data())[0]!] as const);
      try {
        return Object.fromEntries(await Promise.all(read));
      } finally {
        for (const [, tensor] of held) tensor.dispose();
      }
    };
  }

  /** Frees what is on a device; the next step starts from the beginning. */
  dispose(): void {
    this.restore(this.initial);
  }
}

function release(kept: Kept | undefined): void {
  if (kept?.kind === 'tensors') tf.dispose(kept.values as tf.NamedTensorMap);
}
