import * as tf from '@tensorflow/tfjs-core';
import { describeParameter } from '../parameter.ts';
import type { OptimizerRecord } from '../record.ts';
import type { PlanFeatures } from '../rule/plan.ts';
import {
  averageDecaySpec,
  checkEngineOptions,
  type EngineOptions,
  planFeaturesOf,
} from './engine-options.ts';
import { allFinite, GlobalNorm, type GradientInput, type NamedGradient, pairGradients } from './gradients.ts';
import {
  type GroupHyperparameters,
  GroupTable,
  type HyperparameterTarget,
  type OptimizerMember,
} from './group-table.ts';
import {
  checkState,
  findParameterState,
  type OptimizerState,
  type ParameterState,
} from './optimizer-state.ts';
import { defineOptionProperties } from './option-accessors.ts';
import { type HyperparameterValue, hyperparameterAt } from './option-checks.ts';
import { ParameterSlots } from './parameter-slots.ts';
import { fromNamedTensors, StateCounters } from './state-tensors.ts';
import { type StepHook, StepHooks } from './step-hooks.ts';
import { MetricsRecorder, type StepMetrics } from './step-metrics.ts';

/** A gradient with the slots of its variable. */
interface BoundGradient extends NamedGradient {
  readonly slots: ParameterSlots;
}

/**
 * The common optimizer: a `tf.Optimizer` that runs update rules over named parameters.
 *
 * State is keyed by variable name. A missing or null gradient leaves its variable and state alone.
 */
export abstract class Optimizer extends tf.Optimizer {
  private readonly groupTable: GroupTable;
  private readonly parameters = new Map<string, ParameterSlots>();
  private pending = new Map<string, ParameterState>();
  private readonly counters = new StateCounters();
  private readonly hooks = new StepHooks();
  private readonly recorder: MetricsRecorder | undefined;
  private readonly features: PlanFeatures;
  private readonly microBatches: number;
  private readonly globalNorm: GlobalNorm | undefined;
  private skipped = 0;
  private microStep = 0;
  private averageIsIn = false;

  /**
   * @param label Short name for messages and saved state.
   * @throws Error on an unknown option or a value out of range.
   */
  protected constructor(
    private readonly label: string,
    members: readonly OptimizerMember[],
    private readonly engine: EngineOptions = {},
  ) {
    super();
    this.iterations_ = 0;
    checkEngineOptions(label, engine);
    this.groupTable = new GroupTable(label, members);
    const { accumulationSteps = 1, averageDecay, clipGlobalNorm, clipValue } = engine;
    if (averageDecay !== undefined && members.some(({ rule }) => rule.average !== undefined)) {
      throw new Error(`${label}: averageDecay is for optimizers without an average of their own`);
    }
    this.microBatches = accumulationSteps;
    this.features = planFeaturesOf(engine);
    if (clipGlobalNorm !== undefined) {
      this.globalNorm = new GlobalNorm({ count: accumulationSteps, clipValue });
    }
    this.recorder = engine.recordMetrics === true ? new MetricsRecorder(accumulationSteps) : undefined;
    defineOptionProperties(this, label, members, engine);
  }

  /** What this optimizer is: name, paper, options and their defaults, cost. */
  abstract describe(): OptimizerRecord;

  /** Steps that `skipNonFinite` has skipped. */
  get skippedSteps(): number {
    return this.skipped;
  }

  /**
   * Takes one step, or under `accumulationSteps` adds to the next one.
   *
   * @throws Error naming the variable: unknown, given twice, not float32, or of another shape than its gradient.
   */
  override applyGradients(gradients: GradientInput): void {
    this.refuseAverage('take a step');
    const given = this.bind(gradients);
    if (this.microBatches === 1) {
      this.takeStep(given);
      return;
    }
    for (const { slots, gradient } of given) slots.accumulate(gradient);
    this.microStep++;
    if (this.microStep < this.microBatches) return;
    this.microStep = 0;
    const sums = this.accumulated();
    try {
      this.takeStep(sums);
    } finally {
      for (const { gradient } of sums) gradient.dispose();
    }
  }

  /** The trainable variables that have a gradient, in the order of their names. */
  private bind(gradients: GradientInput): BoundGradient[] {
    return pairGradients(gradients)
      .map((pair) => ({ ...pair, slots: this.slotsOf(pair.variable) }))
      .filter(({ slots }) => slots.group.trainable);
  }

  private accumulated(): BoundGradient[] {
    const sums: BoundGradient[] = [];
    for (const slots of this.parameters.values()) {
      const gradient = slots.takeAccumulated();
      if (gradient !== undefined) sums.push({ variable: slots.variable, gradient, slots });
    }
    return sums.sort((a, b) => (a.variable.name < b.variable.name ? -1 : 1));
  }

  private takeStep(active: readonly BoundGradient[]): void {
    // A rule that refuses a parameter does so before any has moved.
    for (const { slots } of active) slots.prepare();
    if (this.engine.skipNonFinite === true && !allFinite(active)) {
      this.skipped++;
      return;
    }
    const step = this.iterations + 1;
    this.hooks.around(step, active, this.microBatches, () => {
      // As with a refusal, a lack of memory for the state of one parameter is noticed before any has moved.
      for (const { slots } of active) slots.makeSlots();
      this.groupTable.advance(step);
      const scalarsOf = this.scalarsAt(step);
      for (const { slots } of active) scalarsOf(slots);
      this.incrementIterations();
      tf.tidy(() => {
        const gradientScale = this.gradientScale(active);
        const measured = this.recorder !== undefined;
        const norms = active.flatMap(
          ({ gradient, slots }) =>
            slots.step(gradient, { gradientScale, scalars: scalarsOf(slots), measured }) ?? [],
        );
        this.recorder?.record(
          step,
          active.map(({ slots }) => slots),
          norms,
        );
      });
    });
  }

  private scalarsAt(step: number): (slots: ParameterSlots) => Record<string, number> {
    const { averageDecay } = this.engine;
    const scalarsOf = this.groupTable.scalarsAt(step);
    if (averageDecay === undefined) return ({ group }) => scalarsOf(group);
    const decay = hyperparameterAt(this.label, 'averageDecay', averageDecay, step, averageDecaySpec);
    return ({ group }) => {
      const scalars = scalarsOf(group);
      scalars.averageDecay = decay;
      return scalars;
    };
  }

  private slotsOf(variable: tf.Variable): ParameterSlots {
    const known = this.parameters.get(variable.name);
    if (known !== undefined && known.variable === variable) return known;
    if (known !== undefined) return this.rebound(known, variable);
    const saved = findParameterState(this.pending, variable.name);
    // A variable that continues under another name stays in its group, and is saved under its first name again.
    const info = { ...describeParameter(variable), name: saved?.key ?? variable.name };
    this.refuseSharedName(variable.name, info.name);
    const group = this.groupTable.groupOf(info);
    const slots = new ParameterSlots(variable, info, group, this.features, saved?.state);
    if (saved !== undefined) this.pending.delete(saved.key);
    this.parameters.set(variable.name, slots);
    return slots;
  }

  /** A variable was disposed and made anew under its name: the state goes on. */
  private rebound(known: ParameterSlots, variable: tf.Variable): ParameterSlots {
    if (!tf.util.arraysEqual([...known.info.shape], variable.shape)) {
      throw new Error(
        `variable "${variable.name}" had shape [${known.info.shape}] before and has [${variable.shape}] now`,
      );
    }
    known.variable = variable;
    return known;
  }

  private refuseSharedName(variableName: string, savedName: string): void {
    for (const [other, { info }] of this.parameters) {
      if (info.name !== savedName) continue;
      throw new Error(
        `variables "${other}" and "${variableName}" would both be saved as "${savedName}"; give each its own optimizer`,
      );
    }
  }

  private gradientScale(active: readonly NamedGradient[]): tf.Scalar | undefined {
    const { clipGlobalNorm = Infinity } = this.engine;
    if (this.globalNorm === undefined || active.length === 0) return undefined;
    this.globalNorm.measure(active);
    return clipGlobalNorm === Infinity ? undefined : this.globalNorm.factor(clipGlobalNorm);
  }

  /**
   * Hands gradients made for it to the rules that estimate something from them, such as the curvature in Sophia. It moves
   * no parameter and counts as no step.
   *
   * @throws Error if no rule here takes them.
   */
  applyRefresh(gradients: GradientInput): void {
    this.refuseAverage('refresh');
    const given = this.bind(gradients);
    const scalarsOf = this.scalarsAt(Math.max(1, this.iterations));
    const taken = given.filter(({ slots, gradient }) => slots.refresh(gradient, scalarsOf(slots)));
    if (given.length > 0 && taken.length === 0) {
      throw new Error(`${this.label} refreshes nothing: its rule takes gradients by applyGradients only`);
    }
  }

  /**
   * The learning rate of the next step, for the parameters that no group gives another. Assigning a number or a schedule to
   * it is `setHyperparameter('learningRate', value)`; every other hyperparameter is such a property too.
   *
   * @throws Error on reading if combined optimizers differ in it, and on assigning a value out of range.
   */
  get learningRate(): number {
    return this.hyperparameterAt('learningRate');
  }

  set learningRate(value: HyperparameterValue) {
    this.setHyperparameter('learningRate', value);
  }

  /** The weight decay of the next step; to be read and assigned as `learningRate`. */
  get weightDecay(): number {
    return this.hyperparameterAt('weightDecay');
  }

  set weightDecay(value: HyperparameterValue) {
    this.setHyperparameter('weightDecay', value);
  }

  /**
   * The number that a hyperparameter is at a step.
   *
   * @param options.step Counted from 1; by default the next one.
   * @param options.target As for `setHyperparameter`.
   * @throws Error if the name is unknown, there is no such group, or without a target combined optimizers differ in it.
   */
  hyperparameterAt(
    name: string,
    {
      step = this.iterations + 1,
      target,
    }: { readonly step?: number | undefined; readonly target?: HyperparameterTarget | undefined } = {},
  ): number {
    return this.groupTable.hyperparameterAt(name, step, target);
  }

  /**
   * Every hyperparameter as the number that it is at a step, by group; the parameters in no group come last.
   *
   * @param step Counted from 1; by default the next one.
   */
  hyperparametersAt(step = this.iterations + 1): GroupHyperparameters[] {
    return this.groupTable.hyperparametersAt(step);
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
    this.groupTable.setHyperparameter(name, value, target);
    for (const slots of this.parameters.values()) slots.replan();
  }

  /**
   * Puts the average of each parameter in its place, to evaluate or save the model with: the moving average under
   * `averageDecay`, or the one that the algorithm keeps. `swapOutAverage` goes back to training.
   *
   * @throws Error if it is in already, or nothing here keeps an average.
   */
  swapInAverage(): void {
    if (this.averageIsIn) throw new Error(`${this.label}: the average is in already`);
    const variables = tf.engine().registeredVariables;
    for (const name of [...this.pending.keys()]) {
      if (variables[name] !== undefined) this.slotsOf(variables[name]);
    }
    const scalarsOf = this.scalarsAt(Math.max(1, this.iterations));
    const all = [...this.parameters.values()];
    const swapped = all.filter((slots) => slots.swapInAverage(scalarsOf(slots)));
    const keeps = this.features.average === true || this.groupTable.keepAverages;
    if (swapped.length === 0 && !keeps) {
      throw new Error(
        `${this.label} keeps no average of the parameters; give it averageDecay, such as 0.999`,
      );
    }
    this.averageIsIn = true;
  }

  /** Puts the training values back. @throws Error if the average is not in. */
  swapOutAverage(): void {
    if (!this.averageIsIn) throw new Error(`${this.label}: the average is not in; swapInAverage comes first`);
    for (const slots of this.parameters.values()) slots.swapOutAverage();
    this.averageIsIn = false;
  }

  private refuseAverage(action: string): void {
    if (!this.averageIsIn) return;
    throw new Error(`${this.label} cannot ${action} while the average is in; call swapOutAverage first`);
  }

  /**
   * Calls functions around every step from now on; a skipped step and an unfinished accumulation are none.
   *
   * @returns a function that removes the hook
   */
  addStepHook(hook: StepHook): () => void {
    return this.hooks.add(hook);
  }

  /** Norms of the last step's gradients, updates and parameters; `undefined` unless `recordMetrics` is on. */
  async metrics(): Promise<StepMetrics | undefined> {
    return this.recorder?.read();
  }

  /**
   * Global norm of the last step's gradients before clipping; `undefined` when clipping is off or before the first step.
   */
  async gradientNorm(): Promise<number | undefined> {
    return this.globalNorm?.read();
  }

  /** Bytes of state held now. */
  stateBytes(): number {
    let bytes = 0;
    for (const slots of this.parameters.values()) bytes += slots.stateBytes;
    return bytes;
  }

  /** Everything needed to continue bit for bit, as plain data keyed by parameter name. */
  async state(): Promise<OptimizerState> {
    this.refuseAverage('be saved');
    const parameters: Record<string, ParameterState> = Object.fromEntries(this.pending);
    const { numbers } = this.groupTable;
    const head = {
      schemaVersion: 1 as const,
      optimizer: this.label,
      step: this.iterations,
      ...(this.skipped === 0 ? {} : { skippedSteps: this.skipped }),
      ...(this.microStep === 0 ? {} : { microStep: this.microStep }),
      ...(numbers === undefined ? {} : { groups: numbers }),
    };
    // All at once, so that a step taken while the backend is read does not tear the state.
    const snapshots = [...this.parameters.values()].map((slots) => slots.snapshot());
    for (const { name, read } of snapshots) parameters[name] = await read();
    return { ...head, parameters };
  }

  /**
   * Continues from saved state. A parameter takes its state up when its next gradient arrives.
   *
   * @throws Error if the state is of another schema version, another optimizer, or another accumulation.
   */
  async loadState(state: OptimizerState): Promise<void> {
    this.refuseAverage('load state');
    checkState(state, this.label, this.microBatches);
    this.groupTable.restoreNumbers(state.groups);
    this.releaseParameters();
    this.pending = new Map(Object.entries(state.parameters));
    this.iterations_ = state.step;
    this.skipped = state.skippedSteps ?? 0;
    this.microStep = state.microStep ?? 0;
  }

  /** The state as tfjs named tensors, `iter` first. The optimizer owns them: do not dispose them. */
  override async getWeights(): Promise<{ name: string; tensor: tf.Tensor }[]> {
    this.refuseAverage('be saved');
    const counters = this.counters.tensors({
      step: this.iterations,
      skippedSteps: this.skipped,
      microStep: this.microStep,
      groups: this.groupTable.numbers ?? [],
    });
    return [...counters, ...[...this.parameters.values()].flatMap((slots) => slots.namedTensors())];
  }

  /** @throws Error if a name is none that `getWeights` gives. */
  override async setWeights(weights: { name: string; tensor: tf.Tensor }[]): Promise<void> {
    await this.loadState({ schemaVersion: 1, optimizer: this.label, ...(await fromNamedTensors(weights)) });
  }

  private releaseParameters(): void {
    for (const slots of this.parameters.values()) slots.dispose();
    this.parameters.clear();
  }

  /** Frees every tensor the optimizer holds. An average that is in goes out first. */
  override dispose(): void {
    this.releaseParameters();
    this.pending.clear();
    this.averageIsIn = false;
    this.globalNorm?.dispose();
    this.recorder?.dispose();
    this.counters.dispose();
  }
}
