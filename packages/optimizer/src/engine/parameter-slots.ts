import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import { heldTensor, packedTensor, unpackedTensor } from '../interpreters/held-slots.ts';
import { filledTensor } from '../interpreters/plan-runner.ts';
import type { StagedRunner } from '../interpreters/staged-runner.ts';
import { runTogether, type Staging } from '../interpreters/transform-calls.ts';
import type { ParameterInfo } from '../parameter.ts';
import {
  isEmptyPlan,
  type PlanFeatures,
  planAverage,
  planRefresh,
  planSums,
  planUpdate,
  type UpdatePlan,
} from '../rule/plan.ts';
import type { RuleContext, SlotSpec } from '../rule/update-rule.ts';
import { filledData, type PackedFormat } from '../state-formats/packed-slot.ts';
import { AccumulatedGradient, accumulatedSlot } from './accumulated-gradient.ts';
import type { ParameterSums } from './group-sums.ts';
import type { ParameterState } from './optimizer-state.ts';
import type { ParameterGroup } from './parameter-group.ts';
import { PlanCache } from './plan-cache.ts';
import type { RestoredSlots, RestoreSlots } from './restored-slots.ts';
import { type MeasuredNorms, measureNorms } from './step-metrics.ts';

/** A slot as it is kept on the backend. */
export interface HeldSlot {
  readonly name: string;
  readonly tensor: tf.Tensor;
  /** That of its elements, which the tensor may hold packed. */
  readonly shape: readonly number[];
  readonly format?: PackedFormat | undefined;
}

/** What one step has for a parameter besides its gradient. */
export interface StepInputs {
  /** Factor of global-norm clipping, where that is on. */
  readonly gradientScale: tf.Scalar | undefined;
  /** Those of the group at this step; each parameter adds its own step count. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Whether the norms of the step are wanted. */
  readonly measured: boolean;
}

/** A step that can be taken without failing, in the `tf.tidy` that it was readied in. */
export interface StagedStep {
  /** Its norms, where they are wanted. */
  readonly norms: MeasuredNorms | undefined;
  take(): void;
}

/** One parameter under optimization: its group, its plan, its step count and its state tensors. */
export class ParameterSlots {
  private readonly slots = new Map<string, tf.Tensor>();
  /** Those of them that are packed. A plan that has changed since may know nothing of one. */
  private readonly packed = new Map<string, Required<Pick<HeldSlot, 'format' | 'shape'>>>();
  /** Settings and constants as the group has them now. */
  private readonly context: RuleContext;
  private readonly updatePlans: PlanCache;
  private readonly sumPlans: PlanCache<UpdatePlan | undefined>;
  private readonly refreshPlans: PlanCache<UpdatePlan | undefined>;
  private readonly averagePlans: PlanCache<UpdatePlan | undefined>;
  /** The runner of the present plan; `undefined` when that has to be looked up. */
  private updater: StagedRunner | undefined;
  /** Whether that takes the numbers of the group as tensors of a device. */
  private numbersAreTensors = false;
  private steps = 0;
  /** The gradients that wait for the rest of their step. */
  readonly accumulated = new AccumulatedGradient();
  /** Shared by the parameters that have come in one call, as those of one model do. */
  model: object | undefined;
  /** The training value of the parameter while an average stands in for it. */
  private trainingValue: tf.Tensor | undefined;

  /** @param features What the engine folds into every plan; decay is the group's, and lazy rows are this parameter's. */
  constructor(
    public variable: tf.Variable,
    readonly info: ParameterInfo,
    readonly group: ParameterGroup,
    private features: PlanFeatures,
    private readonly lazyRows = false,
  ) {
    this.context = group.context(info);
    const { rule } = group;
    this.updatePlans = new PlanCache((context, all) => planUpdate(rule, context, all), info.name);
    this.sumPlans = new PlanCache((context, all) => planSums(rule, context, all), info.name);
    this.refreshPlans = new PlanCache((context, all) => planRefresh(rule, context, all), info.name);
    this.averagePlans = new PlanCache((context, all) => planAverage(rule, context, all), info.name);
  }

  /**
   * How saved state would be taken up.
   *
   * @throws Error if it does not fit the slots that this parameter may have
   */
  check(saved: ParameterState, restored: RestoreSlots): RestoredSlots {
    // A parameter that has taken no step yet, for instance an untrainable one, has no slots to restore.
    const isFresh = saved.step === 0 && Object.keys(saved.slots).every((name) => name === accumulatedSlot);
    const { group, info, context } = this;
    const { plan } = isFresh ? { plan: { slots: {}, formats: {} } } : this.update();
    const { slots: expected, formats = {} } = plan as Pick<UpdatePlan, 'slots' | 'formats'>;
    return restored(saved, { group, info, context, expected, formats });
  }

  /** Takes up saved state. @throws Error as `check` does; nothing is taken then */
  restore(saved: ParameterState, restored: RestoreSlots): RestoredSlots {
    const found = this.check(saved, restored);
    for (const { name, packed, tensor } of found.kept) {
      this.setSlot(name, tensor());
      if (packed !== undefined) this.packed.set(name, packed);
    }
    if (found.waiting !== undefined) this.accumulated.sum = tf.keep(found.waiting());
    this.steps = saved.step;
    return found;
  }

  private forget(name: string): void {
    this.slots.get(name)?.dispose();
    this.slots.delete(name);
    this.packed.delete(name);
  }

  private setSlot(name: string, tensor: tf.Tensor): void {
    this.slots.get(name)?.dispose();
    this.slots.set(name, tf.keep(tensor));
  }

  /** The traced rule; a change of options that may change it calls `replan`. */
  private update(): StagedRunner {
    const numbersAreTensors = this.group.rule.groupState?.sums !== undefined && !readsAtOnce();
    if (this.updater === undefined || numbersAreTensors !== this.numbersAreTensors) {
      this.numbersAreTensors = numbersAreTensors;
      this.updater = this.updatePlans.runnerFor(this.context, this.allFeatures);
    }
    return this.updater;
  }

  private get allFeatures(): PlanFeatures {
    const { lazyRows, group, numbersAreTensors } = this;
    return {
      ...this.features,
      ...group.formatFeatures,
      decay: group.decayFeature,
      ...(lazyRows ? { lazyRows } : {}),
      ...(numbersAreTensors ? { numbersAreTensors } : {}),
    };
  }

  /** How a slot is packed; `undefined` for float32. */
  private formatOf(slot: string): PackedFormat | undefined {
    return this.update().plan.formats?.[slot];
  }

  /** Traces the rule. @throws Error if it refuses this parameter. */
  prepare(): void {
    this.update();
  }

  /** Looks the plan up again, because options were replaced. State that the new one reads stays. */
  replan(features: PlanFeatures): void {
    this.features = features;
    this.updater = undefined;
  }

  /**
   * Makes the slots that are not there yet.
   *
   * @returns removes them again, where any was made
   * @throws Error if there is no room for one; none is made then
   */
  makeSlots(): (() => void) | undefined {
    const { slots } = this.update().plan;
    let made: string[] | undefined;
    const remove = (): void => {
      for (const name of made ?? []) {
        this.forget(name);
      }
    };
    try {
      for (const name in slots) {
        if (this.slots.has(name)) continue;
        this.setSlot(name, this.initial(name, slots[name]!));
        made ??= [];
        made.push(name);
      }
    } catch (error) {
      remove();
      throw error;
    }
    return made === undefined ? undefined : remove;
  }

  private initial(name: string, { shape, initial = 0 }: SlotSpec): tf.Tensor {
    const format = this.formatOf(name);
    if (format !== undefined) {
      this.packed.set(name, { format, shape: shape === 'parameter' ? this.info.shape : shape });
      if (initial === 'parameter') return tf.tidy(() => packedTensor(this.variable, format));
      return heldTensor(filledData(format, this.info.size, initial));
    }
    if (initial === 'parameter') return tf.clone(this.variable);
    return filledTensor(shape === 'parameter' ? this.info.shape : shape, initial);
  }

  /**
   * What this parameter adds to the sums of its group before a step, as tensors of the surrounding `tf.tidy`, after
   * `makeSlots`; `undefined` where its rule wants no sums, or it has no elements.
   */
  sums(
    gradient: tf.Tensor,
    { gradientScale, scalars }: Pick<StepInputs, 'gradientScale' | 'scalars'>,
  ): ParameterSums | undefined {
    const { numbers, rule } = this.group;
    if (numbers === undefined || rule.groupState?.sums === undefined) return undefined;
    // Finds out whether the numbers are tensors.
    this.prepare();
    const runner = this.sumPlans.runnerFor(this.context, this.allFeatures)!;
    if (isEmptyPlan(runner.plan)) return undefined;
    const values = { ...scalars, step: this.steps + 1 };
    const inputs = this.inputs(gradient, gradientScale);
    return { numbers, sums: tf.tidy(() => runner.run(inputs, values)) };
  }

  /**
   * Readies a step with one gradient, after `makeSlots`, together with those of other parameters. The caller has checked the
   * gradient's shape.
   *
   * @throws Error if it cannot be taken; nothing has changed then
   */
  *stageStep(gradient: tf.Tensor, { gradientScale, scalars, measured }: StepInputs): Staging<StagedStep> {
    const { variable } = this;
    const update = this.update();
    const own = { ...scalars, step: this.steps + 1 };
    const inputs = this.inputs(gradient, gradientScale);
    if (!measured) return this.staged(update.plan, yield* update.stage(inputs, own));
    // What is measured needs the old value and the new one.
    const outputs = tf.tidy(() => update.run(inputs, own));
    return {
      ...this.staged(update.plan, () => outputs),
      norms: measureNorms(gradient, variable, outputs.parameter!),
    };
  }

  private staged(plan: UpdatePlan, finish: () => Readonly<Record<string, tf.Tensor>>): StagedStep {
    const { variable } = this;
    const take = (): void => {
      const outputs = finish();
      this.storeSlots(outputs);
      this.dropUnusedSlots(plan);
      if (outputs.parameter !== variable) variable.assign(outputs.parameter!);
      this.steps++;
    };
    return { norms: undefined, take };
  }

  /** A constant hyperparameter may decide which slots exist: a momentum replaced by 0 keeps no buffer. */
  private dropUnusedSlots({ slots }: UpdatePlan): void {
    for (const name of this.slots.keys()) if (!Object.hasOwn(slots, name)) this.forget(name);
  }

  /**
   * Readies a renewal of slots from a gradient made for it, after `makeSlots`.
   *
   * @returns Renews them, in the same `tf.tidy`.
   */
  stageRefresh(gradient: tf.Tensor, scalars: Readonly<Record<string, number>>): () => void {
    const refresher = this.refresher()!;
    const own = { ...scalars, step: this.steps };
    const [finish] = runTogether([refresher.stage(this.inputs(gradient), own)]) as [
      () => Readonly<Record<string, tf.Tensor>>,
    ];
    return () => this.storeSlots(finish());
  }

  /** Whether this parameter's rule renews slots from gradients made for it. */
  get refreshes(): boolean {
    return this.refresher() !== undefined;
  }

  private refresher(): StagedRunner | undefined {
    return this.refreshPlans.runnerFor(this.context, this.group.formatFeatures);
  }

  private inputs(gradient?: tf.Tensor, gradientScale?: tf.Scalar): Record<string, tf.Tensor> {
    const inputs: Record<string, tf.Tensor> = { parameter: this.variable };
    if (gradient !== undefined) inputs.gradient = gradient;
    if (gradientScale !== undefined) inputs.gradientScale = gradientScale;
    for (const [name, tensor] of this.slots) inputs[name] = tensor;
    if (this.numbersAreTensors) Object.assign(inputs, this.group.numbers?.tensors);
    return inputs;
  }

  private storeSlots(outputs: Readonly<Record<string, tf.Tensor>>): void {
    for (const [name, before] of this.slots) {
      const after = outputs[name];
      if (after !== undefined && after !== before) this.setSlot(name, after);
    }
  }

  /** The value to evaluate with, as a tensor of the surrounding `tf.tidy`; `undefined` where there is no average. */
  average(scalars: Readonly<Record<string, number>>): tf.Tensor | undefined {
    if (this.variable.isDisposed || this.steps === 0) return undefined;
    const kept = this.slots.get('average');
    if (this.features.average === true) {
      if (kept === undefined) return undefined;
      const format = this.formatOf('average');
      return format === undefined ? tf.clone(kept) : unpackedTensor(kept, format, this.info.shape);
    }
    const averager = this.averagePlans.runnerFor(this.context, this.group.formatFeatures);
    if (averager === undefined) return undefined;
    const scalarsNow = { ...scalars, step: this.steps };
    const outputs = tf.tidy(() => averager.run(this.inputs(), scalarsNow));
    return tf.clone(outputs.parameter!);
  }

  /** Puts an average in the parameter's place, and keeps the training value aside. */
  swapIn(average: tf.Tensor): void {
    this.trainingValue = tf.keep(tf.clone(this.variable));
    this.variable.assign(average);
  }

  /** Puts the training value back. */
  swapOut(): void {
    if (this.trainingValue === undefined) return;
    if (!this.variable.isDisposed) this.variable.assign(this.trainingValue);
    this.trainingValue.dispose();
    this.trainingValue = undefined;
  }

  /** How many gradients the parameter has received. */
  get step(): number {
    return this.steps;
  }

  /** The rule's slots and the engine's. */
  get held(): HeldSlot[] {
    const { shape } = this.info;
    const slots = [...this.slots].map(([name, tensor]): HeldSlot => {
      return { name, tensor, shape: tensor.shape, ...this.packed.get(name) };
    });
    const { sum } = this.accumulated;
    return sum === undefined ? slots : [...slots, { name: accumulatedSlot, tensor: sum, shape }];
  }

  /** Bytes of the slots: their tensors have elements of four bytes, whatever is packed into them. */
  get stateBytes(): number {
    return 4 * this.held.reduce((elements, { tensor }) => elements + tensor.size, 0);
  }

  dispose(): void {
    this.swapOut();
    this.accumulated.dispose();
    for (const tensor of this.slots.values()) tensor.dispose();
    this.slots.clear();
    this.packed.clear();
  }
}
