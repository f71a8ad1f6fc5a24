import type { TrialOrigin } from '@steepest/experiments';
import type { Results } from '../results/results.ts';
import { shortTitleList } from './title-list.ts';

/** Whose times do not compare with the others', since the trials worked on other numbers of threads. */
export function differentThreads({ optimizers, trials }: Results): string[] {
  const shown = new Map(optimizers.map(({ best, title }) => [best, title]));
  const told = trials.flatMap(({ id, threads }) => (shown.has(id) && threads ? [{ id, threads }] : []));
  const titles = (some: typeof told) => shortTitleList(some.map(({ id }) => shown.get(id)!));
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
export function unevenTimes({ optimizers, trials }: Results): string | undefined {
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

/** Numbers that this run did not make. */
export function takenFromElsewhere({ trials }: Results): string[] {
  const sources = new Map<string, { readonly from: TrialOrigin; count: number }>();
  for (const { takenFrom: from } of trials) {
    if (from === undefined) continue;
    const key = JSON.stringify(from);
    const source = sources.get(key);
    if (source === undefined) sources.set(key, { from, count: 1 });
    else source.count += 1;
  }
  if (sources.size === 0) return [];
  const said = [...sources.values()].map(({ from: { results, date, machine }, count }) => {
    const where =
      machine === null
        ? 'an unknown machine'
        : `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`;
    return `${count} from results of ${results} (${where}${date === null ? '' : `, ${date.slice(0, 10)}`})`;
  });
  const taken = [...sources.values()].reduce((sum, { count }) => sum + count, 0);
  return [
    `Of ${trials.length} trials, ${taken} ${taken === 1 ? 'was' : 'were'} not trained in this run but taken from elsewhere: ${said.join(', ')}. Their losses compare with the others; ms/step, tokens/s and seconds do not, unless the machine is the same and was as free.`,
  ];
}
