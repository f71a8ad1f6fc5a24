import * as tf from '@tensorflow/tfjs-core';
import { describeParameter, type ParameterInfo } from '../parameter.ts';
import { nearestName } from '../rule/nearest-name.ts';
import type { PlanFeatures } from '../rule/plan.ts';
import { accumulatedSlot } from './accumulated-gradient.ts';
import type { GroupTable } from './group-table.ts';
import type { ParameterState } from './optimizer-state.ts';
import { ParameterSlots } from './parameter-slots.ts';
import type { RestoredSlots } from './restored-slots.ts';
import type { Claim, SavedStates, StateReport } from './saved-states.ts';
import { listed, unsuffixed } from './variable-names.ts';

/** The slots of some variables. Nothing that a later call could see has changed before `commit`. */
export interface Binding {
  /** In the order of the variables. */
  readonly slots: readonly ParameterSlots[];
  commit(): void;
  /** Takes everything back. */
  undo(): void;
}

/** A parameter that is new to the table. */
interface NewParameter {
  readonly slots: ParameterSlots;
  readonly claim: Claim | undefined;
  readonly restored: Pick<RestoredSlots, 'added' | 'unused' | 'converted'> | undefined;
}

const noClaims: ReadonlyMap<string, Claim> = new Map();
const noStates: ReadonlyMap<string, ParameterState> = new Map();

/** The report where no state was loaded. */
function emptyReport(): StateReport {
  return {
    claimed: [],
    missing: [],
    waiting: [],
    leftOver: [],
    newSlots: {},
    unusedSlots: {},
    convertedSlots: {},
  };
}

function exists(name: string): boolean {
  return Object.hasOwn(tf.engine().registeredVariables, name);
}

/**
 * The parameters of an optimizer by the names of their variables, and loaded state that no variable has claimed yet.
 *
 * The state of a variable that was disposed waits for one that is made anew under its name, and goes when a step is taken
 * without there being one: state never passes to a variable of another name.
 */
export class ParameterTable {
  private readonly bound = new Map<string, ParameterSlots>();
  private saved: SavedStates | undefined;
  /** Those that a binding has made and not yet committed. */
  private unsettled: readonly NewParameter[] = [];

  constructor(
    private readonly label: string,
    private readonly groups: GroupTable,
    private features: PlanFeatures,
    private readonly hasLazyRows: (parameter: ParameterInfo) => boolean,
  ) {}

  /** The parameters that have had a gradient. */
  get all(): ParameterSlots[] {
    return [...this.bound.values()];
  }

  /**
   * Finds or makes the slots of variables, with loaded state where there is some for them.
   *
   * @throws Error if a variable has another shape than before or than its state, or no group; nothing has changed then
   */
  bind(variables: readonly tf.Variable[]): Binding {
    const known = this.boundSlots(variables);
    // Every step but the first of each variable comes here.
    if (known !== undefined) return { slots: known, undo: () => {}, commit: () => this.commit(known, []) };
    const present = new Set(variables.map(({ name }) => name));
    const claims = this.claimsOf(present);
    const made: NewParameter[] = [];
    const rebound: (readonly [ParameterSlots, tf.Variable])[] = [];
    this.unsettled = made;
    const undo = (): void => {
      this.unsettled = [];
      for (const { slots } of made) slots.dispose();
      for (const [slots, variable] of rebound) slots.variable = variable;
    };
    try {
      const slots = variables.map((variable) => {
        const known = this.bound.get(variable.name);
        if (known === undefined) {
          const parameter = this.make(variable, claims.get(variable.name), present);
          made.push(parameter);
          return parameter.slots;
        }
        if (known.variable !== variable) {
          refuseOtherShape(known, variable);
          rebound.push([known, known.variable]);
          known.variable = variable;
        }
        return known;
      });
      return { slots, undo, commit: () => this.commit(slots, made) };
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** The slots of variables that are all bound already. */
  private boundSlots(variables: readonly tf.Variable[]): ParameterSlots[] | undefined {
    const found: ParameterSlots[] = [];
    for (const variable of variables) {
      const slots = this.bound.get(variable.name);
      if (slots?.variable !== variable) return undefined;
      found.push(slots);
    }
    return found;
  }

  private claimsOf(present: ReadonlySet<string>): ReadonlyMap<string, Claim> {
    const unknown = [...present].filter((name) => !this.bound.has(name));
    if (unknown.length === 0) return noClaims;
    return this.saved?.claimsOf(unknown, present, exists) ?? noClaims;
  }

  private make(variable: tf.Variable, claim: Claim | undefined, present: ReadonlySet<string>): NewParameter {
    const { name } = variable;
    const taker = this.saved?.takenBy(name);
    if (taker !== undefined) {
      throw new Error(
        `variable "${taker}" has taken up the state saved as "${name}", because "${name}" was not trained beside it; ` +
          `claim it with claimState before the first step, or call dropState("${name}") to let "${name}" start fresh`,
      );
    }
    const info = describeParameter(variable);
    // As tfjs makes names unique, selectors of a model's copy also see the names that its layers asked for.
    const asked = unsuffixed(name);
    const asAsked = present.has(asked) ? info : { ...info, name: asked };
    const group = this.groups.groupOf(info, asAsked);
    const lazyRows = this.hasLazyRows(info) || this.hasLazyRows(asAsked);
    const slots = new ParameterSlots(variable, info, group, this.features, lazyRows);
    if (claim === undefined) return { slots, claim, restored: undefined };
    try {
      return { slots, claim, restored: slots.restore(claim.state, this.saved!.restored) };
    } catch (error) {
      slots.dispose();
      if (claim.savedAs === name) throw error;
      return this.make(variable, undefined, present);
    }
  }

  private commit(slots: readonly ParameterSlots[], made: readonly NewParameter[]): void {
    this.unsettled = [];
    for (const { slots: parameter, claim, restored } of made) {
      const { name } = parameter.info;
      this.bound.set(name, parameter);
      if (claim === undefined || restored === undefined) this.saved?.startFresh(name);
      else this.saved?.take(name, claim, restored);
    }
    const model = slots.find((parameter) => parameter.model !== undefined)?.model ?? {};
    for (const parameter of slots) parameter.model = model;
    for (const [name, parameter] of this.bound) {
      if (!parameter.variable.isDisposed || exists(name)) continue;
      parameter.dispose();
      this.bound.delete(name);
    }
  }

  /**
   * The variables of unclaimed state that some condition holds for, besides those of a call.
   *
   * @param orThrow What to do for state without a variable; by default nothing.
   * @throws Error if state may belong to several variables.
   */
  variablesOf(
    holds: (state: ParameterState) => boolean,
    called: readonly tf.Variable[] = [],
    orThrow?: (name: string) => never,
  ): tf.Variable[] {
    const variables = tf.engine().registeredVariables;
    const present = new Set(called.map(({ name }) => name));
    const claimed = new Set([...this.claimsOf(present).values()].map(({ savedAs }) => savedAs));
    const candidates = Object.keys(variables).filter((name) => !this.bound.has(name) && !present.has(name));
    return [...this.unclaimed].flatMap(([name, state]) => {
      if (claimed.has(name) || !holds(state)) return [];
      const [only, ...others] = this.saved!.ownersOf(name, candidates);
      if (others.length > 0) {
        throw new Error(
          `the state saved as "${name}" may be that of ${listed([only!, ...others])}: ` +
            'call claimState with the variables of the model first',
        );
      }
      return only === undefined ? (orThrow?.(name) ?? []) : variables[only]!;
    });
  }

  /** The variables that were made anew under the names of disposed ones whose slots some condition holds for. */
  remade(holds: (slots: ParameterSlots) => boolean = () => true): tf.Variable[] {
    return this.all.flatMap((slots) => {
      const { variable, info } = slots;
      if (!variable.isDisposed || !exists(info.name) || !holds(slots)) return [];
      return [tf.engine().registeredVariables[info.name]!];
    });
  }

  /**
   * The variables whose gradients wait for the rest of a step although they have not come up since they were loaded, or
   * were made anew.
   *
   * @param called The variables of this call, which are none of them.
   * @throws Error if there is no variable for one
   */
  variablesWaiting(called: readonly tf.Variable[]): tf.Variable[] {
    const names = new Set(called.map(({ name }) => name));
    const remade = this.remade(
      ({ accumulated, info }) => accumulated.sum !== undefined && !names.has(info.name),
    );
    const loaded = this.variablesOf(
      ({ slots }) => Object.hasOwn(slots, accumulatedSlot),
      called,
      (name) => {
        throw new Error(
          `a gradient of "${name}" waits for the rest of its step, but there is no such variable; ` +
            `call dropState("${name}") or dropAccumulated()`,
        );
      },
    );
    return [...remade, ...loaded];
  }

  /**
   * Takes the place of everything that was kept.
   *
   * @throws Error if saved state does not fit a variable of its name that is trained here; nothing has changed then.
   */
  load(saved: SavedStates): void {
    for (const [name, state] of saved.unclaimed) {
      const known = this.bound.get(name);
      if (known === undefined || known.variable.isDisposed) continue;
      known.check(state, saved.restored);
    }
    this.clear();
    this.saved = saved;
  }

  /** @throws Error if no state is kept under the name. */
  drop(name: string): void {
    const parameter = this.bound.get(name);
    const dropped = this.saved?.drop(name);
    if (parameter !== undefined) {
      parameter.dispose();
      this.bound.delete(name);
    } else if (!dropped) {
      const nearest = nearestName(name, [...this.bound.keys(), ...this.unclaimed.keys()]);
      throw new Error(
        `${this.label} keeps no state of "${name}"${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
      );
    }
  }

  /** Forgets the gradients that wait for the rest of their step. */
  dropAccumulated(): void {
    for (const { accumulated } of this.bound.values()) accumulated.dispose();
    this.saved?.dropSlot(accumulatedSlot);
  }

  /** Follows a change of options. */
  replan(features: PlanFeatures): void {
    this.features = features;
    const unsettled = this.unsettled.map(({ slots }) => slots);
    for (const parameter of [...this.bound.values(), ...unsettled]) parameter.replan(features);
  }

  /** The groups with a `match` that no parameter is in, as messages call them. */
  get unusedGroups(): string[] {
    return this.groups.unused(new Set(this.all.map(({ group }) => group)));
  }

  report(): StateReport {
    return this.saved?.report(exists) ?? emptyReport();
  }

  /** What there is to say of a load at the first step after it, once. */
  firstStepWarning(): string | undefined {
    return this.saved?.firstStepWarning(this.label);
  }

  /** Loaded state that no variable has claimed, by name. */
  get unclaimed(): ReadonlyMap<string, ParameterState> {
    return this.saved?.unclaimed ?? noStates;
  }

  /** The parameters whose variables exist, those made anew under their names included. */
  get living(): ParameterSlots[] {
    return this.all.filter(({ variable, info }) => !variable.isDisposed || exists(info.name));
  }

  /**
   * The parameters whose variables exist, for the file of a model.
   *
   * @throws Error if those of two models, or one and state that is left over, differ only by tfjs's suffix: the file could not
   * tell them apart
   */
  ofLivingVariables(): ParameterSlots[] {
    const { living } = this;
    const modelOf = new Map(living.map(({ info, model }) => [info.name, model]));
    for (const { info } of living) {
      const asked = unsuffixed(info.name);
      if (this.unclaimed.has(asked)) {
        throw new Error(
          `${this.label} trains "${info.name}" and keeps the state of "${asked}", which was loaded and not taken up: a model's ` +
            `file cannot tell whose state is whose; call dropState("${asked}") if it is of a layer that was replaced`,
        );
      }
      if (!modelOf.has(asked) || modelOf.get(asked) === modelOf.get(info.name)) continue;
      throw new Error(
        `${this.label} trains two models of one builder, with "${asked}" and "${info.name}": a model's file cannot tell ` +
          'whose state is whose; give each model an optimizer of its own, or dispose the other model',
      );
    }
    return living;
  }

  /** Frees every tensor, and forgets all state. */
  clear(): void {
    for (const parameter of this.bound.values()) parameter.dispose();
    this.bound.clear();
    this.saved = undefined;
  }
}

function refuseOtherShape({ info }: ParameterSlots, { name, shape }: tf.Variable): void {
  if (tf.util.arraysEqual([...info.shape], shape)) return;
  throw new Error(
    `variable "${name}" had shape [${info.shape}] before and has [${shape}] now; dropState("${name}") lets it start fresh`,
  );
}
