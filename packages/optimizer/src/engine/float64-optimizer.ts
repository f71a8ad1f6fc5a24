import { runInFloat64 } from '../interpreters/float64-interpreter.ts';
import type { ParameterInfo } from '../parameter.ts';
import {
  isEmptyPlan,
  isPassedOn,
  type PlanFeatures,
  planAverage,
  planRefresh,
  planSums,
  planUpdate,
  type UpdatePlan,
} from '../rule/plan.ts';
import { roundedInFloat64 } from '../state-formats/packed-slot.ts';
import { noiseKey } from '../state-formats/rounding-noise.ts';
import {
  averageDecaySpec,
  checkEngineOptions,
  defaultClipEpsilon,
  type EngineOptions,
  planFeaturesOf,
} from './engine-options.ts';
import { filterScalars } from './gradient-filter.ts';
import type { GroupNumbers, Totals } from './group-numbers.ts';
import { GroupTable, type HyperparameterTarget, type OptimizerMember } from './group-table.ts';
import { type HyperparameterValue, hyperparameterAt } from './option-checks.ts';
import type { ParameterGroup } from './parameter-group.ts';
import { compileSelector } from './selector.ts';

interface Float64Parameter {
  readonly info: ParameterInfo;
  readonly group: ParameterGroup;
  plan: UpdatePlan;
  value: Float64Array;
  slots: Record<string, Float64Array>;
  accumulated: Float64Array | undefined;
  step: number;
}

/** Gradients by parameter name, flat and row-major. */
export type Float64Gradients = Readonly<Record<string, ArrayLike<number> | null>>;

/**
 * The engine on plain float64 arrays: the same rules, groups, schedules, decay, clipping, accumulation and averages as
 * `Optimizer`, without tfjs. Slow and exact: for references in tests and for tiny problems.
 */
export class Float64Optimizer {
  private readonly groups: GroupTable;
  private readonly hasLazyRows: (parameter: ParameterInfo) => boolean;
  private readonly parameters = new Map<string, Float64Parameter>();
  private iterations = 0;
  private microStep = 0;
  private skipped = 0;

  /** @throws Error on an unknown option or a value out of range. */
  constructor(
    members: readonly OptimizerMember[],
    private readonly engine: EngineOptions = {},
  ) {
    checkEngineOptions('float64', engine);
    this.hasLazyRows = engine.lazyRows === undefined ? () => false : compileSelector(engine.lazyRows);
    this.groups = new GroupTable('float64', members);
  }

  /** Calls of `step` and `refresh` that `skipNonFinite` has skipped. */
  get skippedSteps(): number {
    return this.skipped;
  }

  /** Adds a parameter with its initial value, flat and row-major. */
  add(info: ParameterInfo, initial: ArrayLike<number>): void {
    const group = this.groups.groupOf(info);
    const plan = this.planOf(info, group);
    const value = Float64Array.from(initial);
    const slots = slotsFor(plan, value, {});
    this.parameters.set(info.name, { info, group, plan, value, slots, accumulated: undefined, step: 0 });
  }

  private planOf(info: ParameterInfo, group: ParameterGroup): UpdatePlan {
    return planUpdate(group.rule, group.context(info), this.featuresOf(info, group));
  }

  private featuresOf(info: ParameterInfo, group: ParameterGroup): PlanFeatures {
    return {
      ...planFeaturesOf(this.engine),
      decay: group.decayFeature,
      ...group.formatFeatures,
      ...(this.hasLazyRows(info) ? { lazyRows: true } : {}),
    };
  }

  /** One step, or one micro-batch of it; a parameter without a gradient, or with null, is left alone. */
  step(gradients: Float64Gradients): void {
    const { accumulationSteps = 1 } = this.engine;
    const given = this.withGradient(gradients);
    if (this.skips(given, gradients)) return;
    for (const parameter of given) {
      const gradient = gradients[parameter.info.name]!;
      const before = parameter.accumulated;
      parameter.accumulated = Float64Array.from(gradient, (x, i) => x + (before?.[i] ?? 0));
    }
    this.microStep++;
    if (this.microStep === accumulationSteps) this.applyAccumulated();
  }

  /** Takes the step of what was accumulated, complete or not; see `Optimizer.applyAccumulated`. */
  applyAccumulated(): number {
    const count = this.microStep;
    if (count === 0) return 0;
    this.microStep = 0;
    const active = [...this.parameters.values()].filter(({ accumulated }) => accumulated !== undefined);
    const sums = active.map((parameter) => parameter.accumulated!);
    for (const parameter of active) parameter.accumulated = undefined;
    if (this.engine.skipNonFinite === true && !sums.every((sum) => sum.every(Number.isFinite)))
      this.skipped++;
    else this.update(active, sums, count);
    return count;
  }

  private withGradient(gradients: Float64Gradients): Float64Parameter[] {
    return [...this.parameters.values()].filter(
      ({ info, group }) => group.trainable && (gradients[info.name] ?? null) !== null,
    );
  }

  private skips(given: readonly Float64Parameter[], gradients: Float64Gradients): boolean {
    if (this.engine.skipNonFinite !== true) return false;
    if (given.every(({ info }) => Array.from(gradients[info.name]!).every(Number.isFinite))) return false;
    this.skipped++;
    return true;
  }

  private update(active: readonly Float64Parameter[], sums: readonly Float64Array[], count: number): void {
    const step = this.iterations + 1;
    const gradientScale = Float64Array.of(this.clipFactor(sums, count));
    this.groups.advance(step, this.totals(active, sums, gradientScale, this.scalarsAt(step, count)));
    this.iterations = step;
    const scalarsOf = this.scalarsAt(step, count);
    for (const [index, parameter] of active.entries()) {
      parameter.step++;
      const { parameter: value, ...slots } = runInFloat64(
        parameter.plan,
        { ...parameter.slots, parameter: parameter.value, gradient: sums[index]!, gradientScale },
        { ...scalarsOf(parameter.group), step: parameter.step },
      );
      parameter.value = value!;
      parameter.slots = roundedSlots(parameter, parameter.plan, slots);
    }
    this.groups.settleNumbers();
  }

  /** The sums that rules want over all parameters of a group, before the step. */
  private totals(
    active: readonly Float64Parameter[],
    gradients: readonly Float64Array[],
    gradientScale: Float64Array,
    scalarsOf: (group: ParameterGroup) => Record<string, number>,
  ): ReadonlyMap<GroupNumbers, Totals> {
    const totals = new Map(
      this.groups.numbersWithSums.map((numbers) => [
        numbers,
        Object.fromEntries(numbers.sums.map((name) => [name, 0])) as Record<string, number>,
      ]),
    );
    for (const [index, { info, group, value, slots, step }] of active.entries()) {
      const total = group.numbers === undefined ? undefined : totals.get(group.numbers);
      const plan = planSums(group.rule, group.context(info), this.featuresOf(info, group));
      if (total === undefined || plan === undefined || isEmptyPlan(plan)) continue;
      const inputs = { ...slots, parameter: value, gradient: gradients[index]!, gradientScale };
      const sums = runInFloat64(plan, inputs, { ...scalarsOf(group), step: step + 1 });
      for (const name in sums) total[name]! += sums[name]![0]!;
    }
    return new Map([...totals].map(([numbers, values]) => [numbers, { kind: 'numbers', values }]));
  }

  private scalarsAt(step: number, gradientCount = 1): (group: ParameterGroup) => Record<string, number> {
    const scalarsOf = this.groups.scalarsAt(step);
    const { averageDecay = 0, clipValue = Infinity } = this.engine;
    const decay = hyperparameterAt('float64', 'averageDecay', averageDecay, step, averageDecaySpec);
    const filter = filterScalars(this.engine.gradientFilter);
    return (group) => ({ ...scalarsOf(group), ...filter, averageDecay: decay, clipValue, gradientCount });
  }

  private clipFactor(sums: readonly Float64Array[], gradientCount: number): number {
    const { clipGlobalNorm = Infinity, clipValue = Infinity, clipEpsilon = defaultClipEpsilon } = this.engine;
    if (clipGlobalNorm === Infinity) return 1;
    const prepared = (x: number): number => Math.max(-clipValue, Math.min(clipValue, x / gradientCount));
    const squares = sums.map((sum) => sum.reduce((total, x) => total + prepared(x) ** 2, 0));
    const norm = Math.sqrt(squares.reduce((total, x) => total + x, 0));
    return Math.min(1, clipGlobalNorm / (norm + clipEpsilon));
  }

  /** Hands gradients made for it to the rules that estimate something from them; see `Optimizer.applyRefresh`. */
  refresh(gradients: Float64Gradients): void {
    const scalarsOf = this.scalarsAt(Math.max(1, this.iterations));
    const given = this.withGradient(gradients).filter(({ group }) => group.rule.refresh !== undefined);
    if (this.skips(given, gradients)) return;
    for (const parameter of given) {
      const plan = this.refreshPlanOf(parameter)!;
      const gradient = Float64Array.from(gradients[parameter.info.name]!);
      const renewed = runInFloat64(
        plan,
        { ...parameter.slots, parameter: parameter.value, gradient },
        { ...scalarsOf(parameter.group), step: parameter.step },
      );
      parameter.slots = { ...parameter.slots, ...roundedSlots(parameter, plan, renewed) };
    }
  }

  private refreshPlanOf({ info, group }: Float64Parameter): UpdatePlan | undefined {
    return planRefresh(group.rule, group.context(info), group.formatFeatures);
  }

  /** Replaces a hyperparameter from the next step on; see `Optimizer.setHyperparameter`. */
  setHyperparameter(name: string, value: HyperparameterValue, target?: HyperparameterTarget): void {
    this.groups.setHyperparameter(name, value, target);
    for (const parameter of this.parameters.values()) {
      parameter.plan = this.planOf(parameter.info, parameter.group);
      parameter.slots = slotsFor(parameter.plan, parameter.value, parameter.slots);
    }
  }

  /** Present value of a parameter. @throws Error if it was not added. */
  value(name: string): Float64Array {
    return this.found(name).value;
  }

  /** Present slots of a parameter. @throws Error if it was not added. */
  slots(name: string): Readonly<Record<string, Float64Array>> {
    return this.found(name).slots;
  }

  /** The iterate to evaluate with: what `swapInAverage` puts in. @throws Error if the parameter was not added. */
  average(name: string): Float64Array {
    const { info, group, value, slots, step } = this.found(name);
    if (slots.average !== undefined) return slots.average;
    const plan = planAverage(group.rule, group.context(info));
    if (plan === undefined || step === 0) return value;
    const scalars = { ...this.scalarsAt(Math.max(1, this.iterations))(group), step };
    return runInFloat64(plan, { ...slots, parameter: value }, scalars).parameter!;
  }

  private found(name: string): Float64Parameter {
    const parameter = this.parameters.get(name);
    if (parameter === undefined) throw new Error(`there is no parameter "${name}" here; add it first`);
    return parameter;
  }
}

/** What is kept of new values of slots, some of which may be packed. */
function roundedSlots(
  { info, step }: Float64Parameter,
  plan: UpdatePlan,
  slots: Readonly<Record<string, Float64Array>>,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(slots).map(([name, values]) => {
      const format = plan.formats?.[name];
      const isKept = format === undefined || isPassedOn(plan, name);
      return [name, isKept ? values : roundedInFloat64(format, values, noiseKey(info.name, name, step))];
    }),
  );
}

/** The slots of a plan: those there are already, and new ones at their initial values. */
function slotsFor(
  plan: UpdatePlan,
  value: Float64Array,
  present: Readonly<Record<string, Float64Array>>,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(plan.slots).map(([name, { initial = 0 }]) => {
      if (present[name] !== undefined) return [name, present[name]];
      const size = plan.shapes[name]!.reduce((product, length) => product * length, 1);
      const values = initial === 'parameter' ? value.slice() : new Float64Array(size).fill(initial);
      const format = plan.formats?.[name];
      return [name, format === undefined ? values : roundedInFloat64(format, values)];
    }),
  );
}
