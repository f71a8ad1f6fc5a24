import * as tf from '@tensorflow/tfjs-core';
import { readsAtOnce } from '../interpreters/backend-traits.ts';
import type { OptimizerRecord } from '../record.ts';
import { isKnownToPage } from './class-registry.ts';
import { checkEngineOptions, type EngineOptions, planFeaturesOf } from './engine-options.ts';
import { allFinite, FiniteMarks, type NonFiniteNames } from './finite-gradients.ts';
import { type GradientInput, pairGradients } from './gradients.ts';
import {
  type GroupHyperparameters,
  GroupTable,
  type HyperparameterTarget,
  type OptimizerMember,
} from './group-table.ts';
import type { OptimizerState } from './optimizer-state.ts';
import { defineOptionProperties } from './option-accessors.ts';
import type { HyperparameterValue } from './option-checks.ts';
import { type Binding, ParameterTable } from './parameter-table.ts';
import type { StateReport, StateSource } from './saved-states.ts';
import { compileSelector } from './selector.ts';
import { copyOfPlain, holdParameters, releaseParameters, stateSnapshot } from './state-snapshot.ts';
import type { NamedTensor } from './state-tensors.ts';
import type { StepHook } from './step-hooks.ts';
import type { StepMetrics } from './step-metrics.ts';
import { type BoundGradient, Stepper } from './stepper.ts';
import { requestedGradients, variableGradients } from './variable-gradients.ts';
import { listed } from './variable-names.ts';
import { warn } from './warnings.ts';

/** A chunk of its own in the bundle of a page. */
const stateCode = () => import('./state-code.ts');
type StateCode = Awaited<ReturnType<typeof stateCode>>;

/** Limits of gradients to be replaced; `undefined` switches one off. */
export interface Clipping {
  readonly clipGlobalNorm?: number | undefined;
  readonly clipValue?: number | undefined;
}

/**
 * The common optimizer: a `tf.Optimizer` that runs update rules over named parameters.
 *
 * State is keyed by variable name. A missing or null gradient leaves its variable and state alone. A call that throws
 * changes nothing.
 */
export abstract class Optimizer extends tf.Optimizer {
  private readonly groupTable: GroupTable;
  private readonly table: ParameterTable;
  private readonly stepper: Stepper;
  /** What `getWeights` has given. */
  private weights: NamedTensor[] = [];
  private readonly microBatches: number;
  private skipped = 0;
  private microStep = 0;
  /** Calls that have changed something that is saved. */
  private changes = 0;
  /** Settles when every load so far has. */
  private loads: Promise<unknown> = Promise.resolve();
  private averageIsIn = false;
  /** A call that waits to know which gradients are finite. */
  private waiting: object | undefined;
  /** What is not finite, during a call that has waited for it. */
  private nonFinite: NonFiniteGradients | undefined;
  private saidUnusedGroups = false;

  /**
   * @param label Short name for messages and saved state.
   * @throws Error on an unknown option or a value out of range.
   */
  protected constructor(
    private readonly label: string,
    members: readonly OptimizerMember[],
    private engine: EngineOptions = {},
  ) {
    super();
    this.iterations_ = 0;
    checkEngineOptions(label, engine);
    this.groupTable = new GroupTable(label, members);
    const { accumulationSteps = 1, averageDecay, lazyRows } = engine;
    if (averageDecay !== undefined && members.some(({ rule }) => rule.average !== undefined)) {
      throw new Error(`${label}: averageDecay is for optimizers without an average of their own`);
    }
    this.microBatches = accumulationSteps;
    const hasLazyRows = lazyRows === undefined ? () => false : compileSelector(lazyRows);
    this.table = new ParameterTable(label, this.groupTable, planFeaturesOf(engine), hasLazyRows);
    this.stepper = new Stepper(label, this.groupTable, engine);
    defineOptionProperties(this, label, members, engine);
  }

  /** What this optimizer is: name, paper, options and their defaults, cost. */
  abstract describe(): OptimizerRecord;

  /** Calls that `skipNonFinite` has skipped: steps, or under `accumulationSteps` micro-batches, and refreshes. */
  get skippedSteps(): number {
    return this.skipped;
  }

  /** The gradients that `minimize` applies: {@link variableGradients}. */
  override computeGradients(
    loss: () => tf.Scalar,
    variables?: tf.Variable[],
  ): { value: tf.Scalar; grads: tf.NamedTensorMap } {
    return variableGradients(loss, variables);
  }

  /**
   * Takes one step, or under `accumulationSteps` adds to the next one.
   *
   * @throws Error naming the variable: unknown, given twice, not float32, of another shape than its gradient or its state,
   * or refused by the rule.
   */
  override applyGradients(gradients: GradientInput): void {
    this.refuseNow('take a step');
    const pairs = pairGradients(gradients);
    if (this.microBatches === 1) {
      this.attempt(this.bound(pairs), (given, commit) =>
        this.takeStep(given, 1, this.nonFinite?.given, commit),
      );
    } else if (this.microStep + 1 < this.microBatches) {
      this.attempt(this.bound(pairs), (given, commit) => this.accumulate(given, commit));
    } else {
      this.closeStep(pairs, this.microBatches);
    }
  }

  /**
   * Takes the step of an accumulation before it is complete, with the mean of the micro-batches that came: at the end of
   * an epoch, say.
   *
   * @returns how many came; where none did, there is no step
   */
  applyAccumulated(): number {
    this.refuseNow('take a step');
    const count = this.microStep;
    if (count > 0) this.closeStep([], count);
    return count;
  }

  /** Forgets the micro-batches of an incomplete accumulation. @returns how many there were */
  dropAccumulated(): number {
    this.refuseWhileWaiting('drop micro-batches');
    const count = this.microStep;
    this.table.dropAccumulated();
    this.microStep = 0;
    if (count > 0) this.changes++;
    return count;
  }

  /**
   * Takes one step down the gradient of a loss.
   *
   * @param loss computes the loss from the variables
   * @param variables By default all that are trainable.
   * @returns the loss before the step if `returnCost` is true, else `null`
   * @throws as {@link applyGradients} and `tf.variableGrads`. No tensor is left behind then, and nothing has changed unless it was
   * an `afterStep` hook that threw.
   */
  override minimize(loss: () => tf.Scalar, returnCost = false, variables?: tf.Variable[]): tf.Scalar | null {
    const { value, grads } = this.computeGradients(loss, variables);
    let returned: tf.Scalar | null = null;
    try {
      this.applyGradients(requestedGradients(grads, variables));
      if (returnCost) returned = value;
      return returned;
    } finally {
      tf.dispose(grads);
      if (returned === null) value.dispose();
    }
  }

  /**
   * `minimize`, which under `skipNonFinite` waits for the gradients without blocking: on WebGPU, which is not read at once.
   *
   * @param variables By default all that are trainable.
   * @returns a promise of the loss if `returnCost` is true, else of `null`
   * @throws (by rejecting) as {@link minimize}
   */
  async minimizeAsync(
    loss: () => tf.Scalar,
    returnCost = false,
    variables?: tf.Variable[],
  ): Promise<tf.Scalar | null> {
    const { value, grads } = this.computeGradients(loss, variables);
    let returned: tf.Scalar | null = null;
    try {
      await this.applyGradientsAsync(requestedGradients(grads, variables));
      if (returnCost) returned = value;
      return returned;
    } finally {
      tf.dispose(grads);
      if (returned === null) value.dispose();
    }
  }

  /**
   * `applyGradients`, which under `skipNonFinite` waits for the gradients without blocking. Until the promise has settled, the
   * optimizer can neither train nor load nor be saved; the gradients may be disposed at once.
   */
  async applyGradientsAsync(gradients: GradientInput): Promise<void> {
    const closes = this.microBatches > 1 && this.microStep + 1 >= this.microBatches;
    await this.onceRead(gradients, closes, (given) => this.applyGradients(given));
  }

  /** `applyAccumulated`, waiting as `applyGradientsAsync` does. */
  async applyAccumulatedAsync(): Promise<number> {
    return this.onceRead([], this.microStep > 0, () => this.applyAccumulated());
  }

  /** `applyRefresh`, waiting as `applyGradientsAsync` does. */
  async applyRefreshAsync(gradients: GradientInput): Promise<void> {
    await this.onceRead(gradients, false, (given) => this.applyRefresh(given));
  }

  /**
   * Makes a call once it is known which gradients are finite, where that matters and they are not read at once.
   *
   * @param closes Whether a step of all that was accumulated follows.
   */
  private async onceRead<Result>(
    gradients: GradientInput,
    closes: boolean,
    call: (gradients: GradientInput) => Result,
  ): Promise<Result> {
    this.refuseNow('take a step');
    if (this.engine.skipNonFinite !== true || readsAtOnce()) return call(gradients);
    const pairs = pairGradients(gradients);
    const held = pairs.map(({ variable, gradient }) => {
      return { name: variable.name, tensor: tf.keep(tf.clone(gradient)) };
    });
    const waiting = {};
    try {
      const ofSums = closes ? this.marksOfSums(pairs) : undefined;
      const marks = new FiniteMarks(pairs);
      this.waiting = waiting;
      const [given, sums] = await Promise.all([marks.read(), ofSums?.read()]);
      if (this.waiting !== waiting) throw new Error(`${this.label} was disposed while a step was awaited`);
      this.waiting = undefined;
      this.nonFinite = { given, sums };
      return call(held);
    } finally {
      this.nonFinite = undefined;
      if (this.waiting === waiting) this.waiting = undefined;
      tf.dispose(held.map(({ tensor }) => tensor));
    }
  }

  private marksOfSums(pairs: ReturnType<typeof pairGradients>): FiniteMarks {
    const bound = this.boundWithWaiting(pairs);
    try {
      let marks: FiniteMarks | undefined;
      tf.tidy(() => {
        marks = new FiniteMarks(this.sumsOf(bound));
      });
      return marks!;
    } finally {
      bound.binding.undo();
    }
  }

  /** Gradients with the slots of their variables, in the order of names; `also` are variables that have none. */
  private bound(pairs: ReturnType<typeof pairGradients>, also: readonly tf.Variable[] = []): Bound {
    this.releaseWeights();
    const binding = this.table.bind([...pairs.map(({ variable }) => variable), ...also]);
    const given = pairs.map((pair, index) => ({ ...pair, slots: binding.slots[index]! }));
    return { binding, given: given.filter(({ slots }) => slots.group.trainable) };
  }

  /** Runs something that commits in the end; if it does not, the variables are as unknown as before. */
  private attempt(
    { binding, given }: Bound,
    run: (given: readonly BoundGradient[], commit: () => void) => void,
  ): void {
    let committed = false;
    try {
      run(given, () => {
        committed = true;
        this.changes++;
        binding.commit();
      });
    } finally {
      if (!committed) binding.undo();
    }
  }

  private accumulate(given: readonly BoundGradient[], commit: () => void): void {
    if (this.skips(given)) return;
    tf.tidy(() => {
      const staged = given.map(({ slots, gradient }) => slots.accumulated.stage(gradient));
      for (const add of staged) add();
    });
    this.microStep++;
    commit();
  }

  /** Whether a micro-batch or a refresh is left out; a step made of micro-batches is checked again. */
  private skips(given: readonly BoundGradient[]): boolean {
    if (this.engine.skipNonFinite !== true || allFinite(given, this.nonFinite?.given)) return false;
    this.skipped++;
    return true;
  }

  /** Gradients with the slots of all variables of a step that ends an accumulation. */
  private boundWithWaiting(pairs: ReturnType<typeof pairGradients>): Bound {
    return this.bound(pairs, this.table.variablesWaiting(pairs.map(({ variable }) => variable)));
  }

  /** The sums of all micro-batches, as tensors of the surrounding `tf.tidy`, in the order of names. */
  private sumsOf({ binding, given }: Bound): BoundGradient[] {
    const gradientOf = new Map(given.map(({ slots, gradient }) => [slots, gradient]));
    return [...new Set([...this.table.living, ...binding.slots])]
      .filter((slots) => gradientOf.has(slots) || slots.accumulated.sum !== undefined)
      .filter(({ group }) => group.trainable)
      .map((slots) => {
        const gradient = slots.accumulated.with(gradientOf.get(slots));
        return { variable: slots.variable, gradient, slots };
      })
      .sort((a, b) => (a.variable.name < b.variable.name ? -1 : 1));
  }

  /** Takes the step of all that was accumulated, with one last micro-batch or none. */
  private closeStep(pairs: ReturnType<typeof pairGradients>, count: number): void {
    const bound = this.boundWithWaiting(pairs);
    this.attempt(bound, (given, commit) => {
      if (this.skips(given)) return;
      tf.tidy(() => {
        const sums = this.sumsOf(bound);
        const drop = (): void => {
          this.table.dropAccumulated();
          this.microStep = 0;
          this.changes++;
        };
        const taken = this.takeStep(sums, count, this.nonFinite?.sums, () => {
          commit();
          drop();
        });
        // Gradients that are finite may have a sum that is not.
        if (!taken) drop();
      });
    });
  }

  /** @returns whether the step was taken, and not skipped */
  private takeStep(
    active: readonly BoundGradient[],
    gradientCount: number,
    nonFinite: NonFiniteNames | undefined,
    commit: () => void,
  ): boolean {
    const toTake = { step: this.iterations + 1, gradientCount, nonFinite };
    const taken = this.stepper.take(active, toTake, () => {
      this.incrementIterations();
      commit();
      this.sayMismatches();
    });
    if (!taken) this.skipped++;
    return taken;
  }

  /**
   * Says once what would otherwise do nothing without a word, or fail far from its cause: state of no variable, a second copy of
   * tfjs, and groups of no parameter.
   */
  private sayMismatches(): void {
    const ofLoad = this.table.firstStepWarning();
    if (ofLoad !== undefined) warn(ofLoad);
    if (this.saidUnusedGroups || this.table.all.length === 0) return;
    this.saidUnusedGroups = true;
    // `instanceof` looks at the form only, which is the same in every copy.
    const isOfThisCopy = this.table.all[0]!.variable.constructor === tf.Variable;
    if (!isOfThisCopy && !isKnownToPage(this.constructor)) {
      const name = this.getClassName();
      warn(
        `${this.label}: the variables come from another copy of @tensorflow/tfjs-core than the one that ${name} is built on. ` +
          `Training works, but a model saved with its optimizer loads only after tf.serialization.registerClass(${name}) with ` +
          "the tf that loads it. One copy is better: import '@tensorflow/tfjs' everywhere, or take it from the same bundle.",
      );
    }
    const unused = this.table.unusedGroups;
    if (unused.length === 0) return;
    warn(
      `${this.label}: no parameter of the first step is in ${unused.join(', ')}. Its parameters are ` +
        `${listed(this.table.all.map(({ info }) => info.name))}. A glob divides names at "/": "bias" and "**/bias" do not ` +
        'match "dense.bias", "*.bias" does.',
    );
  }

  /**
   * Hands gradients made for it to the rules that estimate something from them, such as the curvature in Sophia. It moves
   * no parameter and counts as no step. `skipNonFinite` leaves it out as it does a step.
   *
   * @throws Error if no rule here takes them.
   */
  applyRefresh(gradients: GradientInput): void {
    this.refuseNow('refresh');
    this.attempt(this.bound(pairGradients(gradients)), (given, commit) => {
      const scalarsOf = this.stepper.scalarsAt(Math.max(1, this.iterations));
      const taken = given.filter(({ slots }) => slots.refreshes);
      if (given.length > 0 && taken.length === 0) {
        throw new Error(`${this.label} refreshes nothing: its rule takes gradients by applyGradients only`);
      }
      if (this.skips(taken)) return;
      const undo: ((() => void) | undefined)[] = [];
      try {
        for (const { slots } of taken) undo.push(slots.makeSlots());
        tf.tidy(() => {
          const staged = taken.map(({ slots, gradient }) => slots.stageRefresh(gradient, scalarsOf(slots)));
          for (const renew of staged) renew();
        });
      } catch (error) {
        for (const remove of undo) remove?.();
        throw error;
      }
      commit();
    });
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
   * Replaces a hyperparameter from the next step on.
   *
   * @param target An index into `groups`; without it the base value, which every group follows that sets none of its
   * own. Of combined optimizers the base value of every member that has this hyperparameter, or with `{ member,
   * group }` that of one member.
   * @throws Error if the name is unknown, the value is out of range or there is no such group.
   */
  setHyperparameter(name: string, value: HyperparameterValue, target?: HyperparameterTarget): void {
    this.groupTable.setHyperparameter(name, value, target);
    this.table.replan(planFeaturesOf(this.engine));
  }

  /**
   * Freezes or thaws parameters from the next step on. Frozen ones keep their value and their state.
   *
   * @param target As for `setHyperparameter`.
   * @throws Error if the value is not true or false or there is no such group.
   */
  setTrainable(trainable: boolean, target?: HyperparameterTarget): void {
    this.groupTable.setTrainable(trainable, target);
  }

  /** Whether the parameters in no group are trained. Assigning is `setTrainable(value)`. */
  get trainable(): boolean {
    return this.groupTable.trainable;
  }

  set trainable(value: boolean) {
    this.setTrainable(value);
  }

  /**
   * The limit of the global norm of the gradients; `undefined` where there is none. It may be assigned between steps.
   *
   * @throws Error on assigning a value out of range.
   */
  get clipGlobalNorm(): number | undefined {
    return this.engine.clipGlobalNorm;
  }

  set clipGlobalNorm(value: number | undefined) {
    this.setClipping({ clipGlobalNorm: value });
  }

  /** The limit of every element of a gradient; to be read and assigned as `clipGlobalNorm`. */
  get clipValue(): number | undefined {
    return this.engine.clipValue;
  }

  set clipValue(value: number | undefined) {
    this.setClipping({ clipValue: value });
  }

  /** Replaces limits; those left out stay. */
  protected setClipping(clipping: Clipping): void {
    const engine: EngineOptions = { ...this.engine, ...clipping };
    checkEngineOptions(this.label, engine);
    this.engine = engine;
    this.stepper.setOptions(engine);
    this.table.replan(planFeaturesOf(engine));
  }

  /**
   * Puts the average of each parameter in its place, to evaluate or save the model with: the moving average under
   * `averageDecay`, or the one that the algorithm keeps. `swapOutAverage` goes back to training.
   *
   * @throws Error if it is in already, or nothing here keeps an average.
   */
  swapInAverage(): void {
    if (this.averageIsIn) throw new Error(`${this.label}: the average is in already`);
    this.refuseWhileWaiting('swap the average in');
    const bound = this.bound([], [...this.table.remade(), ...this.table.variablesOf(() => true)]);
    this.attempt(bound, (_, commit) => {
      const scalarsOf = this.stepper.scalarsAt(Math.max(1, this.iterations));
      tf.tidy(() => {
        const averages = [...new Set([...this.table.all, ...bound.binding.slots])].flatMap((slots) => {
          const average = slots.average(scalarsOf(slots));
          return average === undefined ? [] : [{ slots, average }];
        });
        const keeps = this.engine.averageDecay !== undefined || this.groupTable.keepAverages;
        if (averages.length === 0 && !keeps) {
          throw new Error(
            `${this.label} keeps no average of the parameters; give it averageDecay, such as 0.999`,
          );
        }
        for (const { slots, average } of averages) slots.swapIn(average);
      });
      commit();
      this.averageIsIn = true;
    });
  }

  /** Puts the training values back. @throws Error if the average is not in. */
  swapOutAverage(): void {
    if (!this.averageIsIn) throw new Error(`${this.label}: the average is not in; swapInAverage comes first`);
    for (const slots of this.table.all) slots.swapOut();
    this.averageIsIn = false;
  }

  private refuseWhileWaiting(action: string): void {
    if (this.waiting === undefined) return;
    throw new Error(`${this.label} cannot ${action} while a step waits for its gradients; await that first`);
  }

  private refuseNow(action: string): void {
    this.refuseWhileWaiting(action);
    if (!this.averageIsIn) return;
    throw new Error(`${this.label} cannot ${action} while the average is in; call swapOutAverage first`);
  }

  /**
   * Calls functions around every step from now on; skipped steps and incomplete accumulations do not count.
   *
   * @returns a function that removes the hook
   * @throws Error if it is not an object with a function `beforeStep`, `afterStep` or both
   */
  addStepHook(hook: StepHook): () => void {
    return this.stepper.hooks.add(hook);
  }

  /** Norms of the last step's gradients, updates and parameters; `undefined` unless `recordMetrics` is on. */
  async metrics(): Promise<StepMetrics | undefined> {
    return this.stepper.metrics();
  }

  /**
   * Global norm of the last step's gradients before clipping; `undefined` when clipping is off or before the first step.
   */
  async gradientNorm(): Promise<number | undefined> {
    return this.stepper.gradientNorm();
  }

  /**
   * The numbers that algorithms keep for whole groups, such as the step size that one has estimated: a record for every group, in
   * the order of `hyperparametersAt`. Empty for algorithms, and groups, without any.
   */
  async groupNumbers(): Promise<readonly Readonly<Record<string, number>>[]> {
    return (await this.groupTable.snapshotNumbers()()) ?? [];
  }

  /** Bytes of state held now on the backend. */
  stateBytes(): number {
    return this.table.all.reduce((bytes, slots) => bytes + slots.stateBytes, 0);
  }

  /** Everything needed to continue bit for bit, as plain data keyed by the names of the variables. */
  async state(): Promise<OptimizerState> {
    this.refuseNow('be saved');
    const numbers = this.groupTable.snapshotNumbers();
    const head = {
      schemaVersion: 1 as const,
      optimizer: this.label,
      step: this.iterations,
      ...(this.skipped === 0 ? {} : { skippedSteps: this.skipped }),
      ...(this.microStep === 0 ? {} : { microStep: this.microStep }),
    };
    const read = stateSnapshot(this.table.all, this.table.unclaimed);
    const groups = await numbers();
    return { ...head, ...(groups === undefined ? {} : { groups }), parameters: await read() };
  }

  /**
   * Continues from saved state. Each parameter's state is restored at its next gradient, by `claimState`, or by
   * `swapInAverage`; until then it is kept, and saved again. `stateReport` says which names have met. It is the state at the
   * moment of the call that counts; several loads take effect in the order of their calls.
   *
   * @throws Error naming what is wrong: another schema version, another optimizer, another accumulation, a count that is
   * not one, data that is not float32 or does not fill its shape, or state that does not fit a parameter trained here; or if
   * the optimizer is used to train before the promise has settled.
   */
  async loadState(state: OptimizerState): Promise<void> {
    await this.load(copyOfPlain(state), 'names');
  }

  private load(state: OptimizerState | Promise<OptimizerState>, source: StateSource): Promise<void> {
    const { changes } = this;
    const loaded = Promise.all([stateCode(), state, this.loads]).then(([code, given]) => {
      this.refuseNow('load state');
      if (changes !== this.changes) {
        throw new Error(`${this.label} was trained while its state was being loaded; await that first`);
      }
      this.take(code, given, source);
    });
    // One that fails may do so before those that it would have followed.
    this.loads = Promise.allSettled([this.loads, loaded]).then(() => undefined);
    return loaded;
  }

  private take(code: StateCode, given: OptimizerState, source: StateSource): void {
    const checked = code.checkedState(given, this.label, this.microBatches);
    code.checkNumberNames(this.label, this.groupTable.numberNames, checked.groups);
    const namesAtLoad = new Set(Object.keys(tf.engine().registeredVariables));
    this.table.load(new code.SavedStates(checked.parameters, source, namesAtLoad));
    this.groupTable.restoreNumbers(checked.groups);
    this.iterations_ = checked.step;
    this.skipped = checked.skippedSteps;
    this.microStep = checked.microStep;
  }

  /**
   * Restores loaded state of some variables now rather than at their next gradient.
   *
   * @returns the report of `stateReport`
   * @throws Error if a variable has another shape than its state; none is restored then
   */
  claimState(variables: readonly tf.Variable[]): StateReport {
    this.refuseNow('restore state');
    for (const variable of variables) {
      if (variable && tf.engine().registeredVariables[variable.name] === variable) continue;
      throw new Error(
        `${this.label}: claimState takes variables that exist, of a model such as model.trainableWeights.map((weight) => weight.read())`,
      );
    }
    this.table.bind([...new Set(variables)]).commit();
    return this.stateReport();
  }

  /** Which variables took up loaded state, which started fresh, and which saved names are left over. */
  stateReport(): StateReport {
    return this.table.report();
  }

  /**
   * Drops the state under a name, loaded or current: a variable of that name starts fresh.
   *
   * @throws Error if there is none.
   */
  dropState(name: string): void {
    this.refuseNow('drop state');
    this.table.drop(name);
  }

  /**
   * The state as tfjs named tensors, `iter` first, for the file of a model: that of the moment of the call, without that of
   * disposed variables. The optimizer owns them, and they are valid until it is next trained or asked for them: do not dispose them.
   *
   * @throws Error if two models of one builder are trained here, whose variables differ by tfjs's suffix only, or one beside
   * left-over state of such a name.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    this.refuseNow('be saved');
    const parameters = this.table.ofLivingVariables();
    this.releaseWeights();
    const { iterations: step, skipped: skippedSteps, microStep } = this;
    const numbers = this.groupTable.snapshotNumbers();
    const unclaimed = new Map(this.table.unclaimed);
    const held = holdParameters(parameters);
    try {
      const [code, groups = []] = await Promise.all([stateCode(), numbers()]);
      const weights = code.namedTensors({ step, skippedSteps, microStep, groups }, held, unclaimed);
      this.weights.push(...weights);
      return weights;
    } catch (error) {
      releaseParameters(held);
      throw error;
    }
  }

  private releaseWeights(): void {
    for (const { tensor } of this.weights.splice(0)) tensor.dispose();
  }

  /**
   * Continues from the tensors of `getWeights`, as `LayersModel` does when it loads. Since tfjs may have given its
   * variables other suffixes, as in `kernel_1`, state is also restored where only one name comes into question.
   *
   * @throws Error as `loadState`, or if a name is none that `getWeights` gives.
   */
  override async setWeights(weights: readonly NamedTensor[]): Promise<void> {
    // Held at once, so that a step of the optimizer that they are from does not change or free them while code is fetched.
    const clones = tf.tidy(() => weights.map(({ tensor }) => tf.clone(tensor)));
    const held = weights.map(({ name }, index) => ({ name, tensor: tf.keep(clones[index]!) }));
    const state = Promise.all([stateCode(), ...held.map(async ({ tensor }) => (await tensor.data()).slice())])
      .then(([code, ...data]) => ({
        schemaVersion: 1 as const,
        optimizer: this.label,
        ...code.fromNamedTensors(held, data),
      }))
      .finally(() => tf.dispose(held.map(({ tensor }) => tensor)));
    await this.load(state, 'layers model');
  }

  /** Frees every tensor the optimizer holds, after an average that is in has gone out. Used again, it begins at step 0 with the hyperparameters that it has by then. */
  override dispose(): void {
    this.table.clear();
    this.waiting = undefined;
    this.averageIsIn = false;
    this.iterations_ = 0;
    this.skipped = 0;
    this.microStep = 0;
    this.groupTable.dispose();
    this.stepper.dispose();
    this.releaseWeights();
  }
}

/** What is not finite of the gradients of a call, and of the sums that it completes. */
interface NonFiniteGradients {
  readonly given: NonFiniteNames;
  readonly sums: NonFiniteNames | undefined;
}

/** Gradients with their slots, and what has to be committed for these to stay. */
interface Bound {
  readonly binding: Binding;
  readonly given: readonly BoundGradient[];
}
