import { StagedRunner } from '../interpreters/staged-runner.ts';
import type { Expression } from '../rule/expression.ts';
import type { PlanFeatures, UpdatePlan } from '../rule/plan.ts';
import type { RuleContext } from '../rule/update-rule.ts';

/** Traces kept for one parameter: more than the on and off of a few options, and no more when a rule traces every value. */
const keptTraces = 8;

/** A traced plan with everything that decided it. */
interface Trace {
  readonly features: PlanFeatures;
  /** The constants that the rule looked at, with what it saw. */
  readonly reads: ReadonlyMap<string, number | undefined>;
  readonly runner: StagedRunner;
}

/**
 * The plans of one parameter. A rule is traced again only where a constant that it looked at, or a feature, has changed, and
 * compiled again only where that makes another plan: a hyperparameter is an operand of the compiled code, not a part of it.
 */
export class PlanCache<Plan extends UpdatePlan | undefined = UpdatePlan> {
  private traces: Trace[] = [];

  /** @param parameter Name of the parameter, by which packed slots are rounded. */
  constructor(
    private readonly trace: (context: RuleContext, features: PlanFeatures) => Plan,
    private readonly parameter = '',
  ) {}

  /** A runner of the plan for a context; `undefined` where the rule has none. */
  runnerFor(context: RuleContext, features: PlanFeatures = {}): StagedRunner | Extract<Plan, undefined> {
    const known = this.traces.find((trace) => stillHolds(trace, context, features));
    if (known !== undefined) return known.runner;
    const reads = new Map<string, number | undefined>();
    const constant = (name: string): number | undefined => {
      const value = context.constant(name);
      reads.set(name, value);
      return value;
    };
    const plan = this.trace({ ...context, constant }, features);
    if (plan === undefined) return undefined as Extract<Plan, undefined>;
    const same = this.traces.find(({ runner }) => samePlan(runner.plan, plan));
    const runner = same?.runner ?? new StagedRunner(plan, this.parameter);
    this.traces = [{ features, reads, runner }, ...this.traces.filter((trace) => trace !== same)].slice(
      0,
      keptTraces,
    );
    return runner;
  }
}

function sameFeatures(left: PlanFeatures, right: PlanFeatures): boolean {
  return holdsAll(left, right) && holdsAll(right, left);
}

function holdsAll(left: PlanFeatures, right: PlanFeatures): boolean {
  for (const name in left) {
    if (left[name as keyof PlanFeatures] !== right[name as keyof PlanFeatures]) return false;
  }
  return true;
}

/** Whether a trace would come out the same: a replaced hyperparameter asks this of every parameter in every step. */
function stillHolds({ features, reads }: Trace, context: RuleContext, now: PlanFeatures): boolean {
  if (!sameFeatures(features, now)) return false;
  for (const [name, value] of reads) if (!Object.is(context.constant(name), value)) return false;
  return true;
}

function samePlan(left: UpdatePlan, right: UpdatePlan): boolean {
  const names = Object.keys(left.outputs);
  const pairs = new Map<unknown, unknown>();
  return (
    sameValue(left.shapes, right.shapes, pairs) &&
    sameValue(left.slots, right.slots, pairs) &&
    sameValue(left.formats, right.formats, pairs) &&
    names.length === Object.keys(right.outputs).length &&
    names.every((name) => sameValue(left.outputs[name], right.outputs[name], pairs))
  );
}

/**
 * Whether two graphs are built alike, shared nodes included.
 *
 * @param pairs Which node of the left graph corresponds to which of the right one; a node has one counterpart.
 */
function sameValue(left: unknown, right: unknown, pairs: Map<unknown, unknown>): boolean {
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) {
    return Object.is(left, right);
  }
  if (pairs.has(left)) return pairs.get(left) === right;
  // Two transforms are the same if they are one object: what their functions close over cannot be compared.
  if ((left as Partial<Expression>).kind === 'transform') {
    const [a, b] = [left, right] as [{ transform?: unknown }, { transform?: unknown }];
    if (a.transform !== b.transform) return false;
  }
  pairs.set(left, right);
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) =>
      sameValue((left as Record<string, unknown>)[name], (right as Record<string, unknown>)[name], pairs),
    )
  );
}
