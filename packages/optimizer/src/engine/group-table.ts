import type { ParameterInfo } from '../parameter.ts';
import type { UpdateRule } from '../rule/update-rule.ts';
import { engineOptionKeys } from './engine-options.ts';
import type { GroupNumbers, Totals } from './group-numbers.ts';
import { checkHyperparameter, type HyperparameterValue, show } from './option-checks.ts';
import { type GroupOptions, ParameterGroup } from './parameter-group.ts';
import { compileSelector, type ParameterSelector } from './selector.ts';

/** One algorithm with its options, for the parameters that `match` selects (all of them by default). */
export interface OptimizerMember {
  readonly match?: ParameterSelector | undefined;
  readonly rule: UpdateRule;
  readonly options: object;
}

/** A group by its index, or a member of combined optimizers and one of its groups. */
export type HyperparameterTarget = number | { readonly member: number; readonly group?: number | undefined };

/** The hyperparameters in force for the parameters of one group. */
export interface GroupHyperparameters {
  /** For instance `lion groups[0]`; the optimizer's name for the parameters in no group. */
  readonly group: string;
  /** What `setHyperparameter` takes to change them. */
  readonly target: { readonly member: number; readonly group?: number };
  /** Every hyperparameter of the group's rule, and `weightDecay`. */
  readonly values: Readonly<Record<string, number>>;
}

interface MemberGroups {
  /** Whether the member has a `match` of its own. */
  readonly selects: boolean;
  readonly base: ParameterGroup;
  readonly children: readonly ParameterGroup[];
}

/** By group; `undefined` where none keeps any. */
type NumbersOfGroups = readonly Readonly<Record<string, number>>[] | undefined;

const memberKeys = ['groups', 'peakLearningRate', ...engineOptionKeys];

/** The largest value of a hyperparameter; `undefined` for a schedule that does not say. */
export function peakOf(value: HyperparameterValue): number | undefined {
  return typeof value === 'number' ? value : (value as { peak?: number }).peak;
}

/** The parameter groups of an optimizer: first match wins, the rest take their member's base options. */
export class GroupTable {
  private readonly members: MemberGroups[] = [];
  private readonly groups: ParameterGroup[] = [];
  private readonly peaks = new Map<ParameterGroup, number | undefined>();

  /** @throws Error on an unknown option or a value out of range. */
  constructor(
    private readonly label: string,
    members: readonly OptimizerMember[],
  ) {
    for (const [index, member] of members.entries()) {
      this.addMember(members.length === 1 ? label : `${label}[${index}] ${member.rule.name}`, member);
    }
  }

  private addMember(where: string, { match, rule, options }: OptimizerMember): void {
    const selects = match === undefined ? undefined : compileSelector(match);
    const base = new ParameterGroup(where, rule, options, undefined, selects, memberKeys);
    const { groups = [], peakLearningRate } = options as {
      groups?: readonly GroupOptions[];
      peakLearningRate?: number;
    };
    if (!Array.isArray(groups)) throw new Error(`${where}: groups must be a list, got ${show(groups)}`);
    const children = groups.map((group, index) => base.child(`${where} groups[${index}]`, group));
    this.members.push({ selects: match !== undefined, base, children });
    this.groups.push(...children, base);
    if (peakLearningRate !== undefined) {
      checkHyperparameter(where, 'peakLearningRate', peakLearningRate, rule.hyperparameters.learningRate!);
    }
    const peak = peakLearningRate ?? peakOf(base.value('learningRate'));
    for (const group of [...children, base]) {
      this.peaks.set(group, peak);
      this.checkPeak(group);
    }
  }

  /** @throws Error if independent decay acts in the group and its peak is not known */
  private checkPeak(group: ParameterGroup): void {
    if (group.decays && group.weightDecayMode === 'independent') this.knownPeak(group);
  }

  private knownPeak(group: ParameterGroup): number {
    const peak = this.peaks.get(group);
    if (typeof peak === 'number' && peak > 0) return peak;
    throw new Error(
      `${group.where}: weightDecayMode "independent" divides by the peak learning rate, which is not known here; ` +
        'give peakLearningRate as a positive number',
    );
  }

  /**
   * The group of a parameter.
   *
   * @param asAsked The parameter under the name that its layer asked for, where tfjs may have made that unique. It counts
   * where no `match` selects the name itself.
   * @throws Error if no member takes the parameter.
   */
  groupOf(parameter: ParameterInfo, asAsked: ParameterInfo = parameter): ParameterGroup {
    const index = this.groups.findIndex((candidate) => candidate.matches(parameter));
    const first = this.groups[index];
    const takesTheRest = first !== undefined && !this.selects(first);
    const before = first === undefined ? this.groups : takesTheRest ? this.groups.slice(0, index) : [];
    const group = before.find((candidate) => candidate.matches(asAsked)) ?? first;
    if (group === undefined) {
      throw new Error(
        `${this.label}: no member matches variable "${parameter.name}"; give the last member no match`,
      );
    }
    return group;
  }

  private selects(group: ParameterGroup): boolean {
    return this.members.some(({ selects, base, children }) =>
      group === base ? selects : children.includes(group),
    );
  }

  /** The groups with a `match`, and members with one, that select none of the groups in use; as messages call them. */
  unused(used: ReadonlySet<ParameterGroup>): string[] {
    return this.members.flatMap(({ selects, base, children }) => {
      const idle = children.filter((child) => !used.has(child));
      const isIdle = !used.has(base) && idle.length === children.length;
      return selects && isIdle ? [base.where] : idle.map(({ where }) => where);
    });
  }

  /**
   * Every scalar a plan may read but its parameter's own step count, by group.
   *
   * @param step The optimizer's step, counted from 1: what schedules see.
   */
  scalarsAt(step: number): (group: ParameterGroup) => Record<string, number> {
    const known = new Map<ParameterGroup, Record<string, number>>();
    return (group) => {
      let scalars = known.get(group);
      if (scalars === undefined) {
        // Filled in place: every step of a small model pays for each copy.
        scalars = group.scalarsAt(step);
        scalars.iteration = step;
        group.numbers?.addTo(scalars);
        scalars.decay = this.decayOf(group, scalars as { weightDecay: number; learningRate: number });
        known.set(group, scalars);
      }
      return scalars;
    };
  }

  /** Every hyperparameter at a step, by group: of each member its groups, then the rest. */
  hyperparametersAt(step: number): GroupHyperparameters[] {
    return this.members.flatMap(({ base, children }, member) => [
      ...children.map((child, group) => ({
        group: child.where,
        target: { member, group },
        values: child.scalarsAt(step),
      })),
      { group: base.where, target: { member }, values: base.scalarsAt(step) },
    ]);
  }

  /**
   * One hyperparameter at a step.
   *
   * @throws Error if the name is unknown, there is no such group, or without a target members differ.
   */
  hyperparameterAt(name: string, step: number, target?: HyperparameterTarget): number {
    const groups = target === undefined ? this.basesWith(name) : [this.targetGroup(target)];
    const values = groups.map((group) => group.valueAt(name, step));
    const [first] = values as [number, ...number[]];
    if (values.every((value) => Object.is(value, first))) return first;
    const list = groups.map(({ where }, index) => `${values[index]} in ${where}`).join(', ');
    throw new Error(`${this.label}: ${name} is ${list}; say which member with { member }`);
  }

  /** The numbers that need totals at every step. */
  get numbersWithSums(): GroupNumbers[] {
    return this.ownNumbers.flatMap((numbers) =>
      numbers !== undefined && numbers.sums.length > 0 ? [numbers] : [],
    );
  }

  /**
   * Brings the numbers that groups keep to a step, counted from 1, which `settleNumbers` or `undoNumbers` must end.
   *
   * @param totals Those of `numbersWithSums`.
   */
  advance(step: number, totals: ReadonlyMap<GroupNumbers, Totals>): void {
    for (const group of this.groups) group.advance(step, totals);
  }

  /** The step was taken. */
  settleNumbers(): void {
    for (const numbers of this.ownNumbers) numbers?.settle();
  }

  /** Puts the numbers of before the step back. */
  undoNumbers(): void {
    for (const numbers of this.ownNumbers) numbers?.undo();
  }

  /** Those of every group, in order. */
  private get ownNumbers(): (GroupNumbers | undefined)[] {
    return this.groups.map(({ ownNumbers }) => ownNumbers);
  }

  /**
   * The numbers that groups keep, in the order of the groups, as they are now; `undefined` when none keeps any. Reads them, at once
   * where they are on no device.
   */
  snapshotNumbers(): () => NumbersOfGroups | Promise<NumbersOfGroups> {
    const snapshots = this.ownNumbers.map((numbers) => numbers?.snapshot());
    if (snapshots.every((read) => read === undefined)) return () => undefined;
    return () => {
      const read = snapshots.map((values) => values?.() ?? {});
      const isWaiting = read.some((values) => values instanceof Promise);
      return isWaiting ? Promise.all(read) : (read as Readonly<Record<string, number>>[]);
    };
  }

  /** Frees what is on a device, and begins the numbers of groups anew. */
  dispose(): void {
    for (const numbers of this.ownNumbers) numbers?.dispose();
  }

  /** Whether the rule of a group keeps an average of its own. */
  get keepAverages(): boolean {
    return this.groups.some(({ rule }) => rule.average !== undefined);
  }

  /** The names of the numbers that each group keeps. */
  get numberNames(): (readonly string[])[] {
    return this.ownNumbers.map((numbers) => numbers?.names ?? []);
  }

  /** Puts saved numbers back, whose names are those of `numberNames`. */
  restoreNumbers(saved: readonly Readonly<Record<string, number>>[] = []): void {
    for (const [index, kept] of saved.entries()) this.groups[index]!.ownNumbers?.restore(kept);
  }

  private decayOf(group: ParameterGroup, now: { weightDecay: number; learningRate: number }): number {
    switch (group.weightDecayMode) {
      case 'decoupled':
        return now.learningRate * now.weightDecay;
      case 'independent':
        return group.decays ? (now.weightDecay * now.learningRate) / this.knownPeak(group) : 0;
      case 'fixed':
      case 'l2':
        return now.weightDecay;
    }
  }

  /**
   * Replaces a hyperparameter; every value is checked before any is replaced.
   *
   * @param target Where; without it the base value of every member that has this hyperparameter.
   * @throws Error if the name is unknown, the value is out of range or there is no such group.
   */
  setHyperparameter(name: string, value: HyperparameterValue, target?: HyperparameterTarget): void {
    const targets = target === undefined ? this.basesWith(name) : [this.targetGroup(target)];
    for (const group of targets) group.checkValue(name, value);
    const undo = targets.map((group) => group.setValue(name, value));
    try {
      for (const group of this.groups) {
        group.checkTogether();
        this.checkPeak(group);
      }
    } catch (error) {
      for (const takeBack of undo) takeBack();
      throw error;
    }
  }

  /**
   * Freezes or thaws the parameters of a group and of the groups under it that do not set their own.
   *
   * @param target Where; without it every member.
   * @throws Error if the value is not true or false or there is no such group.
   */
  setTrainable(trainable: boolean, target?: HyperparameterTarget): void {
    const targets = target === undefined ? this.members.map(({ base }) => base) : [this.targetGroup(target)];
    for (const group of targets) group.setTrainable(trainable);
  }

  /** Whether the parameters in no group are trained, of every member. */
  get trainable(): boolean {
    return this.members.every(({ base }) => base.trainable);
  }

  private basesWith(name: string): ParameterGroup[] {
    const bases = this.members.map(({ base }) => base);
    const having = bases.filter((base) => base.has(name));
    // Without any, the first member says which names it knows.
    return having.length > 0 ? having : bases.slice(0, 1);
  }

  private targetGroup(target: HyperparameterTarget): ParameterGroup {
    if (typeof target === 'number' && this.members.length > 1) {
      throw new Error(`${this.label} has several members: say { member, group } instead of ${target}`);
    }
    const { member, group } = typeof target === 'number' ? { member: 0, group: target } : target;
    const found = this.members[member];
    if (found === undefined) throw new Error(`${this.label} has no member ${member}`);
    const child = group === undefined ? found.base : found.children[group];
    if (child === undefined) throw new Error(`${found.base.where} has no groups[${group}]`);
    return child;
  }
}
