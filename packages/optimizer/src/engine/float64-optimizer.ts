import { runInFloat64 } from '../interpreters/float64-interpreter.ts';
import type { ParameterInfo } from '../parameter.ts';
import { planUpdate, type UpdatePlan } from '../rule/plan.ts';
import { GroupTable, type OptimizerMember } from './group-table.ts';
import type { EngineOptions } from './optimizer.ts';
import type { ParameterGroup } from './parameter-group.ts';

interface Float64Parameter {
  readonly info: ParameterInfo;
  readonly group: ParameterGroup;
  readonly plan: UpdatePlan;
  value: Float64Array;
  slots: Record<string, Float64Array>;
  step: number;
}

/**
 * The engine on plain float64 arrays: the same rules, groups, schedules, decay and clipping as `Optimizer`, without
 * tfjs. Slow and exact: for references in tests and for tiny problems.
 */
export class Float64Optimizer {
  private readonly groups: GroupTable;
  private readonly parameters = new Map<string, Float64Parameter>();
  private iterations = 0;

  /** @throws Error on an unknown option or a value out of range. */
  constructor(
    members: readonly OptimizerMember[],
    private readonly options: EngineOptions = {},
  ) {
    this.groups = new GroupTable('float64', members);
  }

  /** Adds a parameter with its initial value, flat and row-major. */
  add(info: ParameterInfo, initial: ArrayLike<number>): void {
    const group = this.groups.groupOf(info);
    const decayed = group.weightDecayMode === 'l2' ? 'l2' : 'shrink';
    const plan = planUpdate(group.rule, group.context(info), {
      decay: group.decays ? decayed : 'off',
      scaleGradient: this.options.clipGlobalNorm !== undefined,
    });
    const slots: Record<string, Float64Array> = {};
    for (const [name, spec] of Object.entries(plan.slots)) {
      const size = plan.shapes[name]!.reduce((product, length) => product * length, 1);
      slots[name] = new Float64Array(size).fill(spec.initial ?? 0);
    }
    this.parameters.set(info.name, { info, group, plan, value: Float64Array.from(initial), slots, step: 0 });
  }

  /** One step; a parameter without a gradient, or with null, is left alone. */
  step(gradients: Readonly<Record<string, ArrayLike<number> | null>>): void {
    this.iterations++;
    const scalarsOf = this.groups.scalarsAt(this.iterations);
    const active = [...this.parameters.values()].filter(
      ({ info, group }) => group.trainable && (gradients[info.name] ?? null) !== null,
    );
    const arrays = active.map(({ info }) => Float64Array.from(gradients[info.name]!));
    const gradientScale = Float64Array.of(this.clipFactor(arrays));
    for (const [index, parameter] of active.entries()) {
      parameter.step++;
      const { parameter: value, ...slots } = runInFloat64(
        parameter.plan,
        { ...parameter.slots, parameter: parameter.value, gradient: arrays[index]!, gradientScale },
        { ...scalarsOf(parameter.group), step: parameter.step },
      );
      parameter.value = value!;
      parameter.slots = slots;
    }
  }

  private clipFactor(gradients: readonly Float64Array[]): number {
    const limit = this.options.clipGlobalNorm;
    if (limit === undefined) return 1;
    const squares = gradients.map((gradient) => gradient.reduce((sum, x) => sum + x * x, 0));
    const norm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
    return Math.min(1, limit / (norm + 1e-6));
  }

  /** Present value of a parameter. @throws Error if it was not added. */
  value(name: string): Float64Array {
    return this.found(name).value;
  }

  /** Present slots of a parameter. @throws Error if it was not added. */
  slots(name: string): Readonly<Record<string, Float64Array>> {
    return this.found(name).slots;
  }

  private found(name: string): Float64Parameter {
    const parameter = this.parameters.get(name);
    if (parameter === undefined) throw new Error(`there is no parameter "${name}" here; add it first`);
    return parameter;
  }
}
