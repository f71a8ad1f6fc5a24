/** A parameter of a recorded run. */
export interface TrajectoryParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: string;
  /** Its value before the first step, flat and row-major. */
  readonly init: readonly number[];
  /** The list of `groupLearningRates` that it was trained with; `learningRates` when left out. */
  readonly learningRateGroup?: string;
}

/** One list of gradients: flat, in the order of the parameters; null where a parameter had none. */
export type TrajectoryGradients = readonly (readonly number[] | null)[];

/** A recorded run of an optimizer: what went in, and what the recorder's code made of it in float64. */
export interface Trajectory {
  readonly optimizer: string;
  readonly case: string;
  /** Where the numbers come from: repository, commit and class, or release. */
  readonly source: string;
  readonly hyper: Readonly<Record<string, unknown>> & { readonly learningRate: number };
  readonly params: readonly TrajectoryParameter[];
  /** Learning rate of each step. */
  readonly learningRates: readonly number[];
  /** Learning rates of each step for the parameters with a `learningRateGroup`, by its name. */
  readonly groupLearningRates?: Readonly<Record<string, readonly number[]>>;
  /** What the recorder's code made of a missing gradient: it left the parameter alone (`skip`, the default), or took zeros. */
  readonly missingGradients?: 'skip' | 'zero';
  /** `grads[step - 1][parameter]`. */
  readonly grads: readonly TrajectoryGradients[];
  /** `refreshGrads[step - 1]`: gradients given to `applyRefresh` after the step; null where there was no refresh. */
  readonly refreshGrads?: readonly (TrajectoryGradients | null)[];
  readonly expected: {
    /** The steps after which `params` and `averages` were recorded, counted from 1. */
    readonly steps: readonly number[];
    readonly params: readonly (readonly (readonly number[])[])[];
    /** The iterates to evaluate with, which `swapInAverage` puts in place; null after a step where they were not recorded. */
    readonly averages?: readonly (readonly (readonly number[])[] | null)[];
    /** State after the last step; null where the parameter has no such slot. A list of one number stands for a whole tensor of it. */
    readonly state: Readonly<Record<string, readonly (readonly number[] | null)[]>>;
  };
}

/** How errors call a recorded run. */
export const titleOf = ({ optimizer, case: name }: Trajectory): string => `${optimizer}/${name}`;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Collects what is wrong with one run. */
class Problems {
  readonly found: string[] = [];

  require(condition: boolean, problem: string): void {
    if (!condition) this.found.push(problem);
  }

  numbers(where: string, numbers: unknown, length: number): void {
    const isList =
      Array.isArray(numbers) && numbers.every((x) => typeof x === 'number' && Number.isFinite(x));
    this.require(isList, `${where} must be a list of finite numbers`);
    if (isList)
      this.require(numbers.length === length, `${where} has ${numbers.length} numbers, not ${length}`);
  }

  /** One list of numbers for each parameter; null where `optional` allows it. */
  tensors(where: string, lists: unknown, { params }: Trajectory, optional: boolean): void {
    if (!Array.isArray(lists) || lists.length !== params.length) {
      this.require(false, `${where} must hold ${params.length} entries, one for each of params`);
      return;
    }
    for (const [index, { name, shape }] of params.entries()) {
      if (optional && lists[index] === null) continue;
      this.numbers(`${where}[${index}] (${name})`, lists[index], sizeOf(shape));
    }
  }
}

/**
 * Checks that a recorded run says what has to be compared, so that nothing of it is passed over.
 *
 * @throws Error listing everything that is wrong with it
 */
export function checkTrajectory(run: Trajectory): void {
  const problems = new Problems();
  const { params, grads, learningRates, groupLearningRates = {}, refreshGrads, expected } = run;
  problems.require(params.length > 0, 'params is empty');
  problems.require(new Set(params.map(({ name }) => name)).size === params.length, 'params has a name twice');
  for (const { name, shape, init, learningRateGroup } of params) {
    problems.numbers(`init of ${name}`, init, sizeOf(shape));
    problems.require(
      learningRateGroup === undefined || Object.hasOwn(groupLearningRates, learningRateGroup),
      `${name} has the learningRateGroup "${learningRateGroup}", which groupLearningRates does not list`,
    );
  }
  problems.require(grads.length > 0, 'grads is empty');
  for (const [index, given] of grads.entries()) problems.tensors(`grads[${index}]`, given, run, true);
  problems.numbers('learningRates', learningRates, grads.length);
  for (const [group, rates] of Object.entries(groupLearningRates)) {
    problems.numbers(`groupLearningRates.${group}`, rates, grads.length);
  }
  if (refreshGrads !== undefined) {
    problems.require(refreshGrads.length === grads.length, `refreshGrads needs ${grads.length} entries`);
    for (const [index, given] of refreshGrads.entries()) {
      if (given !== null) problems.tensors(`refreshGrads[${index}]`, given, run, true);
    }
  }
  checkExpected(run, problems);
  if (problems.found.length === 0) return;
  const missing = expected.steps.length === 0 ? '; nothing would be compared' : '';
  throw new Error(`the recorded run ${titleOf(run)} is malformed${missing}: ${problems.found.join('; ')}`);
}

function checkExpected(run: Trajectory, problems: Problems): void {
  const { steps, params, averages, state } = run.expected;
  problems.require(steps.length > 0, 'expected.steps is empty');
  for (const [index, step] of steps.entries()) {
    problems.require(
      Number.isInteger(step) && step >= 1 && step <= run.grads.length,
      `expected.steps[${index}] is ${step}, which the run of ${run.grads.length} steps never reaches`,
    );
  }
  problems.require(new Set(steps).size === steps.length, 'expected.steps has a step twice');
  problems.require(
    averages === undefined || averages.some((list) => list !== null),
    'expected.averages has none at all; leave it out',
  );
  for (const [name, lists] of Object.entries({ params, averages })) {
    if (lists === undefined && name === 'averages') continue;
    problems.require(lists!.length === steps.length, `expected.${name} needs ${steps.length} entries`);
    for (const [index, list] of lists!.entries()) {
      if (list === null && name === 'averages') continue;
      problems.tensors(`expected.${name}[${index}]`, list, run, false);
    }
  }
  for (const [slot, values] of Object.entries(state)) {
    problems.require(
      values.length === run.params.length,
      `expected.state.${slot} needs ${run.params.length} entries, one for each of params`,
    );
    const isFine = (value: unknown): boolean =>
      value === null || (Array.isArray(value) && value.every((x) => Number.isFinite(x)));
    problems.require(
      values.every(isFine),
      `expected.state.${slot} must hold lists of finite numbers, or null`,
    );
  }
}
