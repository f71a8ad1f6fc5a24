import type { Results } from '../results/results.ts';
import { shortTitleList } from './title-list.ts';

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
    confirmed.length === optimizers.length
      ? ''
      : ` of ${shortTitleList(confirmed.map(({ title }) => title))}`;
  return [
    `The best settings${whose} were chosen with ${named(seedsOf(false))} and trained again with ${named(seedsOf(true))}, which had no part in the choice: losses, tests and curves are over these.`,
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
