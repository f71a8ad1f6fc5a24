import { decayPerStep, largeDecay } from '@steepest/experiments';
import { formatLearningRate, formatLoss, formatSettings } from '../number-format.ts';
import type { GridEdge, OptimizerResult, Results, TrialResult } from '../results/results.ts';
import { missingTrials } from '../results/trial-counts.ts';
import { bestJudged, ranked, shownTrial } from '../statistics/selection.ts';
import { unusualSettings, usualSettings } from '../statistics/usual-settings.ts';

/** What a reader must know before believing this ranking: empty for a comparison with nothing to warn of. */
export function warnings(results: Results): string[] {
  return [
    ...unfairness(results),
    ...results.optimizers.flatMap((optimizer) => aboutOptimizer(results, optimizer)),
    ...aboutSeveral(results),
  ];
}

/** How the numbers came about and what they can carry, for every comparison. */
export function readingNotes(results: Results): string[] {
  const severalSeeds = results.optimizers.some(({ seeds }) => seeds > 1);
  return [
    'Each optimizer is represented by its best setting: the one with the lowest validation loss at the end of the decayed learning-rate schedule. Losses in the middle of a schedule say little about its end, so curves that cross on the way are not ranked by where they cross.',
    severalSeeds
      ? `Losses are means over the seeds of a setting, ± is the standard deviation (n - 1). Two optimizers count as different by one rule: ${results.significance.rule}`
      : 'Every setting ran with one seed, so small differences mean nothing: another seed may reverse neighbors in the ranking. Repeat the closest ones with several seeds before preferring one.',
    ...confirmedNote(results),
    'The same validation sequences score the selection and the ranking, which flatters every optimizer a little, and more the more settings it was given.',
    'Loss is the mean cross-entropy in nats per token; perplexity is its exponential. Both depend on the tokenizer and compare only within one experiment.',
    'A diverged trial is a result: it shows how large a learning rate an optimizer tolerates. It has no final loss and is never selected; neither is one that the tuning stopped early as hopeless.',
    "Steps to the baseline's loss are read off the validation curve of the best setting, linear between evaluations. Inside a schedule that still decays they are an upper bound: a schedule made for fewer steps may get there sooner.",
    "FLOPs are those of the model's forward and backward pass with attention; what the optimizer computes is in its milliseconds.",
    'ms/step is the median over a trial, and seconds count training only, not evaluation. Trials that ran side by side shared the machine, so compare times with each other rather than with another machine.',
    'Results hold for this model, data and length of training; optimizers may change places at another size.',
  ];
}

/** What most optimizers have in common beside their own settings, and which have something else. */
function whichDiffer(results: Results): string {
  const usual = usualSettings(results);
  if (Object.keys(usual).length === 0) return '';
  const titles = new Map<string, string[]>();
  for (const { name, title } of results.optimizers) {
    const own = results.trials
      .filter(({ optimizer }) => optimizer === name)
      .flatMap((trial) => Object.entries(unusualSettings(trial, usual)).filter(([key]) => key in usual))
      .map(([key, value]) => formatSettings({ [key]: value }));
    const text = [...new Set(own)].join(', ');
    if (text !== '') titles.set(text, [...(titles.get(text) ?? []), title]);
  }
  const others = [...titles].map(([text, named]) => `${listed(named)}: ${text}`);
  return ` (${[formatSettings(usual), ...others].join('; ')})`;
}

/** Which seeds chose and which judged, where they are not the same. */
function confirmedNote({ trials, optimizers }: Results): string[] {
  const confirmed = optimizers.filter(({ best }) =>
    trials.some(({ id, confirmation }) => id === best && confirmation === true),
  );
  if (confirmed.length === 0) return [];
  const seedsOf = (confirming: boolean) =>
    [
      ...new Set(
        trials.flatMap(({ seed, confirmation }) =>
          (confirmation === true) === confirming && seed !== null ? [seed] : [],
        ),
      ),
    ]
      .sort((a, b) => a - b)
      .join(', ');
  const named = (seeds: string) => (seeds.includes(',') ? `seeds ${seeds}` : `seed ${seeds}`);
  const whose =
    confirmed.length === optimizers.length ? '' : ` of ${listed(confirmed.map(({ title }) => title))}`;
  return [
    `The best settings${whose} were chosen with ${named(seedsOf(false))} and trained again with ${named(seedsOf(true))}, which had no part in the choice: losses, tests and curves are over these.`,
  ];
}

function unfairness(results: Results): string[] {
  const found: string[] = [];
  const { differing } = results.shared;
  if (differing.length > 0) {
    found.push(
      `The optimizers do not share the same ${differing.join(', ')}${whichDiffer(results)}: what separates their losses may be that, not the optimizer.`,
    );
  }
  const counts = results.optimizers.filter(({ settings }) => settings > 0).map(({ settings }) => settings);
  if (new Set(counts).size > 1) {
    const each = settingCounts(results.optimizers);
    found.push(
      `The optimizers were given different numbers of settings (${each}): more tries find a lower loss.`,
    );
  }
  found.push(...unrecorded(results));
  const absent = results.optimizers.filter(({ trials }) => trials === 0).map(({ title }) => title);
  if (absent.length > 0) found.push(`No trial has started yet for ${listed(absent)}.`);
  const without = withoutWinner(results);
  if (without !== undefined) found.push(without);
  found.push(...untested(results));
  found.push(...belowNgrams(results));
  const close = notSeparated(results);
  if (close) found.push(close);
  found.push(...differentThreads(results));
  const uneven = unevenTimes(results);
  if (uneven) found.push(uneven);
  return found;
}

/** A sentence lists no more names than this: of more it gives half as many, and says how many there are. The tables have all. */
const mostListed = 8;

/** How many settings each has; of many optimizers, those with one number together. */
function settingCounts(optimizers: readonly OptimizerResult[]): string {
  if (optimizers.length <= mostListed)
    return optimizers.map(({ title, settings }) => `${title} ${settings}`).join(', ');
  const counts = [...new Set(optimizers.map(({ settings }) => settings))].sort((a, b) => a - b);
  return counts
    .map((count) => {
      const own = optimizers.filter(({ settings }) => settings === count);
      return `${count}: ${listed(own.map(({ title }) => title))}`;
    })
    .join('; ');
}

/** Trials that were planned and left no trace; while others run, the progress tells of them. */
function unrecorded(results: Results): string[] {
  const { trials, plannedTrials } = results;
  const missing = missingTrials(results);
  if (missing === 0 || trials.length === 0 || trials.some(({ status }) => status === 'running')) return [];
  return [
    `Of ${plannedTrials} trials that were planned, ${missing} ${missing === 1 ? 'was' : 'were'} never recorded: they have not begun, or their folders are gone. Nothing here counts them.`,
  ];
}

/** Says that no optimizer is named the best, and why; `undefined` where one is. */
export function withoutWinner(results: Results): string | undefined {
  const reason = noWinner(results);
  return reason === undefined ? undefined : `No optimizer is named the best: ${reason}`;
}

/**
 * Why the lowest mean loss makes no optimizer the best one; `undefined` when it does: means over other seeds, other text or
 * other tokens do not compare.
 */
export function noWinner({ optimizers, trials, shared }: Results): string | undefined {
  const placed = optimizers.filter(({ finalValidationLoss }) => finalValidationLoss !== null);
  if (placed.length < 2) return undefined;
  const unlike = ['data', 'text', 'evaluation'].filter((group) => shared.differing.includes(group));
  if (unlike.length > 0) {
    return `they were not evaluated on the same text (${unlike.join(', ')} differ), so their losses do not compare.`;
  }
  const best = placed.map(({ name }) => bestJudged(trials, name).map(({ trial }) => trial));
  const vocabularies = new Set(best.flatMap(([trial]) => trial?.vocabularySize ?? []));
  if (vocabularies.size > 1) {
    return `their tokenizers differ (${[...vocabularies].join(' and ')} tokens), so their losses do not compare.`;
  }
  const [first] = ranked(placed);
  if (vocabularies.size === 1 && isGuess(first!.finalValidationLoss!, [...vocabularies][0]!)) {
    return 'none of them learned more than to guess.';
  }
  const seeds = best.map((finished) =>
    finished
      .map(({ seed }) => seed ?? 0)
      .sort((a, b) => a - b)
      .join(', '),
  );
  if (new Set(seeds).size === 1) return undefined;
  const each =
    placed.length <= mostListed
      ? placed.map(({ title }, index) => `${title} ${seeds[index]}`)
      : [...new Set(seeds)].map(
          (own) => `${own}: ${listed(placed.flatMap(({ title }, at) => (seeds[at] === own ? [title] : [])))}`,
        );
  return `they finished with different seeds (${each.join('; ')}), between which losses scatter.`;
}

/** By how much a model that has learned more than which token follows another beats the counts of just that, in nats per token. */
const ngramMargin = 0.3;

/** Models that know little more than a table of counts: differences between them say nothing of how language models train. */
function belowNgrams({ baselines, optimizers }: Results): string[] {
  if (baselines === null) return [];
  const placed = optimizers.filter(({ finalValidationLoss }) => finalValidationLoss !== null);
  const { bigram } = baselines;
  const weak = placed.filter(({ finalValidationLoss }) => finalValidationLoss! > bigram - ngramMargin);
  if (weak.length === 0) return [];
  const counts = `bigram counts on the same training text predict the validation text with a loss of ${formatLoss(bigram)}`;
  const names = listed(
    weak.map(({ title, finalValidationLoss }) => `${title} (${formatLoss(finalValidationLoss)})`),
  );
  return [
    weak.length === placed.length
      ? `No model is ${ngramMargin} nats better than a table of which token follows which: ${counts}. The runs are too short, or the settings too poor, to say how optimizers train language models.`
      : `${names} ended less than ${ngramMargin} nats below a table of which token follows which, or above it: ${counts}.`,
  ];
}

/** Training tokens per parameter of Hoffmann et al.'s (2022) compute-optimal runs. */
const optimalTokensPerParameter = 20;

/** How long training was for the model's size, in one sentence; `undefined` where the model is not known. */
export function regime({ trials, optimizers }: Results): string | undefined {
  const shown = trials.filter(({ id }) => optimizers.some(({ best }) => best === id));
  const ratios = shown.flatMap(({ tokens, blockParameters }) =>
    tokens === null || blockParameters === null || blockParameters === 0 ? [] : [tokens / blockParameters],
  );
  const [reference] = shown;
  if (ratios.length === 0 || reference?.parameters == null) return undefined;
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  const range =
    least.toPrecision(2) === most.toPrecision(2) ? ratio(most) : `${ratio(least)} to ${ratio(most)}`;
  const outside = Math.round(100 * (1 - reference.blockParameters! / reference.parameters));
  const length =
    most < optimalTokensPerParameter / 2
      ? 'far fewer than the 20 or so that are compute-optimal (Hoffmann et al. 2022), so that this is how optimizers begin, not how they train a model'
      : least > 2 * optimalTokensPerParameter
        ? 'more than the 20 or so that are compute-optimal (Hoffmann et al. 2022), as models for use are trained'
        : 'about the 20 that are compute-optimal (Hoffmann et al. 2022)';
  return `Each trial reads ${range} tokens per parameter of the blocks, ${length}; embedding and head hold ${outside} % of the parameters.`;
}

function ratio(value: number): string {
  return value < 10 ? value.toPrecision(2) : value.toFixed(0);
}

/** What takes no part in the test of significance, and why. */
function untested({ optimizers, significance, repeated }: Results): string[] {
  const titleOf = (name: string) => optimizers.find((one) => one.name === name)?.title ?? name;
  const found = significance.copies.map(
    ({ name, of }) =>
      `The trials of ${titleOf(name)} have the same seeds and losses as those of ${titleOf(of)}, to the last digit. They are one result, and count as evidence once.`,
  );
  if (repeated.length > 0) {
    found.push(
      `${repeated.length} ${repeated.length === 1 ? 'trial repeats' : 'trials repeat'} the optimizer, settings and seed of another and ${repeated.length === 1 ? 'is' : 'are'} left out: ${repeated.slice(0, 5).join(', ')}${repeated.length > 5 ? ', …' : ''}.`,
    );
  }
  const { tooFewSeeds, pairs } = significance;
  if (tooFewSeeds.length > 0) {
    found.push(
      `Fewer than two seeds of the best setting finished for ${listed(tooFewSeeds.map(titleOf))}, so no difference from the others is tested.`,
    );
  }
  const several = optimizers.filter(({ seeds }) => seeds > 1).length > 1;
  if (several && pairs.length === 0 && significance.copies.length === 0) {
    found.push('No difference is tested: the optimizers have fewer than two finished seeds in common.');
  }
  return found;
}

/** Whose times do not compare with the others', since the trials worked on other numbers of threads. */
function differentThreads({ optimizers, trials }: Results): string[] {
  const shown = new Map(optimizers.map(({ best, title }) => [best, title]));
  const told = trials.flatMap(({ id, threads }) => (shown.has(id) && threads ? [{ id, threads }] : []));
  const titles = (some: typeof told) => listed(some.map(({ id }) => shown.get(id)!));
  const found: string[] = [];
  const counts = [...new Set(told.map(({ threads }) => threads.least))].sort((a, b) => a - b);
  if (counts.length > 1) {
    const groups = counts.map((count) => {
      const group = told.filter(({ threads }) => threads.least === count);
      return `${count} for ${titles(group)}`;
    });
    found.push(
      `The trials shown did not work on the same number of threads (${groups.join('; ')}), so ms/step, tokens/s and seconds are not comparable.`,
    );
  }
  const helped = told.filter(({ threads }) => threads.most > threads.least);
  if (helped.length > 0) {
    found.push(
      `${titles(helped)} worked on more threads in some steps, on cores that other trials had left or when continued with another number, so their tokens/s and seconds are not comparable; ms/step leaves those steps out. \`--threads 1\` keeps every trial on one thread.`,
    );
  }
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
    ? `The model's part of a step took ${factor.toFixed(1)} times as long in one of the trials shown as in another, for the same work: the machine was also doing other work, so ms/step, tokens/s and seconds are not comparable.`
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
    ? `The difference between ${first.title} and ${listed(close)} is not significant over these seeds.`
    : undefined;
}

function aboutOptimizer(results: Results, optimizer: OptimizerResult): string[] {
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

/** Share of a guess's loss from which on a model has learned next to nothing. */
const guessing = 0.95;

function isGuess(loss: number, vocabularySize: number): boolean {
  return loss >= guessing * Math.log(vocabularySize);
}

/** What is often true of several optimizers, and then is said once. */
function aboutSeveral(results: Results): string[] {
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
      `${listed(losses)} learned next to nothing: guessing among ${size} tokens has a loss of ln ${size} = ${formatLoss(guess)}. The learning rate, the weight decay or the length of training does not suit, and the rank says nothing about the optimizer.`,
    );
  }
  const undecayed = placed.flatMap(({ optimizer, best }) => {
    const left = best.resolved?.decayLeftOut;
    if (left === undefined) return [];
    return [`${optimizer.title} (${formatSettings(left.weightDecay)} ${left.weightDecayMode})`];
  });
  if (undecayed.length > 0) {
    found.push(
      `${listed(undecayed)} ran without weight decay, as every optimizer here does unless told; its own default is in parentheses.`,
    );
  }
  return found;
}

function titles(all: readonly { readonly optimizer: OptimizerResult }[]): string {
  return listed(all.map(({ optimizer }) => optimizer.title));
}

/** Titles one after the other, which may hold commas themselves. */
function listed(names: readonly string[]): string {
  const quoted = names.map((name) => (name.includes(',') ? `“${name}”` : name));
  if (names.length <= mostListed) return quoted.join(', ');
  const shown = quoted.slice(0, mostListed / 2);
  return `${shown.join(', ')} and ${names.length - shown.length} more`;
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
