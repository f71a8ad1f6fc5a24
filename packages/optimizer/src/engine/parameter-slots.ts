import * as tf from '@tensorflow/tfjs-core';
import { filledTensor, PlanRunner } from '../interpreters/plan-runner.ts';
import type { ParameterInfo } from '../parameter.ts';
import { type PlanFeatures, planAverage, planRefresh, planUpdate, type UpdatePlan } from '../rule/plan.ts';
import type { RuleContext, SlotSpec } from '../rule/update-rule.ts';
import { accumulated } from './accumulated-gradients.ts';
import type { ParameterState } from './optimizer-state.ts';
import type { ParameterGroup } from './parameter-group.ts';
import { PlanCache } from './plan-cache.ts';
import { type MeasuredNorms, measureNorms } from './step-metrics.ts';

/** Slot of the gradients that wait for the rest of their step. */
const accumulatedSlot = 'accumulatedGradient';

/** What one step has for a parameter besides its gradient. */
export interface StepInputs {
  /** Factor of global-norm clipping, where that is on. */
  readonly gradientScale: tf.Scalar | undefined;
  /** Made for this step; each parameter puts in its own step count. */
  readonly scalars: Record<string, number>;
  /** Whether the norms of the step are wanted. */
  readonly measured: boolean;
}

/** One parameter under optimization: its group, its plan, its step count and its state tensors. */
export class ParameterSlots {
  private readonly slots = new Map<string, tf.Tensor>();
  /** Settings and constants as the group has them now. */
  private readonly context: RuleContext;
  private readonly updatePlans: PlanCache;
  private readonly refreshPlans: PlanCache<UpdatePlan | undefined>;
  /** The runner of the present plan; `undefined` when that has to be looked up. */
  private updater: PlanRunner | undefined;
  private steps = 0;
  private stepTensor: tf.Tensor;
  private accumulated: tf.Tensor | undefined;
  /** The training value of the parameter while an average stands in for it. */
  private trainingValue: tf.Tensor | undefined;

  /**
   * @param features What the engine folds into the plan, but for decay, which is the group's.
   * @throws Error if saved state does not fit the slots this parameter has here.
   */
  constructor(
    public variable: tf.Variable,
    readonly info: ParameterInfo,
    readonly group: ParameterGroup,
    private readonly features: PlanFeatures,
    saved?: ParameterState,
  ) {
    this.stepTensor = tf.keep(tf.scalar(0, 'int32'));
    this.context = group.context(info);
    this.updatePlans = new PlanCache((context, traced) => planUpdate(group.rule, context, traced));
    this.refreshPlans = new PlanCache((context) => planRefresh(group.rule, context));
    if (saved !== undefined) this.restore(saved);
  }

  private restore(saved: ParameterState): void {
    const { [accumulatedSlot]: accumulated, ...slots } = saved.slots;
    if (accumulated !== undefined) {
      if (this.features.gradientCount === undefined) {
        this.refuse(
          `saved state of "${this.info.name}" stops between two micro-batches; give ${this.group.where} the accumulationSteps it had`,
        );
      }
      this.checkShape(accumulatedSlot, this.info.shape, accumulated.shape);
      this.accumulated = tf.keep(tf.tensor(accumulated.data, [...accumulated.shape], 'float32'));
    }
    // A parameter that has taken no step yet, for instance an untrainable one, has no slots to restore.
    if (saved.step === 0 && Object.keys(slots).length === 0) return;
    const expected = this.update().plan.slots;
    const names = Object.keys(expected).sort().join(', ');
    const found = Object.keys(slots).sort().join(', ');
    if (names !== found) {
      this.refuse(
        `saved state of "${this.info.name}" has the slots {${found}}, but ${this.group.where} keeps {${names}}`,
      );
    }
    for (const [name, slot] of Object.entries(slots)) {
      const shape = this.storedShape(expected[name]!);
      this.checkShape(name, shape, slot.shape);
      this.setSlot(name, tf.tensor(slot.data, [...shape], 'float32'));
    }
    this.steps = saved.step;
  }

  private checkShape(slot: string, needed: readonly number[], found: readonly number[]): void {
    if (tf.util.arraysEqual([...needed], [...found])) return;
    this.refuse(
      `saved slot "${slot}" of "${this.info.name}" has shape [${found}], but [${needed}] is needed`,
    );
  }

  private refuse(message: string): never {
    this.dispose();
    throw new Error(message);
  }

  private storedShape(spec: SlotSpec): readonly number[] {
    return spec.shape === 'parameter' ? this.info.shape : spec.shape;
  }

  private setSlot(name: string, tensor: tf.Tensor): void {
    this.slots.get(name)?.dispose();
    this.slots.set(name, tf.keep(tensor));
  }

  /** The traced rule; a change of hyper-parameters that may change it calls `replan`. */
  private update(): PlanRunner {
    if (this.updater === undefined) {
      const { group } = this;
      const features = { ...this.features, decay: group.decayFeature };
      this.updater = this.updatePlans.runnerFor(this.context, features);
      this.dropUnusedSlots(this.updater.plan);
    }
    return this.updater;
  }

  /** Traces the rule. @throws Error if it refuses this parameter. */
  prepare(): void {
    this.update();
  }

  /** A constant hyper-parameter may decide which slots exist: a momentum replaced by 0 keeps no buffer. */
  private dropUnusedSlots({ slots }: UpdatePlan): void {
    for (const [name, tensor] of this.slots) {
      if (name in slots) continue;
      tensor.dispose();
      this.slots.delete(name);
    }
  }

  /** Looks the plan up again, because a hyper-parameter was replaced. State that the new one reads stays. */
  replan(): void {
    this.updater = undefined;
  }

  /** Adds a gradient to those that wait for the rest of their step. The caller has checked its shape. */
  accumulate(gradient: tf.Tensor): void {
    const before = this.accumulated;
    this.accumulated = before === undefined ? tf.keep(tf.clone(gradient)) : accumulated(before, gradient);
  }

  /** The sum of the gradients that waited, which the caller disposes; `undefined` if there are none. */
  takeAccumulated(): tf.Tensor | undefined {
    const sum = this.accumulated;
    this.accumulated = undefined;
    return sum;
  }

  /**
   * Applies one gradient, after `makeSlots`. The caller has checked its shape.
   *
   * @returns the norms of the step where they are wanted, for a `MetricsRecorder`
   */
  step(gradient: tf.Tensor, { gradientScale, scalars, measured }: StepInputs): MeasuredNorms | undefined {
    const { variable } = this;
    const update = this.update();
    scalars.step = this.steps + 1;
    let norms: MeasuredNorms | undefined;
    tf.tidy(() => {
      // A second holder of the old value keeps it from being overwritten.
      const before = measured ? tf.clone(variable) : undefined;
      const inputs = this.inputs(gradient, gradientScale);
      const outputs = update.run(inputs, scalars, { inPlace: true });
      if (before !== undefined) norms = measureNorms(gradient, before, outputs.parameter!);
      this.storeSlots(outputs);
      if (outputs.parameter !== variable) variable.assign(outputs.parameter!);
    });
    this.steps++;
    return norms;
  }

  /** Renews slots from a gradient made for it. @returns whether this parameter's rule does so */
  refresh(gradient: tf.Tensor, scalars: Readonly<Record<string, number>>): boolean {
    const refresher = this.refreshPlans.runnerFor(this.context);
    if (refresher === undefined) return false;
    this.makeSlots();
    tf.tidy(() => {
      const inputs = this.inputs(gradient);
      this.storeSlots(refresher.run(inputs, { ...scalars, step: this.steps }, { inPlace: true }));
    });
    return true;
  }

  /** Makes the slots that are not there yet. @throws Error if there is no room for one; no parameter has moved then. */
  makeSlots(): void {
    const { plan } = this.update();
    for (const name in plan.slots) {
      if (this.slots.has(name)) continue;
      const spec = plan.slots[name]!;
      const { initial = 0 } = spec;
      this.setSlot(
        name,
        initial === 'parameter' ? tf.clone(this.variable) : filledTensor(this.storedShape(spec), initial),
      );
    }
  }

  private inputs(gradient?: tf.Tensor, gradientScale?: tf.Scalar): Record<string, tf.Tensor> {
    const inputs: Record<string, tf.Tensor> = { parameter: this.variable };
    if (gradient !== undefined) inputs.gradient = gradient;
    if (gradientScale !== undefined) inputs.gradientScale = gradientScale;
    for (const [name, tensor] of this.slots) inputs[name] = tensor;
    return inputs;
  }

  private storeSlots(outputs: Readonly<Record<string, tf.Tensor>>): void {
    for (const [name, before] of this.slots) {
      const after = outputs[name];
      if (after !== undefined && after !== before) this.setSlot(name, after);
    }
  }

  /**
   * Puts the average in the parameter's place, and keeps the training value aside.
   *
   * @returns whether this parameter has an average
   */
  swapInAverage(scalars: Readonly<Record<string, number>>): boolean {
    const average = this.averageValue(scalars);
    if (average === undefined) return false;
    this.trainingValue = tf.keep(tf.clone(this.variable));
    this.variable.assign(average);
    average.dispose();
    return true;
  }

  private averageValue(scalars: Readonly<Record<string, number>>): tf.Tensor | undefined {
    if (this.variable.isDisposed || this.steps === 0) return undefined;
    const kept = this.slots.get('average');
    if (this.features.average === true) return kept === undefined ? undefined : tf.clone(kept);
    const plan = planAverage(this.group.rule, this.context);
    if (plan === undefined) return undefined;
    return tf.tidy(() => {
      const scalarsNow = { ...scalars, step: this.steps };
      const outputs = new PlanRunner(plan).run(this.inputs(), scalarsNow, { inPlace: false });
      return tf.clone(outputs.parameter!);
    });
  }

  /** Puts the training value back. */
  swapOutAverage(): void {
    if (this.trainingValue === undefined) return;
    if (!this.variable.isDisposed) this.variable.assign(this.trainingValue);
    this.trainingValue.dispose();
    this.trainingValue = undefined;
  }

  /** The rule's slots and the engine's. */
  private tensors(): ReadonlyMap<string, tf.Tensor> {
    if (this.accumulated === undefined) return this.slots;
    return new Map([...this.slots, [accumulatedSlot, this.accumulated]]);
  }

  get stateBytes(): number {
    let elements = 0;
    for (const tensor of this.tensors().values()) elements += tensor.size;
    return 4 * elements;
  }

  /** The step count and the slots as tensors this object owns; valid until the next step. */
  namedTensors(): { name: string; tensor: tf.Tensor }[] {
    this.stepTensor.dispose();
    this.stepTensor = tf.keep(tf.scalar(this.steps, 'int32'));
    const { name } = this.info;
    return [
      { name: `${name}/step`, tensor: this.stepTensor },
      ...[...this.tensors()].map(([slot, tensor]) => ({ name: `${name}/${slot}`, tensor })),
    ];
  }

  /** The state now, whatever happens until it is read. */
  snapshot(): { readonly name: string; read(): Promise<ParameterState> } {
    const step = this.steps;
    const clones = [...this.tensors()].map(([slot, tensor]) => [slot, tf.keep(tf.clone(tensor))] as const);
    const read = async (): Promise<ParameterState> => {
      const slots: Record<string, { shape: number[]; data: Float32Array }> = {};
      for (const [slot, clone] of clones) {
        slots[slot] = { shape: [...clone.shape], data: (await clone.data()).slice() as Float32Array };
        clone.dispose();
      }
      return { step, slots };
    };
    return { name: this.info.name, read };
  }

  dispose(): void {
    this.swapOutAverage();
    this.stepTensor.dispose();
    this.takeAccumulated()?.dispose();
    for (const tensor of this.slots.values()) tensor.dispose();
    this.slots.clear();
  }
}
