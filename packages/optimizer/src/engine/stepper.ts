import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import { runTogether } from '../interpreters/transform-calls.ts';
import { averageDecaySpec, defaultClipEpsilon, type EngineOptions } from './engine-options.ts';
import { allFinite, type NonFiniteNames } from './finite-gradients.ts';
import { filterScalars } from './gradient-filter.ts';
import { clipFactor, type GlobalNorm, globalNorm, type NamedGradient } from './gradients.ts';
import { totalsOf } from './group-sums.ts';
import type { GroupTable } from './group-table.ts';
import { readNorm } from './norms.ts';
import { hyperparameterAt } from './option-checks.ts';
import type { ParameterSlots } from './parameter-slots.ts';
import { StepHooks } from './step-hooks.ts';
import { MetricsRecorder, type StepMetrics } from './step-metrics.ts';

/** A gradient with the slots of its variable. */
export interface BoundGradient extends NamedGradient {
  readonly slots: ParameterSlots;
}

/** What a step has besides its gradients. */
export interface StepToTake {
  /** Its number, counted from 1. */
  readonly step: number;
  /** How many gradients each is the sum of. */
  readonly gradientCount: number;
  /** Those of the gradients that are not finite; `undefined` where that is not known. */
  readonly nonFinite: NonFiniteNames | undefined;
}

/** Takes steps of all parameters together. A step that fails changes nothing: all of it is readied before any is taken. */
export class Stepper {
  readonly hooks = new StepHooks();
  private readonly recorder: MetricsRecorder | undefined;
  /** Kept where it was computed until it is asked for. */
  private lastNorm: GlobalNorm | undefined;

  constructor(
    private readonly label: string,
    private readonly groups: GroupTable,
    private options: EngineOptions,
  ) {
    this.recorder = options.recordMetrics === true ? new MetricsRecorder() : undefined;
  }

  /** Follows a change of options. */
  setOptions(options: EngineOptions): void {
    this.options = options;
    if (options.clipGlobalNorm === undefined) this.forgetNorm();
  }

  /**
   * Takes one step.
   *
   * @param commit Called when the step has been taken, before hooks hear of it.
   * @returns whether it was taken; `skipNonFinite` may skip it
   */
  take(
    active: readonly BoundGradient[],
    { step, gradientCount, nonFinite }: StepToTake,
    commit: () => void,
  ): boolean {
    // A rule that refuses a parameter does so before hooks hear of the step.
    for (const { slots } of active) slots.prepare();
    if (this.options.skipNonFinite === true && !allFinite(active, nonFinite)) return false;
    this.hooks.around(step, active, gradientCount, () => {
      const undo: ((() => void) | undefined)[] = [() => this.groups.undoNumbers()];
      try {
        for (const { slots } of active) undo.push(slots.makeSlots());
        this.update(active, gradientCount, step);
      } catch (error) {
        for (const restore of undo) restore?.();
        throw error;
      }
      this.groups.settleNumbers();
      commit();
    });
    return true;
  }

  private update(active: readonly BoundGradient[], gradientCount: number, step: number): void {
    tf.tidy(() => {
      const norm = this.norm(active, gradientCount);
      const gradientScale = this.gradientScale(norm);
      this.advanceNumbers(active, gradientScale, this.scalarsAt(step, gradientCount), step);
      const scalarsOf = this.scalarsAt(step, gradientCount);
      const measured = this.recorder !== undefined;
      const staged = runTogether(
        active.map(({ gradient, slots }) =>
          slots.stageStep(gradient, { gradientScale, scalars: scalarsOf(slots), measured }),
        ),
      );
      if (this.recorder !== undefined) {
        const owners = active.map(({ slots }) => slots);
        const norms = staged.flatMap((each) => each.norms ?? []);
        this.recorder.record(step, owners, norms, gradientCount);
      }
      for (const { take } of staged) take();
      if (norm === undefined) return;
      this.forgetNorm();
      this.lastNorm = norm;
      if (typeof norm === 'object') for (const tensor of [norm.scale, norm.relative]) tf.keep(tensor);
    });
  }

  /** Brings what rules keep for groups to this step, from sums over their parameters where they want some. */
  private advanceNumbers(
    active: readonly BoundGradient[],
    gradientScale: tf.Scalar | undefined,
    scalarsOf: (slots: ParameterSlots) => Record<string, number>,
    step: number,
  ): void {
    const wanted = this.groups.numbersWithSums;
    for (const numbers of wanted) numbers.moveWith(readsAtOnce());
    const sums =
      wanted.length === 0
        ? []
        : active.flatMap(
            ({ gradient, slots }) => slots.sums(gradient, { gradientScale, scalars: scalarsOf(slots) }) ?? [],
          );
    this.groups.advance(step, totalsOf(wanted, sums));
  }

  /**
   * Every scalar that a plan may read but its parameter's own step count.
   *
   * @param step The optimizer's step, counted from 1.
   */
  scalarsAt(step: number, gradientCount = 1): (slots: ParameterSlots) => Record<string, number> {
    const { averageDecay, clipValue, accumulationSteps = 1, gradientFilter } = this.options;
    const scalarsOf = this.groups.scalarsAt(step);
    const common: Record<string, number> = filterScalars(gradientFilter);
    if (accumulationSteps > 1) common.gradientCount = gradientCount;
    if (clipValue !== undefined) common.clipValue = clipValue;
    if (averageDecay !== undefined) {
      common.averageDecay = hyperparameterAt(
        this.label,
        'averageDecay',
        averageDecay,
        step,
        averageDecaySpec,
      );
    }
    if (Object.keys(common).length === 0) return ({ group }) => scalarsOf(group);
    return ({ group }) => Object.assign(scalarsOf(group), common);
  }

  private norm(active: readonly NamedGradient[], gradientCount: number): GlobalNorm | undefined {
    const { clipGlobalNorm, clipValue } = this.options;
    if (clipGlobalNorm === undefined || active.length === 0) return undefined;
    return globalNorm(active, gradientCount, clipValue);
  }

  private gradientScale(norm: GlobalNorm | undefined): tf.Scalar | undefined {
    const { clipGlobalNorm = Infinity, clipEpsilon = defaultClipEpsilon } = this.options;
    if (norm === undefined || clipGlobalNorm === Infinity) return undefined;
    return clipFactor(norm, clipGlobalNorm, clipEpsilon);
  }

  private forgetNorm(): void {
    if (typeof this.lastNorm === 'object') tf.dispose([this.lastNorm.scale, this.lastNorm.relative]);
    this.lastNorm = undefined;
  }

  /** Norms of the last step; `undefined` unless `recordMetrics` is on. */
  async metrics(): Promise<StepMetrics | undefined> {
    return this.recorder?.read();
  }

  /** Global norm of the last step's gradients before clipping. */
  async gradientNorm(): Promise<number | undefined> {
    return typeof this.lastNorm === 'object' ? readNorm(this.lastNorm) : this.lastNorm;
  }

  dispose(): void {
    this.forgetNorm();
    this.recorder?.dispose();
  }
}
