import type { Results } from '../results/results.ts';
import { bestJudged, ranked } from '../statistics/selection.ts';
import { mostListed, shortTitleList } from './title-list.ts';

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
          (own) =>
            `${own}: ${shortTitleList(placed.flatMap(({ title }, at) => (seeds[at] === own ? [title] : [])))}`,
        );
  return `they finished with different seeds (${each.join('; ')}), between which losses scatter.`;
}

/** Share of a guess's loss from which on a model has learned next to nothing. */
const guessing = 0.95;

/** Whether a loss is about that of a guess among all tokens. */
export function isGuess(loss: number, vocabularySize: number): boolean {
  return loss >= guessing * Math.log(vocabularySize);
}
