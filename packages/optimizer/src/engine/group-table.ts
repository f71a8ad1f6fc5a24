import type { ParameterInfo } from '../parameter.ts';
import type { UpdateRule } from '../rule/update-rule.ts';
import { checkHyperparameter, type HyperparameterValue, show } from './option-checks.ts';
import { type GroupOptions, ParameterGroup } from './parameter-group.ts';
import { compileSelector, type ParameterSelector } from './selector.ts';

/** One algorithm with its options, for the parameters that `match` selects (all of them by default). */
export interface OptimizerMember {
  readonly match?: ParameterSelector;
  readonly rule: UpdateRule;
  readonly options: object;
}

const memberKeys = ['groups', 'clipGlobalNorm', 'peakLearningRate'];

/** The parameter groups of an optimizer: first match wins, the rest take their member's base options. */
export class GroupTable {
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
    this.groups.push(...children, base);
    if (peakLearningRate !== undefined) {
      checkHyperparameter(where, 'peakLearningRate', peakLearningRate, rule.hyperparameters.learningRate!);
    }
    const rate = base.value('learningRate');
    const peak = peakLearningRate ?? (typeof rate === 'number' ? rate : (rate as { peak?: number }).peak);
    for (const group of [...children, base]) {
      this.peaks.set(group, peak);
      if (group.decays && group.weightDecayMode === 'independent') this.peakOf(group);
    }
  }

  private peakOf(group: ParameterGroup): number {
    const peak = this.peaks.get(group);
    if (typeof peak === 'number' && peak > 0) return peak;
    throw new Error(
      `${group.where}: weightDecayMode "independent" divides by the peak learning rate, which is not known here; ` +
        'give peakLearningRate as a positive number',
    );
  }

  /** @throws Error if no member takes the parameter. */
  groupOf(parameter: ParameterInfo): ParameterGroup {
    const group = this.groups.find((candidate) => candidate.matches(parameter));
    if (group === undefined) {
      throw new Error(
        `${this.label}: no member matches variable "${parameter.name}"; give the last member no match`,
      );
    }
    return group;
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
        scalars = group.scalarsAt(step);
        scalars.decay = this.decayOf(group, scalars as { weightDecay: number; learningRate: number });
        known.set(group, scalars);
      }
      return scalars;
    };
  }

  private decayOf(group: ParameterGroup, now: { weightDecay: number; learningRate: number }): number {
    switch (group.weightDecayMode) {
      case 'decoupled':
        return now.learningRate * now.weightDecay;
      case 'independent':
        return group.decays ? (now.weightDecay * now.learningRate) / this.peakOf(group) : 0;
      case 'l2':
        return now.weightDecay;
    }
  }

  /**
   * Replaces a hyper-parameter.
   *
   * @param index Into the groups that were given as `groups`; without it the base value, which every group follows
   * that sets none of its own.
   * @throws Error if the name is unknown, the value is out of range or there is no such group.
   */
  setHyperparameter(name: string, value: HyperparameterValue, index?: number): void {
    const isBase = ({ parent }: ParameterGroup): boolean => parent === undefined;
    if (index === undefined) {
      for (const group of this.groups.filter(isBase)) group.setValue(name, value);
      return;
    }
    const group = this.groups.filter((candidate) => !isBase(candidate))[index];
    if (group === undefined) throw new Error(`${this.label} has no groups[${index}]`);
    group.setValue(name, value);
  }
}
