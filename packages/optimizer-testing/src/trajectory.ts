import {
  Float64Optimizer,
  type OptimizerMember,
  type ParameterInfo,
  type RuleOptimizer,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';

/** A recorded run of an optimizer: what went in, and what the recorder's code made of it in float64. */
export interface Trajectory {
  readonly optimizer: string;
  readonly case: string;
  /** Where the numbers come from: repository, commit and class, or release. */
  readonly source: string;
  readonly hyper: Readonly<Record<string, unknown>> & { readonly learningRate: number };
  readonly params: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly role: string;
    readonly init: readonly number[];
  }[];
  /** Learning rate of each step. */
  readonly learningRates: readonly number[];
  /** `grads[step - 1][parameter]`, flat; null where the parameter had no gradient. */
  readonly grads: readonly (readonly (readonly number[] | null)[])[];
  readonly expected: {
    /** The steps after which `params` were recorded. */
    readonly steps: readonly number[];
    readonly params: readonly (readonly (readonly number[])[])[];
    /** State after the last step; null where the parameter has no such slot. */
    readonly state: Readonly<Record<string, readonly (readonly number[] | null)[]>>;
  };
}

/** How far a replayed run is from the recorded one. */
export interface TrajectoryDeviation {
  /** Largest difference of a parameter element, relative to the largest recorded element of its tensor. */
  readonly parameters: number;
  /** The same for the state after the last step. */
  readonly state: number;
  /** Parameter tensors and state tensors compared. */
  readonly compared: number;
  /** Where the largest difference was. */
  readonly worst: string;
}

class DeviationCount {
  private largest = { parameters: 0, state: 0 };
  private compared = 0;
  private worst = 'nothing differs';

  add(
    kind: 'parameters' | 'state',
    where: string,
    actual: ArrayLike<number>,
    expected: readonly number[],
  ): void {
    // One number kept for a whole tensor is recorded once an element by some codes.
    const shared = actual.length === 1;
    if (!shared && actual.length !== expected.length) {
      throw new Error(`${where} has ${actual.length} elements, the recorded run has ${expected.length}`);
    }
    const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
    this.compared++;
    expected.forEach((x, index) => {
      const difference = Math.abs(actual[shared ? 0 : index]! - x) / scale;
      // A NaN compares false with everything: count it as infinitely wrong.
      const deviation = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
      if (deviation > Math.max(this.largest.parameters, this.largest.state))
        this.worst = `${where}[${index}]`;
      this.largest[kind] = Math.max(this.largest[kind], deviation);
    });
  }

  result(): TrajectoryDeviation {
    return { ...this.largest, compared: this.compared, worst: this.worst };
  }
}

const isRecordedSlot = (slot: string): boolean => slot !== 'step';

/** A state tensor every element of which is a constant says nothing the rule has to keep. */
function slotsToCompare(trajectory: Trajectory, index: number): [string, readonly number[]][] {
  return Object.entries(trajectory.expected.state).flatMap(([slot, values]) => {
    const value = values[index];
    return isRecordedSlot(slot) && value !== null && value !== undefined ? [[slot, value]] : [];
  });
}

/** Replays a recorded run with the float64 engine. */
export function replayInFloat64(
  trajectory: Trajectory,
  members: readonly OptimizerMember[],
  engineOptions: { readonly clipGlobalNorm?: number } = {},
): TrajectoryDeviation {
  const optimizer = new Float64Optimizer(members, engineOptions);
  for (const { name, shape, role, init } of trajectory.params) {
    const info: ParameterInfo = { name, shape, role, size: init.length };
    optimizer.add(info, init);
  }
  const deviations = new DeviationCount();
  trajectory.grads.forEach((gradients, index) => {
    optimizer.step(Object.fromEntries(trajectory.params.map(({ name }, i) => [name, gradients[i] ?? null])));
    const recorded = trajectory.expected.params[trajectory.expected.steps.indexOf(index + 1)];
    for (const [i, { name }] of trajectory.params.entries()) {
      if (recorded)
        deviations.add('parameters', `${name} after step ${index + 1}`, optimizer.value(name), recorded[i]!);
    }
  });
  for (const [i, { name }] of trajectory.params.entries()) {
    const slots = optimizer.slots(name);
    for (const [slot, expected] of slotsToCompare(trajectory, i)) {
      const actual = slots[slot];
      if (actual !== undefined) deviations.add('state', `${slot} of ${name}`, actual, expected);
    }
  }
  return deviations.result();
}

/** Replays a recorded run with an optimizer on the current tfjs backend, and disposes the optimizer. */
export async function replayOnTensors(
  trajectory: Trajectory,
  optimizer: Pick<RuleOptimizer, 'applyGradients' | 'state' | 'dispose'>,
): Promise<TrajectoryDeviation> {
  const variables = trajectory.params.map(({ name, shape, role, init }) =>
    Object.assign(tf.variable(tf.tensor([...init], [...shape], 'float32'), true, name), { role }),
  );
  const deviations = new DeviationCount();
  try {
    for (const [index, gradients] of trajectory.grads.entries()) {
      const given = trajectory.params.map(({ name, shape }, i) => {
        const gradient = gradients[i] ?? null;
        return { name, tensor: gradient === null ? null : tf.tensor([...gradient], [...shape], 'float32') };
      });
      optimizer.applyGradients(given);
      for (const { tensor } of given) tensor?.dispose();
      const recorded = trajectory.expected.params[trajectory.expected.steps.indexOf(index + 1)];
      if (recorded === undefined) continue;
      for (const [i, variable] of variables.entries()) {
        deviations.add(
          'parameters',
          `${variable.name} after step ${index + 1}`,
          await variable.data(),
          recorded[i]!,
        );
      }
    }
    const { parameters } = await optimizer.state();
    for (const [i, { name }] of trajectory.params.entries()) {
      for (const [slot, expected] of slotsToCompare(trajectory, i)) {
        const actual = parameters[name]?.slots[slot];
        if (actual !== undefined) deviations.add('state', `${slot} of ${name}`, actual.data, expected);
      }
    }
    return deviations.result();
  } finally {
    optimizer.dispose();
    for (const variable of variables) variable.dispose();
  }
}
