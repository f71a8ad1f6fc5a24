import { join } from 'node:path';
import { readSummary, sealed, writeJson } from '@steepest/run-files';
import { type Axis, axesOf, type Point } from '../definition/grid.ts';
import { entryTitle } from '../definition/installed-optimizers.ts';
import type { Experiment } from '../definition/schema.ts';
import { type TrialConfig, trialAt } from '../definition/trials.ts';
import { isOver } from '../execution/is-over.ts';
import { openPlace } from '../execution/open-place.ts';
import { type OpenedRun, withOpenRun } from '../execution/open-run.ts';
import type { RunOptions, RunOutcome } from '../execution/run-experiment.ts';
import { RunView, type TrialEnd } from '../execution/run-view.ts';
import { extendedAxes } from '../search/needed-trials.ts';
import { ablationRows } from './ablation.ts';
import { coordinateDescent, type Descent } from './coordinate-descent.ts';
import { lossLimits } from './loss-limits.ts';
import type { OptimizerTuning, Tuning } from './tuning.ts';

/** How tuning ended. */
export interface TuneOutcome extends RunOutcome {
  /** Absent when it was interrupted. */
  readonly tuning?: Tuning;
}

/** Thrown inside a descent that the person has stopped. */
class Interrupted extends Error {}

/**
 * Tunes every optimizer of an experiment by coordinate descent over its grids, each with the same number of trials. Where it
 * stands follows from the run files alone: called again, it repeats nothing that ended and goes the same way.
 * @throws RunError when the folder cannot be used or the preparation fails
 */
export async function tuneExperiment(experiment: Experiment, options: RunOptions): Promise<TuneOutcome> {
  const outcome = await withOpenRun(experiment, options, async (run, requests) => {
    const names = Object.keys(experiment.optimizers);
    const view = viewOf(run);
    options.display.show(view);
    requests.stop.addEventListener('abort', () => {
      view.stopping = true;
    });
    const failed: TrialEnd[] = [];
    const trials = await openPlace(run, { view, display: options.display }, requests, options);
    const train: Train = async (config, limits) => {
      const known = await readSummary(join(run.outDirectory, config.trial));
      if (known !== undefined && isOver(known.status, limits)) return { ...known, trial: config.trial };
      const end = await trials.train(config, limits);
      if (end === undefined || end.status === 'interrupted') throw new Interrupted();
      if (end.status === 'failed') failed.push(end);
      return end;
    };
    const descents = await Promise.allSettled(names.map((name) => tuneOptimizer(run, name, train)));
    const { workersGoOn } = await trials.close();
    const broken = descents.find(
      (result) => result.status === 'rejected' && !(result.reason instanceof Interrupted),
    );
    if (broken !== undefined) throw (broken as PromiseRejectedResult).reason;
    const done = descents.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (done.length < names.length) return { failed, interrupted: true, workersGoOn };
    const tuning = { schemaVersion: 1, experiment: experiment.name, optimizers: done } as const;
    await writeJson(join(run.outDirectory, 'tune.json'), sealed(tuning));
    return { failed, interrupted: false, tuning };
  });
  return outcome ?? { failed: [], interrupted: true };
}

type Train = (config: TrialConfig, limits: Awaited<ReturnType<typeof lossLimits>>) => Promise<TrialEnd>;

async function tuneOptimizer(run: OpenedRun, name: string, train: Train): Promise<OptimizerTuning> {
  const { experiment, outDirectory } = run;
  const entry = experiment.optimizers[name]!;
  const axes = axesOf(entry, experiment.sweep);
  const start = startOf(axes, experiment.tune?.start?.[name]);
  const { environment, fits = () => true } = run.surroundings;
  const isPossible = (point: Point) =>
    experiment.seeds.every((seed) => fits(trialAt(experiment, name, point, seed, environment)));
  const stopHopeless = experiment.tune?.stopHopeless;
  const ends = new Map<string, TrialEnd>();
  let best: { readonly config: TrialConfig; readonly loss: number } | undefined;

  const evaluatePoint = async (point: Point): Promise<number | null> => {
    const configs = experiment.seeds.map((seed) => trialAt(experiment, name, point, seed, environment));
    const limits =
      stopHopeless === undefined || best === undefined
        ? undefined
        : await lossLimits(outDirectory, best.config, configs[0]!, stopHopeless);
    const all = await Promise.all(configs.map((config) => train(config, limits)));
    for (const end of all) ends.set(end.trial, end);
    const losses = all.map(({ status, finalValidationLoss }) =>
      status === 'finished' ? finalValidationLoss : null,
    );
    if (losses.some((loss) => loss === null)) return null;
    return losses.reduce<number>((sum, loss) => sum + loss!, 0) / losses.length;
  };
  const descent = await coordinateDescent({
    axes,
    start,
    trials: trialsEach(experiment),
    ...(experiment.extend === true
      ? {
          extend: (now: readonly Axis[], best: Point) =>
            extendedAxes(entry, { axes: now, given: axes, best, isPossible }),
        }
      : {}),
    evaluate: async (points) => {
      const losses = await Promise.all(points.map(evaluatePoint));
      points.forEach((point, index) => {
        const loss = losses[index];
        if (loss == null || loss >= (best?.loss ?? Number.POSITIVE_INFINITY)) return;
        best = { config: trialAt(experiment, name, point, experiment.seeds[0]!, environment), loss };
      });
      return losses;
    },
  });
  if (descent.best !== undefined) {
    const { point } = descent.best;
    const again = (experiment.confirm ?? []).map((seed) =>
      trialAt(experiment, name, point, seed, environment),
    );
    await Promise.all(again.map((config) => train(config, undefined)));
  }
  return summarize(name, entryTitle(name, entry), descent, start, [...ends.values()]);
}

function summarize(
  name: string,
  title: string,
  descent: Descent,
  start: Point,
  ends: readonly TrialEnd[],
): OptimizerTuning {
  const count = (status: TrialEnd['status']) => ends.filter((end) => end.status === status).length;
  return {
    name,
    title,
    best: descent.best?.point ?? null,
    loss: descent.best?.loss ?? null,
    settings: descent.tried.length,
    settled: descent.settled,
    trials: {
      finished: count('finished'),
      diverged: count('diverged'),
      stopped: count('stopped'),
      failed: count('failed'),
    },
    moves: descent.moves,
    rows: ablationRows(descent, start),
  };
}

/** The settings each optimizer gets: those of the smallest grid where that has fewer than the experiment grants and no list grows. */
export function trialsEach({ optimizers, sweep, tune, extend }: Experiment): number {
  if (extend === true && tune !== undefined) return tune.trials;
  const sizes = Object.values(optimizers).map((entry) =>
    axesOf(entry, sweep).reduce((product, { values }) => product * values.length, 1),
  );
  return Math.min(tune?.trials ?? Number.POSITIVE_INFINITY, ...sizes);
}

/** The middle of every grid, under what the experiment says itself. */
function startOf(axes: readonly Axis[], given: Point | undefined): Point {
  const middle = axes.map(({ key, values }) => [key, values[Math.floor((values.length - 1) / 2)]!]);
  return { ...Object.fromEntries(middle), ...given };
}

function viewOf({ experiment, trials }: OpenedRun): RunView {
  const { seeds, confirm = [], optimizers } = experiment;
  const count = (trialsEach(experiment) * seeds.length + confirm.length) * Object.keys(optimizers).length;
  const longest = trials.map(({ trial }) => trial).sort((a, b) => b.length - a.length)[0] ?? '';
  const steps = trials.reduce((sum, { budget }) => sum + budget.steps, 0) / trials.length;
  return new RunView(new Array<string>(count).fill(longest), 0, steps);
}
