import type { TrialProblem } from './optimizer-problems.ts';
import type { ScheduleSettings } from './schema.ts';
import type { TrialConfig } from './trials.ts';

/** The shares of a run that a schedule of each type uses. */
const usedKeys: Readonly<Record<ScheduleSettings['type'], readonly string[]>> = {
  study: ['warmupFraction', 'startFactor', 'endFactor'],
  warmupStableDecay: ['warmupFraction', 'decayFraction'],
  constant: [],
  piecewiseLinear: ['points'],
};

/** The keys that someone gives of a schedule and that its type does not use. */
export function unusedKey(given: object, type: ScheduleSettings['type']): string | undefined {
  const [unused] = Object.entries(given).flatMap(([key, value]) =>
    key === 'type' || value === undefined || usedKeys[type].includes(key) ? [] : [key],
  );
  if (unused === undefined) return undefined;
  const types = Object.entries(usedKeys).flatMap(([name, keys]) => (keys.includes(unused) ? [name] : []));
  return `has ${unused}, which ${types.join(' and ')} ${types.length === 1 ? 'uses' : 'use'}, but the schedule is "${type}"`;
}

/** A warm-up, the steps that frozen Adalayer measures in, and a decay must fit into the run. */
export function scheduleProblem({
  optimizer,
  recipe,
  schedule,
  budget,
}: TrialConfig): TrialProblem | undefined {
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
  if (schedule.type === 'constant' || schedule.type === 'piecewiseLinear') return undefined;
  const warmupSteps = warmupStepsOf(schedule, budget.steps);
  if (warmupSteps + freezeSteps >= budget.steps) {
    const frozen = freezeSteps > 0 ? ` and ${freezeSteps} of freezeSteps` : '';
    return {
      path,
      message: `has ${warmupSteps} steps of warm-up${frozen}, which leaves nothing of the ${budget.steps} steps of the run`,
    };
  }
  if (schedule.type === 'study') return undefined;
  const decaySteps = Math.round((schedule.decayFraction ?? 0.2) * budget.steps);
  if (decaySteps >= 1 && warmupSteps + decaySteps <= budget.steps) return undefined;
  return {
    path,
    message: `has ${warmupSteps} steps of warm-up and ${decaySteps} of decay, which must be at least 1 of decay and at most the ${budget.steps} steps of the run`,
  };
}

/** A schedule of points has some, at least one of the peak, each at a later step of the run than the one before. */
function pointsProblem({ type, points }: TrialConfig['schedule'], steps: number): string | undefined {
  if (type !== 'piecewiseLinear') return undefined;
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
