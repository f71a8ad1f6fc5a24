import { axesOf } from './grid.ts';
import { phaseProblem } from './phases.ts';
import type { Experiment } from './schema.ts';
import { type TrialConfig, trialsOf } from './trials.ts';

/** Something wrong with a trial that no key shows alone. */
export interface TrialProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What would stop trials of an experiment before their first step. */
export function trialProblems(experiment: Experiment): TrialProblem[] {
  const { optimizers } = experiment;
  const problems = new Map<string, TrialProblem>();
  for (const trial of trialsOf({ ...experiment, seeds: experiment.seeds.slice(0, 1) }, nowhere)) {
    const problem = scheduleProblem(trial) ?? shapeProblem(trial);
    if (problem !== undefined) problems.set(trial.optimizer, problem);
  }
  for (const [name, values] of Object.entries(experiment.tune?.start ?? {})) {
    const path = ['tune', 'start', name];
    const entry = optimizers[name];
    if (entry === undefined) {
      const message = `is no optimizer of the experiment, which has ${Object.keys(optimizers).join(', ')}`;
      problems.set(path.join('.'), { path, message });
      continue;
    }
    const axes = axesOf(entry, experiment.sweep);
    for (const [key, value] of Object.entries(values)) {
      const axis = axes.find((candidate) => candidate.key === key);
      if (axis?.values.includes(value)) continue;
      const message =
        axis === undefined
          ? `is no option that the experiment gives of ${name}`
          : `must be one of the values it takes, ${axis.values.join(', ')}, got ${JSON.stringify(value)}`;
      problems.set([...path, key].join('.'), { path: [...path, key], message });
    }
  }
  return [...problems.values()];
}

const nowhere = { backend: 'cpu', versions: {} } as const;

/** A warm-up, and the steps that frozen Adalayer measures in, must end before the run does. */
function scheduleProblem({ optimizer, recipe, schedule, budget }: TrialConfig): TrialProblem | undefined {
  const freezeSteps = freezeStepsOf(recipe);
  const path = ['optimizers', optimizer];
  if (freezeSteps > 0 && schedule.type !== 'study') {
    return {
      path,
      message: `freezeSteps needs the schedule "study", which waits for it, not "${schedule.type}"`,
    };
  }
  const pointsMessage = pointsProblem(schedule, budget.steps);
  if (pointsMessage !== undefined) return { path, message: pointsMessage };
  const warmupSteps = warmupStepsOf(schedule, budget.steps);
  if (
    schedule.type === 'constant' ||
    schedule.type === 'piecewiseLinear' ||
    warmupSteps + freezeSteps < budget.steps
  )
    return undefined;
  const frozen = freezeSteps > 0 ? ` and ${freezeSteps} of freezeSteps` : '';
  return {
    path,
    message: `has ${warmupSteps} steps of warm-up${frozen}, which leaves nothing of the ${budget.steps} steps of the run`,
  };
}

/** A schedule of points has some, at least one of the peak, each at a later step of the run than the one before. */
function pointsProblem({ type, points }: TrialConfig['schedule'], steps: number): string | undefined {
  if (type !== 'piecewiseLinear') {
    return points === undefined
      ? undefined
      : `has points, which are for the schedule "piecewiseLinear", not "${type}"`;
  }
  if (points === undefined) return 'has the schedule "piecewiseLinear", which needs points';
  if (!points.some(([, height]) => height === 1)) {
    return 'has a schedule whose points never reach 1, the share of the peak that the learning rate names';
  }
  const wrong = points.findIndex(
    ([share], index) => index > 0 && stepOfShare(share, steps) <= stepOfShare(points[index - 1]![0], steps),
  );
  if (wrong < 0) return undefined;
  const [before, after] = [points[wrong - 1]![0], points[wrong]![0]];
  return `has points at the shares ${before} and ${after} of its ${steps} steps, which must come one step or more apart`;
}

/** The step at a share of a run; the first step for a share of 0. */
export function stepOfShare(share: number, steps: number): number {
  return Math.max(1, Math.round(share * steps));
}

/** Phases must follow one another within the run and the model's context, and say the batch size by themselves. */
function shapeProblem({ optimizer, budget, settings }: TrialConfig): TrialProblem | undefined {
  const swept = budget.phases !== undefined && settings['budget.batchSize'] !== undefined;
  const message = swept
    ? 'has phases, which say the batch size of every step, so budget.batchSize cannot be swept'
    : phaseProblem(budget);
  return message === undefined ? undefined : { path: ['optimizers', optimizer], message };
}

/** Steps of warm-up in a run: a tenth of it where the schedule does not say. */
export function warmupStepsOf(
  { warmupFraction = 0.1 }: { warmupFraction?: number | undefined },
  steps: number,
): number {
  return Math.round(warmupFraction * steps);
}

/** Steps in which an optimizer only measures; 0 for all but frozen Adalayer. */
export function freezeStepsOf({ members }: TrialConfig['recipe']): number {
  return Math.max(0, ...members.map(({ options }) => Number(options.freezeSteps ?? 0)));
}
