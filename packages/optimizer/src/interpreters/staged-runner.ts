import * as tf from '@tensorflow/tfjs-core';
import type { TensorsByName } from '../compiler/compiled-plan.ts';
import type { Expression } from '../rule/expression.ts';
import { isEmptyPlan, type UpdatePlan } from '../rule/plan.ts';
import { evaluateScalar, type ScalarValues } from '../rule/scalar-arithmetic.ts';
import { type StageCall, stagedPlan, transformConditions } from '../rule/transform-stages.ts';
import { PlanRunner } from './plan-runner.ts';
import { runTogether, type Staging } from './transform-calls.ts';

/** The passes between the transforms of a plan. */
interface Stages {
  readonly stages: readonly {
    readonly operands: readonly PlanRunner[];
    readonly calls: readonly StageCall[];
  }[];
  readonly last: readonly PlanRunner[];
}

/** The values that the last passes read: the inputs, and the results of transforms. */
interface Prepared {
  readonly last: readonly PlanRunner[];
  readonly values: TensorsByName;
  readonly results: readonly tf.Tensor[];
}

/**
 * Runs a plan on the current backend, transforms included: what is element-wise between them as `PlanRunner` does, and the
 * transforms together with those of other plans.
 */
export class StagedRunner {
  private readonly conditions: readonly Expression[];
  /** By what the conditions are. */
  private readonly known = new Map<string, Stages>();

  /** @param name Of the parameter, by which packed slots are rounded. */
  constructor(
    readonly plan: UpdatePlan,
    private readonly name = '',
  ) {
    this.conditions = isEmptyPlan(plan) ? [] : transformConditions(plan);
  }

  /** New values of the plan's outputs, alone: see {@link PlanRunner.run}. No input is overwritten. */
  run(inputs: TensorsByName, scalars: ScalarValues): Record<string, tf.Tensor> {
    const [prepared] = runTogether([this.transformed(inputs, scalars)]) as [Prepared];
    const outputs = prepared.last.map((part) => part.run(prepared.values, scalars, { inPlace: false }));
    return Object.assign({}, ...outputs) as Record<string, tf.Tensor>;
  }

  /**
   * Readies a run that overwrites inputs where nothing else holds them. All that can fail, for want of a kernel or of memory,
   * fails here, while every input is as it was.
   *
   * @returns Finishes the run, in the same `tf.tidy`, and gives what `run` gives.
   */
  *stage(inputs: TensorsByName, scalars: ScalarValues): Staging<() => Record<string, tf.Tensor>> {
    const { last, values, results } = yield* this.transformed(inputs, scalars);
    const finish = last.map((part) => part.stage(values, scalars));
    if (finish.length === 1 && results.length === 0) return finish[0]!;
    return () => {
      const outputs = Object.assign({}, ...finish.map((part) => part())) as Record<string, tf.Tensor>;
      const kept = new Set(Object.values(outputs));
      for (const result of results) if (!kept.has(result)) result.dispose();
      return outputs;
    };
  }

  private *transformed(inputs: TensorsByName, scalars: ScalarValues): Staging<Prepared> {
    const { stages, last } = this.stagesUnder(scalars);
    const values: Record<string, tf.Tensor> = { ...inputs };
    const results: tf.Tensor[] = [];
    for (const { operands, calls } of stages) {
      const made = operands.map((part) => tf.tidy(() => part.run(values, scalars, { inPlace: false })));
      const available = Object.assign({}, values, ...made) as TensorsByName;
      const answers = yield calls.map((call) => ({
        transform: call.transform,
        inputs: call.operands.map(({ name, shape }) => ({ tensor: available[name]!, shape })),
        scalars: call.scalars.map((scalar) => evaluateScalar(scalar, scalars)),
      }));
      tf.dispose(made);
      for (const [i, { result }] of calls.entries()) values[result] = answers[i]!;
      results.push(...answers);
    }
    return { last, values, results };
  }

  private stagesUnder(scalars: ScalarValues): Stages {
    const values = this.conditions.map((condition) => evaluateScalar(condition, scalars) !== 0);
    const key = values.join();
    let stages = this.known.get(key);
    if (stages === undefined) {
      stages = this.divide(values);
      this.known.set(key, stages);
    }
    return stages;
  }

  private runner(plan: UpdatePlan): PlanRunner {
    return new PlanRunner(plan, this.name);
  }

  private divide(values: readonly boolean[]): Stages {
    if (isEmptyPlan(this.plan)) return { stages: [], last: [this.runner(this.plan)] };
    const conditions = new Map(this.conditions.map((condition, i) => [condition, values[i]!]));
    const { stages, last } = stagedPlan(this.plan, conditions);
    if (stages.length === 0) return { stages: [], last: [this.runner(this.plan)] };
    const runners = (plans: readonly UpdatePlan[]) => plans.map((plan) => this.runner(plan));
    return {
      stages: stages.map(({ operands, calls }) => ({ operands: runners(operands), calls })),
      last: runners(last),
    };
  }
}
