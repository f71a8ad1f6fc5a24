import {
  type EngineOptions,
  engineOptionKeys,
  Float64Optimizer,
  type Optimizer,
  type OptimizerMember,
  slotValues,
} from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { type Deviation, DeviationCount } from './deviation.ts';
import type { Trajectory, TrajectoryGradients } from './trajectory.ts';

/** The gradients of a step as the recorder's code took them. */
function taken({ params, missingGradients }: Trajectory, given: TrajectoryGradients): TrajectoryGradients {
  if (missingGradients !== 'zero') return given;
  return given.map((gradient, index) => gradient ?? params[index]!.init.map(() => 0));
}

/** Whether averages were recorded after a step. */
function hasAverages({ expected: { steps, averages } }: Trajectory, step: number): boolean {
  return (averages?.[steps.indexOf(step)] ?? null) !== null;
}

/** The engine options that a run was recorded with. */
export function recordedEngineOptions({ hyper }: Trajectory): EngineOptions {
  const clip = hyper.maxGradNorm as number | null | undefined;
  return typeof clip === 'number' ? { clipGlobalNorm: clip } : {};
}

/** The engine options among the options of an optimizer. */
export function engineOptionsIn(options: object): EngineOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => engineOptionKeys.includes(name)));
}

/** Replays a recorded run with the float64 engine. */
export function replayInFloat64(
  run: Trajectory,
  members: readonly OptimizerMember[],
  engine: EngineOptions,
  uncomparedSlots: readonly string[],
): Deviation {
  const optimizer = new Float64Optimizer(members, engine);
  for (const { name, shape, role, init } of run.params) {
    optimizer.add({ name, shape, role, size: init.length }, init);
  }
  const named = (gradients: TrajectoryGradients) =>
    Object.fromEntries(run.params.map(({ name }, index) => [name, gradients[index] ?? null]));
  // How many gradients a parameter received is not told here; on tensors it is compared.
  const deviations = new DeviationCount(run, [...uncomparedSlots, 'step']);
  for (const [index, gradients] of run.grads.entries()) {
    optimizer.step(named(taken(run, gradients)));
    const refresh = run.refreshGrads?.[index] ?? null;
    if (refresh !== null) optimizer.refresh(named(refresh));
    deviations.addParameters('parameters', index + 1, (i) => optimizer.value(run.params[i]!.name));
    deviations.addParameters('averages', index + 1, (i) => optimizer.average(run.params[i]!.name));
  }
  for (const [index, { name }] of run.params.entries()) {
    deviations.addState(index, optimizer.slots(name));
  }
  return deviations.result();
}

/** The variables of a replay, with gradients as tensors. */
class ReplayModel {
  readonly variables: readonly tf.Variable[];

  constructor(private readonly run: Trajectory) {
    this.variables = tf.tidy(() =>
      run.params.map(({ name, shape, role, init }) =>
        Object.assign(tf.variable(tf.tensor([...init], [...shape], 'float32'), true, name), { role }),
      ),
    );
  }

  apply(
    gradients: TrajectoryGradients,
    to: (given: { name: string; tensor: tf.Tensor | null }[]) => void,
  ): void {
    tf.tidy(() => {
      const given = this.run.params.map(({ name, shape }, index) => {
        const gradient = gradients[index] ?? null;
        return { name, tensor: gradient === null ? null : tf.tensor([...gradient], [...shape], 'float32') };
      });
      to(given);
    });
  }

  async values(): Promise<Float32Array[]> {
    return Promise.all(
      this.variables.map(async (variable) => (await variable.data()).slice() as Float32Array),
    );
  }

  dispose(): void {
    for (const variable of this.variables) variable.dispose();
  }
}

/** Replays a recorded run with an optimizer on the current tfjs backend, and disposes the optimizer. */
export async function replayOnTensors(
  run: Trajectory,
  optimizer: Optimizer,
  uncomparedSlots: readonly string[],
): Promise<Deviation> {
  const model = new ReplayModel(run);
  const deviations = new DeviationCount(run, uncomparedSlots);
  try {
    for (const [index, gradients] of run.grads.entries()) {
      model.apply(taken(run, gradients), (given) => optimizer.applyGradients(given));
      const refresh = run.refreshGrads?.[index] ?? null;
      if (refresh !== null) model.apply(refresh, (given) => optimizer.applyRefresh(given));
      if (!run.expected.steps.includes(index + 1)) continue;
      const values = await model.values();
      deviations.addParameters('parameters', index + 1, (i) => values[i]!);
      if (!hasAverages(run, index + 1)) continue;
      optimizer.swapInAverage();
      const averages = await model.values();
      deviations.addParameters('averages', index + 1, (i) => averages[i]!);
      optimizer.swapOutAverage();
    }
    const { parameters } = await optimizer.state();
    for (const [index, { name }] of run.params.entries()) {
      const found = parameters[name];
      const state = found?.step === 0 ? undefined : found;
      const slots = Object.entries(state?.slots ?? {}).map(
        ([slot, saved]) => [slot, slotValues(saved)] as const,
      );
      deviations.addState(index, state && { ...Object.fromEntries(slots), step: [state.step] });
    }
    return deviations.result();
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}
