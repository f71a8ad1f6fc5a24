import { formatLoss, formatSettings } from '../number-format.ts';
import type { OptimizerResult, Results } from '../results/results.ts';
import { missingTrials } from '../results/trial-counts.ts';
import { ranked } from '../statistics/selection.ts';
import { unusualSettings, usualSettings } from '../statistics/usual-settings.ts';
import { aboutOptimizer, aboutSeveral } from './optimizer-warnings.ts';
import { differentThreads, takenFromElsewhere, unevenTimes } from './timing-warnings.ts';
import { listedTitle, mostListed, shortTitleList } from './title-list.ts';
import { withoutWinner } from './winner.ts';

/**
 * What a reader must know before believing this ranking: empty for a comparison with nothing to warn of.
 * @param options.ofPairs Whether the test of all pairs is spoken of, which a page with a test of its own leaves out
 */
export function warnings(
  results: Results,
  { ofPairs = true }: { readonly ofPairs?: boolean } = {},
): string[] {
  return [
    ...unfairness(results, ofPairs),
    ...results.optimizers.flatMap((optimizer) => aboutOptimizer(results, optimizer)),
    ...aboutSeveral(results),
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
  const others = [...titles].map(([text, named]) => `${shortTitleList(named)}: ${text}`);
  return ` (${[formatSettings(usual), ...others].join('; ')})`;
}

function unfairness(results: Results, ofPairs: boolean): string[] {
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
  if (absent.length > 0) found.push(`No trial has started yet for ${shortTitleList(absent)}.`);
  const without = withoutWinner(results);
  if (without !== undefined) found.push(without);
  found.push(...untested(results));
  found.push(...belowNgrams(results));
  const close = ofPairs ? notSeparated(results) : undefined;
  if (close !== undefined) found.push(close);
  found.push(...takenFromElsewhere(results));
  found.push(...differentThreads(results));
  const uneven = unevenTimes(results);
  if (uneven) found.push(uneven);
  return found;
}

/** How many settings each has; of many optimizers, those with one number together. */
function settingCounts(optimizers: readonly OptimizerResult[]): string {
  if (optimizers.length <= mostListed)
    return optimizers.map(({ title, settings }) => `${listedTitle(title)} ${settings}`).join(', ');
  const counts = [...new Set(optimizers.map(({ settings }) => settings))].sort((a, b) => a - b);
  return counts
    .map((count) => {
      const own = optimizers.filter(({ settings }) => settings === count);
      return `${count}: ${shortTitleList(own.map(({ title }) => title))}`;
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
  const names = shortTitleList(
    weak.map(({ title, finalValidationLoss }) => `${title} (${formatLoss(finalValidationLoss)})`),
  );
  return [
    weak.length === placed.length
      ? `No model is ${ngramMargin} nats better than a table of which token follows which: ${counts}. The runs are too short, or the settings too poor, to say how optimizers train language models.`
      : `${names} ended less than ${ngramMargin} nats below a table of which token follows which, or above it: ${counts}.`,
  ];
}

/** What takes no part in the test of significance, and why. */
function untested({ optimizers, significance, repeated }: Results): string[] {
  const titleOf = (name: string) => optimizers.find((one) => one.name === name)?.title ?? name;
  const found = significance.copies.map(
    ({ name, of }) =>
      `The trials of ${listedTitle(titleOf(name))} have the same seeds and losses as those of ${listedTitle(titleOf(of))}, but for rounding: they are one result, or two names of one update rule, and count as evidence once.`,
  );
  if (repeated.length > 0) {
    found.push(
      `${repeated.length} ${repeated.length === 1 ? 'trial repeats' : 'trials repeat'} the optimizer, settings and seed of another and ${repeated.length === 1 ? 'is' : 'are'} left out: ${repeated.slice(0, 5).join(', ')}${repeated.length > 5 ? ', …' : ''}.`,
    );
  }
  const { tooFewSeeds, pairs } = significance;
  if (tooFewSeeds.length > 0) {
    found.push(
      `Fewer than two seeds of the best setting finished for ${shortTitleList(tooFewSeeds.map(titleOf))}, so no difference from the others is tested.`,
    );
  }
  const placed = optimizers.filter(({ finalValidationLoss }) => finalValidationLoss !== null);
  const able = placed.length - significance.copies.length - tooFewSeeds.length;
  const untestedPairs = (able * (able - 1)) / 2 - pairs.length;
  if (able > 1 && untestedPairs > 0 && optimizers.some(({ seeds }) => seeds > 1)) {
    const which =
      pairs.length === 0 ? 'No difference is tested' : `${untestedPairs} of the differences are not tested`;
    found.push(
      `${which}: the optimizers have fewer than two finished seeds in common, or differ by the same at each.`,
    );
  }
  return found;
}

/** The optimizers that the test does not tell from the best. */
function notSeparated(results: Results): string | undefined {
  const [first] = ranked(results.optimizers).filter(
    ({ finalValidationLoss }) => finalValidationLoss !== null,
  );
  if (!first) return undefined;
  const { pairs } = results.significance;
  const close = pairs.flatMap((pair) => {
    if (pair.significant || (pair.first !== first.name && pair.second !== first.name)) return [];
    const other = pair.first === first.name ? pair.second : pair.first;
    return results.optimizers.find(({ name }) => name === other)?.title ?? other;
  });
  return close.length > 0
    ? `The difference between ${first.title} and ${shortTitleList(close)} is not significant over these seeds${pairs.length === 1 ? '' : `, corrected for all ${pairs.length} pairs`}.`
    : undefined;
}
