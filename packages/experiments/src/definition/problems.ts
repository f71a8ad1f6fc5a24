import { unusedRunShapeKey } from '@steepest/lr-schedules';
import { sameTrials } from './duplicates.ts';
import { axesOf, sizeOf } from './grid.ts';
import { anyMemory, memoryProblem } from './memory.ts';
import { optimizerProblem, type TrialProblem } from './optimizer-problems.ts';
import { phaseProblem } from './phases.ts';
import { scheduleProblem } from './schedule-shape.ts';
import type { Experiment } from './schema.ts';
import { type TrialConfig, trialsOf } from './trials.ts';

/** More than a folder, a report or a person can hold. */
const mostTrials = 100_000;

/** What would stop trials of an experiment before their first step, or make them other trials than they seem. */
export function trialProblems(experiment: Experiment): TrialProblem[] {
  const tooMany = gridProblem(experiment);
  if (tooMany !== undefined) return [tooMany];
  const problems = new Map<string, TrialProblem>();
  const add = (problem: TrialProblem | undefined) => {
    if (problem !== undefined) problems.set(problem.path.join('.'), problem);
  };
  for (const problem of unusedKeys(experiment)) add(problem);
  const checked = new Set<string>();
  const trials = trialsOf({ ...experiment, seeds: experiment.seeds.slice(0, 1) }, nowhere);
  for (const trial of trials) {
    add(scheduleProblem(trial) ?? shapeProblem(trial));
    const shape = shapeOf(trial);
    if (!checked.has(shape)) add(placed(optimizerProblem(trial) ?? tooLarge(trial), trial, experiment));
    checked.add(shape);
  }
  if (problems.size === 0) add(sameTrials(trials));
  for (const problem of tuneProblems(experiment)) add(problem);
  add(confirmProblem(experiment));
  return [...problems.values()];
}

/** A model of an optimizer's own is wrong there. */
function placed(
  problem: TrialProblem | undefined,
  { optimizer }: TrialConfig,
  { optimizers }: Experiment,
): TrialProblem | undefined {
  return problem?.path[0] === 'model' && optimizers[optimizer]!.model !== undefined
    ? { ...problem, path: ['optimizers', optimizer, ...problem.path] }
    : problem;
}

function tooLarge(trial: TrialConfig): TrialProblem | undefined {
  const message = memoryProblem(trial, undefined, anyMemory);
  return message === undefined ? undefined : { path: ['model'], message };
}

const nowhere = { backend: 'cpu', versions: {} } as const;

/** Combinations multiply fast, and are counted before any is made. */
function gridProblem({ optimizers, sweep, seeds }: Experiment): TrialProblem | undefined {
  for (const [name, entry] of Object.entries(optimizers)) {
    const axes = axesOf(entry, sweep);
    const size = sizeOf(axes) * seeds.length;
    if (size <= mostTrials) continue;
    const lists = axes.filter(({ values }) => values.length > 1);
    const product = [
      ...lists.map(({ key, values }) => `${values.length} of ${key}`),
      ...(seeds.length > 1 ? [`${seeds.length} seeds`] : []),
    ];
    const count = size.toLocaleString('en', { maximumSignificantDigits: 6 });
    const message = `spans ${count} trials (${product.join(' × ')}), more than the ${mostTrials.toLocaleString('en')} of an experiment; shorten the lists`;
    return { path: ['optimizers', name], message };
  }
  return undefined;
}

/** A share of the schedule that its type does not use would be ignored in silence. */
function unusedKeys({ schedule, optimizers }: Experiment): TrialProblem[] {
  const ofAll = unusedRunShapeKey(schedule);
  const found = ofAll === undefined ? [] : [{ path: ['schedule'], message: ofAll }];
  for (const [name, entry] of Object.entries(optimizers)) {
    const message = unusedRunShapeKey({ ...entry.schedule, type: entry.schedule?.type ?? schedule.type });
    if (message !== undefined) found.push({ path: ['optimizers', name, 'schedule'], message });
  }
  return found;
}

/** What decides which parameters an optimizer takes and refuses: trials that differ in numbers alone share it. */
function shapeOf({ optimizer, recipe, model }: TrialConfig): string {
  const members = recipe.members.map(({ optimizer: rule, match, groups, options }) => [
    rule,
    match,
    groups?.map((group) => group.match),
    Object.entries(options).filter(([, value]) => typeof value !== 'number'),
  ]);
  return JSON.stringify([optimizer, members, model]);
}

/** Phases must follow one another within the run and the model's context, and say the batch size by themselves. */
function shapeProblem({ optimizer, budget, settings }: TrialConfig): TrialProblem | undefined {
  const swept = budget.phases !== undefined && settings['budget.batchSize'] !== undefined;
  const message = swept
    ? 'has phases, which say the batch size of every step, so budget.batchSize cannot be swept'
    : phaseProblem(budget);
  return message === undefined ? undefined : { path: ['optimizers', optimizer], message };
}

/** A seed that chose a setting confirms nothing. */
function confirmProblem({ seeds, confirm = [] }: Experiment): TrialProblem | undefined {
  const index = confirm.findIndex((seed) => seeds.includes(seed));
  if (index < 0) return undefined;
  const message = `is one of seeds (${seeds.join(', ')}), which choose the setting; confirm it with others`;
  return { path: ['confirm', index], message };
}

function tuneProblems({ tune, optimizers, sweep }: Experiment): TrialProblem[] {
  const problems: TrialProblem[] = [];
  for (const [name, values] of Object.entries(tune?.start ?? {})) {
    const path = ['tune', 'start', name];
    const entry = optimizers[name];
    if (entry === undefined) {
      const message = `is no optimizer of the experiment, which has ${Object.keys(optimizers).join(', ')}`;
      problems.push({ path, message });
      continue;
    }
    const axes = axesOf(entry, sweep);
    for (const [key, value] of Object.entries(values)) {
      const axis = axes.find((candidate) => candidate.key === key);
      if (axis?.values.includes(value)) continue;
      const message =
        axis === undefined
          ? `is no option that the experiment gives of ${name}`
          : `must be one of the values it takes, ${axis.values.join(', ')}, got ${JSON.stringify(value)}`;
      problems.push({ path: [...path, key], message });
    }
  }
  return problems;
}
