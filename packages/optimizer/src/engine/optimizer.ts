import * as tf from '@tensorflow/tfjs-core';
import { describeParameter } from '../parameter.ts';
import type { OptimizerRecord } from '../record.ts';
import {
  clipFactor,
  type GradientInput,
  globalNorm,
  type NamedGradient,
  pairGradients,
} from './gradients.ts';
import { GroupTable, type HyperparameterTarget, type OptimizerMember } from './group-table.ts';
import { findParameterState, type OptimizerState, type ParameterState } from './optimizer-state.ts';
import { type HyperparameterValue, show } from './option-checks.ts';
import { ParameterSlots } from './parameter-slots.ts';

/** Options of the engine that hold for all parameters together. */
export interface EngineOptions {
  /** Scales all gradients so that their global norm is at most this; off by default. */
  readonly clipGlobalNorm?: number;
}

/**
 * The common optimizer: a `tf.Optimizer` that runs update rules over named parameters.
 *
 * State is keyed by variable name. A missing or null gradient leaves its variable and state alone.
 */
export abstract class Optimizer extends tf.Optimizer {
  private readonly groups: GroupTable;
  private readonly parameters = new Map<string, ParameterSlots>();
  private pending = new Map<string, ParameterState>();
  private iterationsTensor: tf.Tensor | undefined;
  private lastNorm: tf.Scalar | undefined;
  private readonly clipGlobalNorm: number | undefined;

  /**
   * @param label Short name for messages and saved state.
   * @throws Error on an unknown option or a value out of range.
   */
  protected constructor(
    private readonly label: string,
    members: readonly OptimizerMember[],
    engineOptions: EngineOptions = {},
  ) {
    super();
    this.iterations_ = 0;
    this.groups = new GroupTable(label, members);
    const { clipGlobalNorm } = engineOptions;
    if (clipGlobalNorm !== undefined) {
      if (typeof clipGlobalNorm !== 'number' || !(clipGlobalNorm > 0)) {
        throw new Error(`${label}: clipGlobalNorm must be a positive number, got ${show(clipGlobalNorm)}`);
      }
    }
    this.clipGlobalNorm = clipGlobalNorm;
  }

  /** What this optimizer is: name, paper, options and their defaults, cost. */
  abstract describe(): OptimizerRecord;

  override applyGradients(gradients: GradientInput): void {
    const pairs = pairGradients(gradients);
    const bound = pairs.map((pair) => ({ ...pair, slots: this.slotsOf(pair.variable) }));
    const active = bound.filter(({ slots }) => slots.group.trainable);
    this.incrementIterations();
    tf.tidy(() => {
      const scale = this.gradientScale(active);
      const scalarsOf = this.groups.scalarsAt(this.iterations);
      for (const { variable, gradient, slots } of active) {
        slots.step(variable, gradient, scale, scalarsOf(slots.group));
      }
    });
  }

  private slotsOf(variable: tf.Variable): ParameterSlots {
    const known = this.parameters.get(variable.name);
    if (known !== undefined) {
      if (!tf.util.arraysEqual([...known.info.shape], variable.shape)) {
        throw new Error(
          `variable "${variable.name}" had shape [${known.info.shape}] before and has [${variable.shape}] now`,
        );
      }
      return known;
    }
    const saved = findParameterState(this.pending, variable.name);
    // A variable that continues under another name stays in its group, and is saved under its first name again.
    const info = { ...describeParameter(variable), name: saved?.key ?? variable.name };
    this.refuseSharedName(variable.name, info.name);
    const group = this.groups.groupOf(info);
    const slots = new ParameterSlots(info, group, this.clipGlobalNorm !== undefined, saved?.state);
    if (saved !== undefined) this.pending.delete(saved.key);
    this.parameters.set(variable.name, slots);
    return slots;
  }

  private refuseSharedName(variableName: string, savedName: string): void {
    for (const [other, { info }] of this.parameters) {
      if (info.name !== savedName) continue;
      throw new Error(
        `variables "${other}" and "${variableName}" would both be saved as "${savedName}"; give each its own optimizer`,
      );
    }
  }

  private gradientScale(pairs: readonly NamedGradient[]): tf.Scalar | undefined {
    if (this.clipGlobalNorm === undefined || pairs.length === 0) return undefined;
    this.lastNorm?.dispose();
    this.lastNorm = tf.keep(globalNorm(pairs));
    return clipFactor(this.lastNorm, this.clipGlobalNorm);
  }

  /**
   * Replaces a hyper-parameter from the next step on.
   *
   * @param target An index into `groups`; without it the base value, which every group follows that sets none of its
   * own. Of combined optimizers the base value of every member that has this hyper-parameter, or with `{ member,
   * group }` that of one member.
   * @throws Error if the name is unknown, the value is out of range or there is no such group.
   */
  setHyperparameter(name: string, value: HyperparameterValue, target?: HyperparameterTarget): void {
    this.groups.setHyperparameter(name, value, target);
    for (const slots of this.parameters.values()) slots.replan();
  }

  /**
   * Global norm of the last step's gradients before clipping; `undefined` when clipping is off or before the first step.
   */
  async gradientNorm(): Promise<number | undefined> {
    return this.lastNorm === undefined ? undefined : (await this.lastNorm.data())[0];
  }

  /** Bytes of state held now. */
  stateBytes(): number {
    let bytes = 0;
    for (const slots of this.parameters.values()) bytes += slots.stateBytes;
    return bytes;
  }

  /** Everything needed to continue bit for bit, as plain data keyed by parameter name. */
  async state(): Promise<OptimizerState> {
    const parameters: Record<string, ParameterState> = Object.fromEntries(this.pending);
    for (const slots of this.parameters.values()) parameters[slots.info.name] = await slots.state();
    return { schemaVersion: 1, optimizer: this.label, step: this.iterations, parameters };
  }

  /**
   * Continues from saved state. A parameter takes its state up when its next gradient arrives.
   *
   * @throws Error if the state is of another schema version or another optimizer.
   */
  async loadState(state: OptimizerState): Promise<void> {
    if (state.schemaVersion !== 1) {
      throw new Error(
        `optimizer state has schema version ${show(state.schemaVersion)}; this version reads 1`,
      );
    }
    if (state.optimizer !== this.label) {
      throw new Error(`state of "${state.optimizer}" cannot be loaded into "${this.label}"`);
    }
    this.releaseParameters();
    this.pending = new Map(Object.entries(state.parameters));
    this.iterations_ = state.step;
  }

  /** The state as tfjs named tensors, `iter` first. The optimizer owns them: do not dispose them. */
  override async getWeights(): Promise<{ name: string; tensor: tf.Tensor }[]> {
    this.iterationsTensor?.dispose();
    this.iterationsTensor = tf.keep(tf.scalar(this.iterations, 'int32'));
    return [
      { name: 'iter', tensor: this.iterationsTensor },
      ...[...this.parameters.values()].flatMap((slots) => slots.namedTensors()),
    ];
  }

  /** @throws Error if a name is not `iter` or `<variable>/<slot>`. */
  override async setWeights(weights: { name: string; tensor: tf.Tensor }[]): Promise<void> {
    const parameters: Record<
      string,
      { step: number; slots: Record<string, { shape: number[]; data: Float32Array }> }
    > = {};
    let step = 0;
    for (const { name, tensor } of weights) {
      const data = await tensor.data();
      if (name === 'iter') {
        step = data[0]!;
        continue;
      }
      const split = name.lastIndexOf('/');
      if (split < 1) throw new Error(`optimizer weight "${name}" is not of the form <variable>/<slot>`);
      const parameter = name.slice(0, split);
      parameters[parameter] ??= { step: 0, slots: {} };
      const state = parameters[parameter];
      const slot = name.slice(split + 1);
      if (slot === 'step') state.step = data[0]!;
      else state.slots[slot] = { shape: [...tensor.shape], data: Float32Array.from(data) };
    }
    await this.loadState({ schemaVersion: 1, optimizer: this.label, step, parameters });
  }

  private releaseParameters(): void {
    for (const slots of this.parameters.values()) slots.dispose();
    this.parameters.clear();
  }

  /** Frees every tensor the optimizer holds. */
  override dispose(): void {
    this.releaseParameters();
    this.pending.clear();
    this.lastNorm?.dispose();
    this.lastNorm = undefined;
    this.iterationsTensor?.dispose();
    this.iterationsTensor = undefined;
  }
}
