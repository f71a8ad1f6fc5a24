import { markdownCell, markdownTable } from '@steepest/run-files';
import { type Results, titleList, toleranceOf, toleratedExcess, widthText } from '@steepest/run-report';
import { holm, mean, pairedDifferences, pairedTest, standardError } from '@steepest/statistics';
import { alpha, bestLosses, titleOf } from './evidence.ts';

/** An optimizer at its best setting, and how it compares with the reference. */
export interface Standing {
  readonly name: string;
  readonly title: string;
  /** Final validation losses by seed; those that confirm the setting, where there are any. */
  readonly losses: ReadonlyMap<number | null, number>;
  /** Its mean; `null` of an optimizer without a setting that every seed finished. */
  readonly loss: number | null;
  /** Mean difference from the reference over common seeds, its standard error, and the p-value of a paired t-test by Holm's method. */
  readonly difference?: { readonly mean: number; readonly error: number | null; readonly p: number | null };
}

/** All optimizers of an experiment, the lowest mean loss first. */
export function standings(results: Results, reference: string): Standing[] {
  const all = results.optimizers.map(({ name, title }) => {
    const losses = bestLosses(results, name);
    return { name, title, losses, loss: losses.size > 0 ? mean([...losses.values()]) : null };
  });
  const against = all.find(({ name }) => name === reference)?.losses ?? new Map();
  const compared = all.map(({ name, losses }) =>
    name === reference ? [] : pairedDifferences(losses, against),
  );
  const corrected = holm(compared.map((differences) => pairedTest(differences)?.p ?? null));
  return all
    .map((standing, index): Standing => {
      const differences = compared[index]!;
      if (differences.length === 0) return standing;
      const error = standardError(differences);
      return { ...standing, difference: { mean: mean(differences), error, p: corrected[index]! } };
    })
    .sort((a, b) => (a.loss ?? Number.MAX_VALUE) - (b.loss ?? Number.MAX_VALUE));
}

/** The standings as a table of Markdown. */
export function lossTable(results: Results, ranking: readonly Standing[], reference: string): string {
  const title = titleOf(results, reference);
  const key = results.sweeps[0]?.key;
  const heads = [
    ...['optimizer', 'loss', 'seeds', `vs ${title}`, 'p'],
    ...(key === undefined ? [] : [`best \`${key}\``, `half-decades within ${toleratedExcess}`]),
    'state, bytes per parameter',
  ];
  const rows = ranking.map((standing) => {
    const { name, losses, loss, difference } = standing;
    return [
      markdownCell(standing.title),
      loss === null ? '–' : withError(loss, standardError([...losses.values()])),
      String(losses.size),
      differenceText(standing),
      difference?.p == null ? '–' : probability(difference.p),
      ...(key === undefined ? [] : widthCells(results, name)),
      stateBytes(results, name),
    ];
  });
  return markdownTable(heads, rows, { right: (column) => column > 0, padded: false });
}

/** The mean difference from the reference with its standard error; a dash where there is none. */
export function differenceText({ difference }: Pick<Standing, 'difference'>): string {
  if (difference === undefined) return '–';
  return `${difference.mean < 0 ? '' : '+'}${withError(difference.mean, difference.error)}`;
}

/** What the table says in sentences: who is lower than the reference, who higher, and of whom the seeds cannot tell. */
export function tableSentences(ranking: readonly Standing[], title: string): string {
  const tested = ranking.filter(({ difference }) => difference?.p != null);
  if (tested.length === 0) return `No difference from ${title} could be tested: it takes two common seeds.`;
  const is = (sign: -1 | 1) =>
    tested.filter(({ difference }) => difference!.p! < alpha && Math.sign(difference!.mean) === sign);
  const groups = [
    [`lower than ${title}`, is(-1)],
    [`higher than ${title}`, is(1)],
    [`not told apart from ${title}`, tested.filter(({ difference }) => difference!.p! >= alpha)],
  ] as const;
  const sentences = groups.map(
    ([what, own]) =>
      `${capital(what)}: ${own.length === 0 ? 'none' : markdownCell(titleList(own.map((one) => one.title)))}.`,
  );
  return `Of ${tested.length} optimizers, at a probability of ${alpha} for any error among all these comparisons (paired t-tests, Holm's method): ${sentences.join(' ')}`;
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const withError = (value: number, error: number | null): string =>
  `${value.toFixed(3)}${error === null ? '' : ` ± ${error.toFixed(3)}`}`;

const probability = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

function widthCells({ sweeps }: Results, name: string): [string, string] {
  const [sweep] = sweeps;
  const curve = sweep!.curves.find(({ optimizer }) => optimizer === name);
  const tolerance = curve === undefined ? undefined : toleranceOf(curve, sweep!.key);
  const best = curve?.optimum ?? null;
  return [best === null ? '–' : String(best), tolerance === undefined ? '–' : widthText(tolerance)];
}

function stateBytes({ optimizers, trials }: Results, name: string): string {
  const best = optimizers.find((one) => one.name === name)?.best;
  const bytes = trials.find(({ id }) => id === best)?.stateBytesPerParameter ?? null;
  return bytes === null ? '–' : String(Number(bytes.toPrecision(3)));
}
