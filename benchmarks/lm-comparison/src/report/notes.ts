import { formatLearningRate, formatLoss } from './number-format.ts';
import type { OptimizerResult, Results } from './results.ts';
import { learningRateOf, ranked } from './selection.ts';

/** What a reader must know before believing this ranking: empty for a comparison with nothing to warn of. */
export function warnings(results: Results): string[] {
  return [
    ...unfairness(results),
    ...results.optimizers.flatMap((optimizer) => aboutOptimizer(results, optimizer)),
  ];
}

/** How the numbers came about and what they can carry, for every comparison. */
export function readingNotes(results: Results): string[] {
  const severalSeeds = results.optimizers.some(({ seeds }) => seeds > 1);
  return [
    'Each optimizer is represented by its best setting: the one with the lowest validation loss at the end of the decayed learning-rate schedule. Losses in the middle of a schedule say little about its end, so curves that cross on the way are not ranked by where they cross.',
    severalSeeds
      ? `Losses are means over the seeds of a setting, ± is the standard deviation (n - 1). Two optimizers count as different by one rule: ${results.significance.rule}`
      : 'Every setting ran with one seed, so small differences mean nothing: another seed may reverse neighbours in the ranking. Repeat the closest ones with several seeds before preferring one.',
    'The same validation sequences score the selection and the ranking, which flatters every optimizer a little, and more the more settings it was given.',
    'Loss is the mean cross-entropy in nats a token; perplexity is its exponential. Both depend on the tokenizer and compare only within one experiment.',
    'A diverged trial is a result: it shows how much learning rate an optimizer bears. It has no final loss and is never selected; neither is one that the tuning stopped early as hopeless.',
    "Steps to the baseline's loss are read off the validation curve of the best setting, linear between evaluations. Inside a schedule that still decays they are an upper bound: a schedule made for fewer steps may get there sooner.",
    "FLOPs are those of the model's forward and backward pass with attention; what the optimizer computes is in its milliseconds.",
    'ms/step is the median over a trial, and seconds count training only, not evaluation. Trials that ran side by side shared the machine, so compare times with each other rather than with another machine.',
    'Results hold for this model, data and length of training; optimizers may change places at another size.',
  ];
}

function unfairness(results: Results): string[] {
  const found: string[] = [];
  const { differing } = results.shared;
  if (differing.length > 0) {
    found.push(
      `The optimizers do not share the same ${differing.join(', ')}: what separates their losses may be that, not the optimizer.`,
    );
  }
  const counts = results.optimizers.filter(({ settings }) => settings > 0).map(({ settings }) => settings);
  if (new Set(counts).size > 1) {
    const each = results.optimizers.map(({ title, settings }) => `${title} ${settings}`).join(', ');
    found.push(
      `The optimizers were given different numbers of settings (${each}): more tries find a lower loss.`,
    );
  }
  const absent = results.optimizers.filter(({ trials }) => trials === 0).map(({ title }) => title);
  if (absent.length > 0) found.push(`No trial has started yet for ${absent.join(', ')}.`);
  const close = notSeparated(results);
  if (close) found.push(close);
  const uneven = unevenTimes(results);
  if (uneven) found.push(uneven);
  return found;
}

/** Factor between the times of the same work from which on a machine was not free for the trials. */
const unevenFactor = 1.5;
/** Steps of which a median says something. */
const enoughSteps = 50;

/** Whether the times of the trials in the ranking were taken under different conditions: a FLOP of the model costs the same in each. */
function unevenTimes({ optimizers, trials }: Results): string | undefined {
  const shown = new Set(optimizers.map(({ best }) => best));
  const costs = trials.flatMap((trial) => {
    const { steps, tokens, flopsPerToken, millisecondsPerStep, optimizerMillisecondsPerStep } = trial;
    if (!shown.has(trial.id) || !steps || steps < enoughSteps || !tokens || !flopsPerToken) return [];
    if (millisecondsPerStep === null || optimizerMillisecondsPerStep === null) return [];
    return [((millisecondsPerStep - optimizerMillisecondsPerStep) * steps) / (tokens * flopsPerToken)];
  });
  const factor = Math.max(...costs) / Math.min(...costs);
  return costs.length > 1 && factor >= unevenFactor
    ? `The model's part of a step took ${factor.toFixed(1)} times as long in one of the trials shown as in another, for the same work: the machine did other things beside, so ms/step, tokens/s and seconds do not compare.`
    : undefined;
}

/** The optimizers that the test does not tell from the best. */
function notSeparated(results: Results): string | undefined {
  const [first] = ranked(results.optimizers).filter(
    ({ finalValidationLoss }) => finalValidationLoss !== null,
  );
  if (!first) return undefined;
  const close = results.significance.pairs.flatMap((pair) => {
    if (pair.significant || (pair.first !== first.name && pair.second !== first.name)) return [];
    const other = pair.first === first.name ? pair.second : pair.first;
    return results.optimizers.find(({ name }) => name === other)?.title ?? other;
  });
  return close.length > 0
    ? `The seeds do not separate ${first.title} from ${close.join(', ')}: the difference is not significant.`
    : undefined;
}

function aboutOptimizer(results: Results, optimizer: OptimizerResult): string[] {
  const { title, trials, finished, diverged, stopped, failed, interrupted, running, edge, learningRates } =
    optimizer;
  if (trials === 0) return [];
  const found: string[] = [];
  if (diverged === trials) found.push(`Every trial of ${title} diverged: try lower learning rates.`);
  else if (finished === 0 && running === 0)
    found.push(`No trial of ${title} finished, so it has no place in the ranking.`);
  const best = results.trials.find(({ id }) => id === optimizer.best);
  if (best && edge) {
    const rate = formatLearningRate(learningRateOf(best));
    found.push(
      `${title} did best at ${rate}, the ${edge} learning rate tried: ${edge === 'lowest' ? 'a lower' : 'a higher'} one may do better, so its loss is an upper bound.`,
    );
  }
  if (best && learningRates === 1)
    found.push(`${title} was tried at one learning rate only, so it is not tuned.`);
  if (best && isUntrained(best.initialValidationLoss, best.finalValidationLoss)) {
    found.push(
      `${title} hardly learned: its validation loss went from ${formatLoss(best.initialValidationLoss)} to ${formatLoss(best.finalValidationLoss)}.`,
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

function isUntrained(initial: number | null, final: number | null): boolean {
  return initial !== null && final !== null && initial - final < 0.1;
}

function trialsOf(count: number, title: string): string {
  return `${count} ${count === 1 ? 'trial' : 'trials'} of ${title}`;
}
