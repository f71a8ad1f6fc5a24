import { decayPerStep, largeDecay } from '@steepest/experiments';
import { formatLearningRate, formatLoss, formatSettings } from '../number-format.ts';
import type { GridEdge, OptimizerResult, Results, TrialResult } from '../results/results.ts';
import { shownTrial } from '../statistics/selection.ts';
import { shortTitleList } from './title-list.ts';
import { isGuess } from './winner.ts';

/** What there is to know of one optimizer. */
export function aboutOptimizer(results: Results, optimizer: OptimizerResult): string[] {
  const { title, trials, finished, diverged, stopped, failed, interrupted, running, edges } = optimizer;
  if (trials === 0) return [];
  const found: string[] = [];
  if (diverged === trials) found.push(`Every trial of ${title} diverged: try lower learning rates.`);
  else if (finished === 0 && running === 0)
    found.push(`No trial of ${title} finished, so it has no place in the ranking.`);
  found.push(...edges.map((edge) => aboutEdge(title, edge)));
  const best = results.trials.find(({ id }) => id === optimizer.best);
  if (best && isUntrained(best.initialValidationLoss, best.finalValidationLoss)) {
    found.push(
      `${title} hardly learned: its validation loss went from ${formatLoss(best.initialValidationLoss)} to ${formatLoss(best.finalValidationLoss)}.`,
    );
  }
  const share = decayShare(shownTrial(results, optimizer));
  if (share >= largeDecay) {
    found.push(
      `Weight decay takes ${formatSettings(100 * share)} % of every weight of ${title} away in each step at the peak learning rate, where 0.01 % is usual. Decay of AdamW's kind is weightDecayMode: decoupled, which multiplies it by the learning rate.`,
    );
  }
  if (best && optimizer.seeds < optimizer.seedsTried) {
    const others =
      best.confirmation === true
        ? 'one that diverged counts with the loss it began with'
        : 'its mean leaves out the others';
    found.push(
      `${title}'s best setting finished with ${optimizer.seeds} of its ${optimizer.seedsTried} seeds; ${others}.`,
    );
  }
  if (stopped > 0) {
    found.push(`${trialsOf(stopped, title)} stopped early as hopeless by the tuning, and not ranked.`);
  }
  if (interrupted > 0) {
    found.push(
      `${trialsOf(interrupted, title)} did not reach the end; run the experiment again to continue.`,
    );
  }
  if (failed > 0)
    found.push(`${trialsOf(failed, title)} failed with an error; the reason is in the table of trials.`);
  return found;
}

function aboutEdge(title: string, { key, end, value }: GridEdge): string {
  const beyond = end === 'lowest' ? 'a lower' : 'a higher';
  if (key === 'learningRate') {
    return `${title} did best at ${formatLearningRate(value)}, the ${end} learning rate tried: ${beyond} one may do better, so its loss is an upper bound.`;
  }
  return `${title} did best at ${key} ${formatSettings(value)}, the ${end} tried: ${beyond} value may do better.`;
}

/** What is often true of several optimizers, and then is said once. */
export function aboutSeveral(results: Results): string[] {
  const found: string[] = [];
  const placed = results.optimizers.flatMap((optimizer) => {
    const best = results.trials.find(({ id }) => id === optimizer.best);
    return best === undefined ? [] : [{ optimizer, best }];
  });
  const untuned = placed.filter(({ optimizer }) => optimizer.learningRates === 1);
  if (untuned.length > 0) {
    const [was, it] = untuned.length === 1 ? ['was', 'it is'] : ['were', 'they are'];
    found.push(`${titles(untuned)} ${was} tried at one learning rate only, so ${it} not tuned.`);
  }
  for (const size of new Set(placed.flatMap(({ best }) => best.vocabularySize ?? []))) {
    const guess = Math.log(size);
    const lost = placed.filter(
      ({ best, optimizer }) => best.vocabularySize === size && isGuess(optimizer.finalValidationLoss!, size),
    );
    if (lost.length === 0) continue;
    const losses = lost.map(
      ({ optimizer }) => `${optimizer.title} (${formatLoss(optimizer.finalValidationLoss)})`,
    );
    found.push(
      `${shortTitleList(losses)} learned next to nothing: guessing among ${size} tokens has a loss of ln ${size} = ${formatLoss(guess)}. The learning rate, the weight decay or the length of training does not suit, and the rank says nothing about the optimizer.`,
    );
  }
  const undecayed = placed.flatMap(({ optimizer, best }) => {
    const left = best.resolved?.decayLeftOut;
    if (left === undefined) return [];
    return [`${optimizer.title} (${formatSettings(left.weightDecay)} ${left.weightDecayMode})`];
  });
  if (undecayed.length > 0) {
    found.push(
      `${shortTitleList(undecayed)} ran without weight decay, as every optimizer here does unless told; its own default is in parentheses.`,
    );
  }
  return found;
}

function titles(all: readonly { readonly optimizer: OptimizerResult }[]): string {
  return shortTitleList(all.map(({ optimizer }) => optimizer.title));
}

/** The share that weight decay takes away in a step; 0 where what ran was not recorded, which the table of what ran says. */
function decayShare(trial: TrialResult | undefined): number {
  return trial?.resolved ? decayPerStep(trial.resolved) : 0;
}

function isUntrained(initial: number | null, final: number | null): boolean {
  return initial !== null && final !== null && initial - final < 0.1;
}

function trialsOf(count: number, title: string): string {
  return `${count} ${count === 1 ? 'trial' : 'trials'} of ${title}`;
}
