import * as tf from '@tensorflow/tfjs-core';
import { runOnTensors } from '../interpreters/tensor-interpreter.ts';
import type { ParameterInfo } from '../parameter.ts';
import { planUpdate, type UpdatePlan } from '../rule/plan.ts';
import type { SlotSpec } from '../rule/update-rule.ts';
import type { ParameterState } from './optimizer-state.ts';
import type { ParameterGroup } from './parameter-group.ts';

/** One parameter under optimization: its group, its plan, its step count and its state tensors. */
export class ParameterSlots {
  private readonly slots = new Map<string, tf.Tensor>();
  private plan: UpdatePlan | undefined;
  private steps = 0;
  private stepTensor: tf.Tensor;

  /** @throws Error if saved state does not fit the slots this parameter has here. */
  constructor(
    readonly info: ParameterInfo,
    readonly group: ParameterGroup,
    private readonly scalesGradient: boolean,
    saved?: ParameterState,
  ) {
    this.stepTensor = tf.keep(tf.scalar(0, 'int32'));
    if (saved !== undefined) this.restore(saved);
  }

  private restore(saved: ParameterState): void {
    // A parameter that has taken no step yet, for instance an untrainable one, has no slots to restore.
    if (saved.step === 0 && Object.keys(saved.slots).length === 0) return;
    const expected = this.currentPlan().slots;
    const names = Object.keys(expected).sort().join(', ');
    const found = Object.keys(saved.slots).sort().join(', ');
    if (names !== found) {
      this.dispose();
      throw new Error(
        `saved state of "${this.info.name}" has the slots {${found}}, but ${this.group.where} keeps {${names}}`,
      );
    }
    for (const [name, slot] of Object.entries(saved.slots)) {
      const shape = this.storedShape(expected[name]!);
      if (!tf.util.arraysEqual([...shape], [...slot.shape])) {
        this.dispose();
        throw new Error(
          `saved slot "${name}" of "${this.info.name}" has shape [${slot.shape}], but [${shape}] is needed`,
        );
      }
      this.setSlot(name, tf.tensor(slot.data, [...shape], 'float32'));
    }
    this.steps = saved.step;
  }

  private storedShape(spec: SlotSpec): readonly number[] {
    return spec.shape === 'parameter' ? this.info.shape : spec.shape;
  }

  private setSlot(name: string, tensor: tf.Tensor): void {
    this.slots.get(name)?.dispose();
    this.slots.set(name, tf.keep(tensor));
  }

  /** The traced rule; a change of hyper-parameters that may change it calls `replan`. */
  private currentPlan(): UpdatePlan {
    if (this.plan === undefined) {
      const { group } = this;
      const decayed = group.weightDecayMode === 'l2' ? 'l2' : 'shrink';
      this.plan = planUpdate(group.rule, group.context(this.info), {
        decay: group.decays ? decayed : 'off',
        scaleGradient: this.scalesGradient,
      });
      this.dropUnusedSlots(this.plan);
    }
    return this.plan;
  }

  /** A constant hyper-parameter may decide which slots exist: a momentum replaced by 0 keeps no buffer. */
  private dropUnusedSlots({ slots }: UpdatePlan): void {
    for (const [name, tensor] of this.slots) {
      if (name in slots) continue;
      tensor.dispose();
      this.slots.delete(name);
    }
  }

  /** Forgets the traced rule, because a hyper-parameter was replaced. State that the new one reads stays. */
  replan(): void {
    this.plan = undefined;
  }

  /** Applies one gradient. The caller has checked its shape. */
  step(
    variable: tf.Variable,
    gradient: tf.Tensor,
    gradientScale: tf.Scalar | undefined,
    scalars: Record<string, number>,
  ): void {
    const plan = this.currentPlan();
    for (const [name, spec] of Object.entries(plan.slots)) {
      if (!this.slots.has(name)) this.setSlot(name, tf.fill([...this.storedShape(spec)], spec.initial ?? 0));
    }
    tf.tidy(() => {
      const inputs: Record<string, tf.Tensor> = {
        parameter: this.viewed(variable, plan.shapes.parameter!),
        gradient: this.viewed(gradient, plan.shapes.gradient!),
      };
      if (gradientScale !== undefined) inputs.gradientScale = gradientScale;
      for (const name of Object.keys(plan.slots)) {
        inputs[name] = this.viewed(this.slots.get(name)!, plan.shapes[name]!);
      }
      const outputs = runOnTensors(plan, inputs, { ...scalars, step: this.steps + 1 });
      for (const [name, spec] of Object.entries(plan.slots)) {
        const next = outputs[name]!;
        if (next !== inputs[name]) this.setSlot(name, tf.reshape(next, [...this.storedShape(spec)]));
      }
      variable.assign(this.viewed(outputs.parameter!, variable.shape));
    });
    this.steps++;
  }

  private viewed(tensor: tf.Tensor, shape: readonly number[]): tf.Tensor {
    return tf.util.arraysEqual(tensor.shape, [...shape]) ? tensor : tf.reshape(tensor, [...shape]);
  }

  get stateBytes(): number {
    let elements = 0;
    for (const tensor of this.slots.values()) elements += tensor.size;
    return 4 * elements;
  }

  /** The step count and the slots as tensors this object owns; valid until the next step. */
  namedTensors(): { name: string; tensor: tf.Tensor }[] {
    this.stepTensor.dispose();
    this.stepTensor = tf.keep(tf.scalar(this.steps, 'int32'));
    const { name } = this.info;
    return [
      { name: `${name}/step`, tensor: this.stepTensor },
      ...[...this.slots].map(([slot, tensor]) => ({ name: `${name}/${slot}`, tensor })),
    ];
  }

  async state(): Promise<ParameterState> {
    const slots: Record<string, { shape: number[]; data: Float32Array }> = {};
    for (const [name, tensor] of this.slots) {
      slots[name] = { shape: [...tensor.shape], data: (await tensor.data()).slice() as Float32Array };
    }
    return { step: this.steps, slots };
  }

  dispose(): void {
    this.stepTensor.dispose();
    for (const tensor of this.slots.values()) tensor.dispose();
    this.slots.clear();
  }
}
