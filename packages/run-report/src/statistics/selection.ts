import { mean, standardDeviation } from '@steepest/statistics';
import type { GridEdge, OptimizerResult, Results, TrialResult } from '../results/results.ts';
import { meanCurve, paceTo } from './curve-pace.ts';

/** One setting of an optimizer: its trials differ in seed only. */
export interface Setting {
  readonly learningRate: number | null;
  /** Those that take part in the choice among settings. */
  readonly trials: readonly TrialResult[];
  /** Those of them that finished with a final validation loss, lowest first. */
  readonly finished: readonly TrialResult[];
  /** Those with other seeds, by which it is judged once it is chosen. */
  readonly confirmations: readonly TrialResult[];
  /** Mean final validation loss of `finished`, `null` when there is none. */
  readonly meanLoss: number | null;
  /** Trials that diverged or were stopped as hopeless. */
  readonly lost: number;
  /** Trials that have not finished, for whatever reason. */
  readonly unfinished: number;
}

/** Learning rate of a trial, `null` when its settings hold none or not a positive number. */
export function learningRateOf(trial: TrialResult): number | null {
  const value = trial.settings.learningRate;
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : null;
}

/** Groups trials of one optimizer by everything but the seed, options that ran included, in ascending learning rate. */
export function settingsOf(trials: readonly TrialResult[]): Setting[] {
  const groups = new Map<string, TrialResult[]>();
  for (const trial of trials) {
    const key = canonical([trial.settings, trial.variation, trial.resolved]);
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  return [...groups.values()]
    .map((all) => {
      const confirmations = all.filter(({ confirmation }) => confirmation === true);
      const group = all.filter(({ confirmation }) => confirmation !== true);
      const finished = finishedOf(group);
      return {
        learningRate: learningRateOf(all[0]!),
        trials: group,
        finished,
        confirmations,
        meanLoss:
          finished.length > 0 ? mean(finished.map(({ finalValidationLoss }) => finalValidationLoss)) : null,
        lost: group.filter(({ status }) => status === 'diverged' || status === 'stopped').length,
        unfinished: group.length - finished.length,
      };
    })
    .sort((a, b) => (a.learningRate ?? 0) - (b.learningRate ?? 0));
}

/**
 * The setting of lowest mean loss. One of which some seed diverged, failed or has not ended comes after every one that is
 * complete: its mean is over other seeds than theirs.
 */
export function bestSetting(settings: readonly Setting[]): Setting | undefined {
  return settings
    .filter((setting) => setting.meanLoss !== null)
    .sort((a, b) => Number(a.unfinished > 0) - Number(b.unfinished > 0) || a.meanLoss! - b.meanLoss!)[0];
}

/**
 * The loss that a trial counts with where its setting is judged: the final one, and of a confirmation that diverged the one it began
 * with, since the setting was chosen without it. `null` of any other.
 */
function judgedLoss({
  status,
  confirmation,
  finalValidationLoss,
  initialValidationLoss,
}: TrialResult): number | null {
  if (status === 'finished') return finalValidationLoss;
  return status === 'diverged' && confirmation === true ? initialValidationLoss : null;
}

/** A trial and the loss that it counts with. */
export interface JudgedTrial {
  readonly trial: TrialResult;
  readonly loss: number;
}

/** The trials whose numbers stand for a setting, lowest loss first: its confirmations as soon as one has ended, else those that chose it. */
export function judgedTrials({ trials, confirmations }: Setting): JudgedTrial[] {
  const losses = (all: readonly TrialResult[]) =>
    all
      .flatMap((trial): JudgedTrial[] => {
        const loss = judgedLoss(trial);
        return loss === null ? [] : [{ trial, loss }];
      })
      .sort((a, b) => a.loss - b.loss);
  const confirmed = losses(confirmations);
  return confirmed.length > 0 ? confirmed : losses(trials);
}

/** The trials that stand for an optimizer's best setting, one per seed, each with the loss that it counts with, lowest first. */
export function bestJudged(trials: readonly TrialResult[], optimizer: string): readonly JudgedTrial[] {
  const best = bestSetting(settingsOf(trials.filter((trial) => trial.optimizer === optimizer)));
  return best === undefined ? [] : judgedTrials(best);
}

/** Summarizes one optimizer's trials; `difference` and `toBaseline` are left to `compareToBaseline`. */
export function summarizeOptimizer(
  name: string,
  title: string,
  all: readonly TrialResult[],
): OptimizerResult {
  const trials = all.filter((trial) => trial.optimizer === name);
  const settings = settingsOf(trials);
  const best = bestSetting(settings);
  const counted = best === undefined ? [] : judgedTrials(best);
  const losses = counted.map((one) => one.loss);
  const confirming = counted[0]?.trial.confirmation === true;
  const loss = losses.length === 0 ? null : mean(losses);
  const count = (status: TrialResult['status']) => trials.filter((trial) => trial.status === status).length;
  return {
    name,
    title,
    best: counted[0]?.trial.id ?? null,
    finalValidationLoss: loss,
    lossRange: loss === null ? null : [losses[0]!, losses.at(-1)!],
    lossDeviation: loss === null ? null : standardDeviation(losses),
    perplexity: loss === null ? null : Math.exp(loss),
    difference: null,
    toBaseline: null,
    seeds: counted.filter(({ trial }) => trial.status === 'finished').length,
    seedsTried: (confirming ? best?.confirmations : best?.trials)?.length ?? 0,
    settings: settings.length,
    learningRates: new Set(settings.map((setting) => setting.learningRate)).size,
    edges: gridEdges(settings, best),
    trials: trials.length,
    finished: count('finished'),
    diverged: count('diverged'),
    stopped: count('stopped'),
    failed: count('failed'),
    interrupted: count('interrupted'),
    running: count('running'),
  };
}

/**
 * Fills in every difference to the baseline and the pace to its loss.
 * @param preferred The baseline where it finished; else it is the optimizer of lowest loss
 */
export function compareToBaseline(
  optimizers: readonly OptimizerResult[],
  trials: readonly TrialResult[],
  preferred = 'adam',
): { baseline: string | null; optimizers: OptimizerResult[] } {
  const placed = optimizers.filter((optimizer) => optimizer.finalValidationLoss !== null);
  const baseline = placed.find((optimizer) => optimizer.name === preferred) ?? ranked(placed)[0];
  return {
    baseline: baseline?.name ?? null,
    optimizers: optimizers.map((optimizer) => ({
      ...optimizer,
      difference:
        baseline && optimizer.finalValidationLoss !== null
          ? optimizer.finalValidationLoss - baseline.finalValidationLoss!
          : null,
      toBaseline: baseline
        ? paceTo(baseline.finalValidationLoss!, meanCurve(bestTrials(trials, optimizer.name)))
        : null,
    })),
  };
}

/** Those of them that finished. */
export function bestTrials(trials: readonly TrialResult[], optimizer: string): readonly TrialResult[] {
  return bestJudged(trials, optimizer).flatMap(({ trial }) => (trial.status === 'finished' ? [trial] : []));
}

/** Optimizers by final validation loss, lowest first; those without one last, in their given order. */
export function ranked(optimizers: readonly OptimizerResult[]): OptimizerResult[] {
  const loss = (optimizer: OptimizerResult) => optimizer.finalValidationLoss ?? Number.MAX_VALUE;
  return [...optimizers].sort((a, b) => loss(a) - loss(b));
}

/** The edge at which an optimizer's best value of a hyperparameter is, if any. */
export function edgeOf({ edges }: OptimizerResult, key: string): GridEdge['end'] | undefined {
  return edges.find((edge) => edge.key === key)?.end;
}

/** A value of 0 has nothing below it. */
function gridEdges(settings: readonly Setting[], best: Setting | undefined): GridEdge[] {
  if (best === undefined) return [];
  // A larger rate that diverged bounds the optimum as well as one that finished worse; one that never ended does not.
  const ended = settings.filter((setting) => setting.meanLoss !== null || setting.lost > 0);
  return Object.entries(numbersOf(best)).flatMap(([key, value]): GridEdge[] => {
    const tried = ended.flatMap((setting) => numbersOf(setting)[key] ?? []);
    if (new Set(tried).size < 2) return [];
    if (value === Math.min(...tried)) return value === 0 ? [] : [{ key, end: 'lowest', value }];
    return value === Math.max(...tried) ? [{ key, end: 'highest', value }] : [];
  });
}

function numbersOf({ trials }: Setting): Record<string, number> {
  const { settings, variation } = trials[0]!;
  return Object.fromEntries(
    Object.entries({ ...settings, ...variation }).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
    ),
  );
}

function finishedOf(trials: readonly TrialResult[]) {
  return trials.filter(hasFinalLoss).sort((a, b) => a.finalValidationLoss - b.finalValidationLoss);
}

function hasFinalLoss(trial: TrialResult): trial is TrialResult & { finalValidationLoss: number } {
  return trial.status === 'finished' && trial.finalValidationLoss !== null;
}

/** JSON with sorted keys, so that equal settings have equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The trial that stands for an optimizer: the best, or the first where none finished. */
export function shownTrial(
  { trials }: Pick<Results, 'trials'>,
  { name, best }: OptimizerResult,
): TrialResult | undefined {
  return trials.find(({ id }) => id === best) ?? trials.find(({ optimizer }) => optimizer === name);
}
