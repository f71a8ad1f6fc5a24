import { stretchesOf } from '../definition/phases.ts';
import { decayPerStep, largeDecay } from '../definition/resolved-optimizer.ts';
import type { Experiment } from '../definition/schema.ts';
import type { TrialConfig } from '../definition/trials.ts';
import { isKnownBeforehand, trialsOfOptimizer } from '../search/needed-trials.ts';
import { isOver } from './is-over.ts';
import { openPlace } from './open-place.ts';
import { type OpenedRun, type OpenOptions, withOpenRun } from './open-run.ts';
import type { PlaceOptions, TrainTrial } from './place.ts';
import { RunView, type TrialEnd } from './run-view.ts';

export interface RunOptions extends OpenOptions, PlaceOptions {}

/** How a run of an experiment ended. */
export interface RunOutcome {
  readonly failed: readonly TrialEnd[];
  /** True when the person stopped it before the end. */
  readonly interrupted: boolean;
  /** True when it was left rather than stopped, and the workers of the queue continue. */
  readonly workersGoOn?: boolean;
}

/**
 * Runs every trial of an experiment that is not over yet, here or on the workers of a queue: those of its grids, and those
 * that follow from how these end. A failed trial leaves the others alone; Ctrl-C stops all with a checkpoint.
 * @throws RunError when the folder or the queue cannot be used or the preparation fails
 */
export async function runExperiment(experiment: Experiment, options: RunOptions): Promise<RunOutcome> {
  const { display } = options;
  const outcome = await withOpenRun(experiment, options, async (run, requests) => {
    const { trials, ends: known } = run;
    const pending = trials.filter(({ trial }) => !known.has(trial));
    const steps = trials.reduce((sum, { budget }) => sum + budget.steps, 0);
    const view = new RunView(
      trials.map(({ trial }) => trial),
      trials.length - pending.length,
      steps / trials.length,
    );
    display.line(announcement(run, view.skipped));
    display.show(view);
    requests.stop.addEventListener('abort', () => {
      view.stopping = true;
    });
    const place = await openPlace(run, { view, display }, requests, options);
    const ends = await trainAll(run, pending, view, place.train, async (config) => {
      const end = await run.earlier?.take(config);
      if (end === undefined) return place.train(config);
      view.end(end);
      display.ended(end);
      return end;
    });
    const { workersGoOn } = await place.close();
    return {
      failed: ends.filter((end): end is TrialEnd => end?.status === 'failed'),
      interrupted: ends.some((end) => end === undefined || end.status === 'interrupted'),
      workersGoOn,
    };
  });
  return outcome ?? { failed: [], interrupted: true };
}

/** Trains what is pending in its order, and of each optimizer what follows from it as soon as its own trials are over. */
async function trainAll(
  { experiment, surroundings, trials, ends: known, noteTrials }: OpenedRun,
  pending: readonly TrialConfig[],
  view: RunView,
  train: TrainTrial,
  takeOrTrain: TrainTrial,
): Promise<(TrialEnd | undefined)[]> {
  const begun = new Map(pending.map((config) => [config.trial, train(config)]));
  let count = trials.length;
  const follow = async (name: string): Promise<void> => {
    for (;;) {
      const needed = trialsOfOptimizer(experiment, name, surroundings);
      const left = needed.filter(({ trial }) => !known.has(trial));
      if (left.length === 0) return;
      const unforeseen = left.filter(({ trial }) => !begun.has(trial));
      view.expect(unforeseen.map(({ trial }) => trial));
      count += unforeseen.length;
      if (unforeseen.length > 0) await noteTrials(count);
      for (const config of unforeseen) begun.set(config.trial, takeOrTrain(config));
      const ends = await Promise.all(left.map(({ trial }) => begun.get(trial)!));
      for (const end of ends) if (isOver(end?.status)) known.set(end!.trial, end!);
      // Without an end that counts, nothing follows.
      if (!ends.every((end) => isOver(end?.status))) return;
    }
  };
  await Promise.all(Object.keys(experiment.optimizers).map(follow));
  return Promise.all(begun.values());
}

function announcement({ experiment, trials, prepared, earlier }: OpenedRun, skipped: number): string {
  const number = (value: number) => value.toLocaleString('en');
  const budgets = trials.map(({ budget }) =>
    stretchesOf(budget)
      .map(
        (stretch) =>
          `${number(stretch.steps)} steps of ${number(stretch.batchSize * stretch.contextLength)} tokens`,
      )
      .join(' and '),
  );
  const length = new Set(budgets).size === 1 ? `, each ${budgets[0]}` : ' of different lengths';
  const done = skipped === 0 ? '' : `, ${skipped} of them done earlier`;
  const more = isKnownBeforehand(experiment) ? '' : ', and those that follow from their losses';
  return [
    `${experiment.name}: ${trials.length} ${trials.length === 1 ? 'trial' : 'trials'}${done}${length}${more}`,
    `model ${experiment.model.size}, ${number(prepared.parameters)} parameters; text of ${number(prepared.trainTokens)} training and ${number(prepared.validationTokens)} validation tokens`,
    `backend ${prepared.backend.name}: ${prepared.backend.reason}`,
    ...takenNotice(earlier),
    ...decayNotice(trials),
  ].join('\n');
}

function takenNotice(earlier: OpenedRun['earlier']): string[] {
  if (earlier === undefined) return [];
  const { results, taken, unlike } = earlier;
  const [first] = unlike;
  const counted = (count: number) => (count === 1 ? '1 trial' : `${count} trials`);
  return [
    `${counted(taken)} taken from ${results.name}`,
    ...(first === undefined
      ? []
      : [
          `note: ${counted(unlike.length)} of the same name there ${unlike.length === 1 ? 'was' : 'were'} trained in another way and will be trained here. ${first.trial}: ${first.differences.join('; ')}`,
        ]),
  ];
}

/** Decay that outweighs the gradients, which independent decay does at sizes that are usual where it is decoupled. */
function decayNotice(trials: readonly TrialConfig[]): string[] {
  const shares = trials.map(({ resolved }) => (resolved === undefined ? 0 : decayPerStep(resolved)));
  const decaying = trials.filter((_, index) => shares[index]! >= largeDecay);
  if (decaying.length === 0) return [];
  const percent = Number((100 * Math.max(...shares)).toPrecision(3));
  return [
    `note: weight decay takes up to ${percent} % of every weight away in each step at the peak of ${decaying.length} trials, such as ` +
      `${decaying[0]!.trial}, which may leave no model. Decay of AdamW's kind is weightDecayMode: decoupled`,
  ];
}
