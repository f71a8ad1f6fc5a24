import { nearestName } from '../rule/nearest-name.ts';
import type { ParameterState } from './optimizer-state.ts';
import { type RestoredSlots, restoredSlots } from './restored-slots.ts';
import { listed, unsuffixed } from './variable-names.ts';

/** How loaded state met the variables that were trained since. */
export interface StateReport {
  /** Variables that took up loaded state. `savedAs` is another name where a suffix of tfjs was seen through. */
  readonly claimed: readonly { readonly variable: string; readonly savedAs: string }[];
  /** Variables that were trained since without loaded state: they started fresh. */
  readonly missing: readonly string[];
  /** Saved names of which a variable exists that has not been trained yet. */
  readonly waiting: readonly string[];
  /** Saved names that no variable has. Their state is kept, and saved again, until it is dropped by name. */
  readonly leftOver: readonly string[];
  /** Slots that the saved state lacked, by variable: they started as they start in a first step. */
  readonly newSlots: Readonly<Record<string, readonly string[]>>;
  /** Slots that the present options do not use, by variable: they were dropped. */
  readonly unusedSlots: Readonly<Record<string, readonly string[]>>;
  /** Slots that were saved in another `stateFormat`, by variable: they were converted. */
  readonly convertedSlots: Readonly<Record<string, readonly string[]>>;
}

/** How state was saved: by names that the user gave, or in a file of a LayersModel, whose variables tfjs may rename. */
export type StateSource = 'names' | 'layers model';

/** The state that is loaded for one variable. */
export interface Claim {
  readonly savedAs: string;
  readonly state: ParameterState;
}

/** Whether two names may be one that tfjs has made unique, twice or only once. */
function mayBeOne(saved: string, name: string): boolean {
  return saved === unsuffixed(name) || unsuffixed(saved) === name || unsuffixed(saved) === unsuffixed(name);
}

/** Loaded state that waits for its variables. */
export class SavedStates {
  /** How a parameter takes such state up. */
  readonly restored = restoredSlots;
  private readonly waiting: Map<string, ParameterState>;
  /** All names that were loaded, also those that were claimed or dropped since. */
  private readonly loaded: ReadonlySet<string>;
  private readonly claims = new Map<string, string>();
  private readonly missing = new Set<string>();
  private readonly newSlots = new Map<string, readonly string[]>();
  private readonly unusedSlots = new Map<string, readonly string[]>();
  private readonly convertedSlots = new Map<string, readonly string[]>();
  private answered = false;
  /** Whether a variable may be of the model that state was loaded into: one made later is not, if that was there. */
  private readonly mayGuess: (name: string) => boolean;

  /** @param namesAtLoad The variables that there were when the state was loaded. */
  constructor(
    states: ReadonlyMap<string, ParameterState> = new Map(),
    private readonly source: StateSource = 'names',
    namesAtLoad: ReadonlySet<string> = new Set(),
  ) {
    this.waiting = new Map(states);
    this.loaded = new Set(states.keys());
    const asked = new Set([...this.loaded, ...[...this.loaded].map(unsuffixed)]);
    const modelWasThere = [...namesAtLoad].some((name) => asked.has(name) || asked.has(unsuffixed(name)));
    this.mayGuess = (name) => source === 'names' || !modelWasThere || namesAtLoad.has(name);
  }

  /** What no variable has claimed, by name. */
  get unclaimed(): ReadonlyMap<string, ParameterState> {
    return this.waiting;
  }

  /**
   * The claims of some variables that are new to the optimizer, by name. Nothing changes before `take`.
   *
   * An exact name always counts. For the rest a suffix of tfjs is seen through, where only one saved name and one variable
   * come into question and no variable here has that saved name. State with names that a user gave is handed on so only if
   * the variable of that name is gone, or if none of the saved names is in use: then all of them were made unique. State
   * from the file of a model goes to no variable made later than that model, such as the weight of a new head.
   *
   * @param names The new variables.
   * @param present The names of all variables of this call.
   * @param exists Whether there is a variable of a name, trained here or not.
   */
  claimsOf(
    names: readonly string[],
    present: ReadonlySet<string>,
    exists: (name: string) => boolean,
  ): Map<string, Claim> {
    const claims = new Map<string, Claim>();
    const guesses = new Map<string, string[]>();
    const namesInUse =
      [...present].some((name) => this.loaded.has(name)) ||
      [...this.claims].some(([variable, savedAs]) => variable === savedAs);
    for (const name of names) {
      const state = this.waiting.get(name);
      if (state !== undefined) claims.set(name, { savedAs: name, state });
      if (this.loaded.has(name) || !this.mayGuess(name)) continue;
      const candidates = [...this.loaded].filter((saved) => mayBeOne(saved, name));
      const [only] = candidates;
      if (only === undefined || candidates.length > 1 || present.has(only) || !this.waiting.has(only))
        continue;
      if (this.source === 'names' && namesInUse && exists(only)) continue;
      guesses.set(only, [...(guesses.get(only) ?? []), name]);
    }
    for (const [savedAs, variables] of guesses) {
      const [variable] = variables;
      if (variables.length === 1) claims.set(variable!, { savedAs, state: this.waiting.get(savedAs)! });
    }
    return claims;
  }

  /** The variables that state saved under a name may belong to, among those that are not trained yet. */
  ownersOf(savedAs: string, candidates: readonly string[]): string[] {
    if (this.source === 'names') return candidates.filter((name) => name === savedAs);
    return candidates.filter(
      (name) =>
        name === savedAs || (!this.loaded.has(name) && this.mayGuess(name) && mayBeOne(savedAs, name)),
    );
  }

  /** Drops one slot of all state that no variable has claimed. */
  dropSlot(slot: string): void {
    for (const [name, { step, slots }] of this.waiting) {
      if (!Object.hasOwn(slots, slot)) continue;
      const { [slot]: _, ...others } = slots;
      this.waiting.set(name, { step, slots: others });
    }
  }

  /** The variable that took up state saved under a name other than its own; `undefined` if none did. */
  takenBy(savedAs: string): string | undefined {
    for (const [variable, name] of this.claims) if (name === savedAs && variable !== savedAs) return variable;
    return undefined;
  }

  /** Hands over the state of a variable. */
  take(variable: string, claim: Claim, slots: Pick<RestoredSlots, 'added' | 'unused' | 'converted'>): void {
    this.waiting.delete(claim.savedAs);
    this.claims.set(variable, claim.savedAs);
    if (slots.added.length > 0) this.newSlots.set(variable, slots.added);
    if (slots.unused.length > 0) this.unusedSlots.set(variable, slots.unused);
    if (slots.converted.length > 0) this.convertedSlots.set(variable, slots.converted);
  }

  /** Notes a variable that is trained without loaded state. */
  startFresh(variable: string): void {
    if (this.loaded.size > 0) this.missing.add(variable);
  }

  /** Forgets state of a name, and who took it under another name. @returns whether there was any */
  drop(name: string): boolean {
    const taker = this.takenBy(name);
    if (taker !== undefined) this.claims.delete(taker);
    return this.waiting.delete(name) || taker !== undefined;
  }

  /** A warning for the first step after a load of which no name fits; `undefined` if there is nothing to say. */
  firstStepWarning(label: string): string | undefined {
    if (this.answered || this.claims.size + this.missing.size === 0) return undefined;
    this.answered = true;
    if (this.claims.size > 0) return undefined;
    const [variable] = this.missing;
    const near = nearestName(variable!, this.loaded);
    return (
      `${label}: none of the variables of this step has a name in the loaded state, so all of them start fresh. ` +
      `The state has ${listed(this.loaded)} (nearest to "${variable}": "${near}"); the step has ${listed(this.missing)}. ` +
      'stateReport() lists all of them.'
    );
  }

  /** @param exists Whether there is a variable of a name. */
  report(exists: (name: string) => boolean): StateReport {
    const unclaimed = [...this.waiting.keys()].sort();
    return {
      claimed: [...this.claims].sort().map(([variable, savedAs]) => ({ variable, savedAs })),
      missing: [...this.missing].sort(),
      waiting: unclaimed.filter(exists),
      leftOver: unclaimed.filter((name) => !exists(name)),
      newSlots: Object.fromEntries(this.newSlots),
      unusedSlots: Object.fromEntries(this.unusedSlots),
      convertedSlots: Object.fromEntries(this.convertedSlots),
    };
  }
}
