import { markdownCell, markdownTable } from '@steepest/run-files';
import { isComplete, isOver, type Results, regime, warnings } from '@steepest/run-report';
import { type Claim, claims } from './claims.ts';
import { effectiveRates } from './effective-rates.ts';
import { type Judgement, rule, titleOf } from './evidence.ts';
import { lossTable, standings, tableSentences } from './loss-table.ts';
import { anchorOf, type Section, sectionOf, sections, studyExperiments } from './sections.ts';

/** What the page knows of an experiment: its results, and the figures beside them. */
export interface Published {
  readonly results: Results;
  readonly figures: readonly PublishedFigure[];
}

/** A figure as an SVG file, and perhaps as a PNG file of the same name. */
interface PublishedFigure {
  readonly name: string;
  readonly hasPng: boolean;
}

/**
 * The results of the comparison as a page of Markdown, a section for each question: setting, figures, losses, what they say of published
 * claims, and what to know before relying on it. It quotes results only; an experiment that was not run has no section.
 *
 * @param published By the name of the experiment
 */
export function studyPage(published: ReadonlyMap<string, Published>): string {
  const shown = sections.filter(({ experiment }) => published.has(experiment));
  const judged = claims.map((claim) => {
    const own = published.get(claim.experiment);
    return { claim, ...(own === undefined ? withoutEvidence('not run') : judgement(claim, own.results)) };
  });
  return `# Results

${limits(shown.map(({ experiment }) => published.get(experiment)!.results))} Written by \`npm run bench -- study --page\` from the numbers beside it: each
section names its trials, from which \`npm run bench -- report benchmarks/lm-comparison/results/<experiment>\` makes the full report with every
trial, curve and test. [PROTOCOL.md](../PROTOCOL.md) fixes the rules of the runs.${withoutPng(shown.flatMap(({ experiment }) => published.get(experiment)!.figures))}

## Claims and verdicts

${table(
  ['claim', 'source', 'section', 'tokens per parameter, embedding included', 'verdict'],
  judged.map((one) => verdictRow(one, published)),
  (column) => column === 3,
)}

${rule}

${shown.map((section) => sectionText(section, published.get(section.experiment)!, judged)).join('\n\n')}

## Runs

${table(
  [
    ...['experiment', 'model', 'trials', 'seeds', 'diverged', 'failed or stopped'],
    ...['backend', 'machine', 'date'],
  ],
  shown.map(({ experiment }) => runRow(experiment, published.get(experiment)!.results)),
)}
`;
}

/** What a half of an experiment says, its other half could turn round. */
function judgement(claim: Claim, results: Results): Judgement {
  return isComplete(results) ? claim.judge(results) : withoutEvidence('in progress');
}

function withoutEvidence(verdict: Judgement['verdict']): Judgement {
  return { verdict, evidence: '' };
}

const table = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean = () => false,
): string => markdownTable(head, rows, { right, padded: false });

/** Says of how many figures there is no PNG file, if of any. */
function withoutPng(figures: readonly PublishedFigure[]): string {
  const { length } = figures.filter(({ hasPng }) => !hasPng);
  if (length === 0) return '';
  return ` ${length} of ${figures.length} figures are here as SVG alone, drawn where the rasterizer of PNG files was not installed.`;
}

/** What the numbers of a table of losses are. */
const tableNote =
  'Losses and differences: mean ± standard error over seeds, differences paired by seed. The tables in `figures` have standard deviations ' +
  'instead, and differences from the baseline of the report, Adam where it ran.';

/** How verdicts and the sentences about the table go together. */
const claimNote =
  'Claims are tested one by one, without the correction for all comparisons of the table, so that a claim may be supported where the ' +
  'table does not tell its optimizers apart. [PROTOCOL.md](../PROTOCOL.md) says when each was written and what was known then.';

type Judged = Judgement & { readonly claim: Claim };

function limits(all: readonly Results[]): string {
  const numbers = (of: (trial: Results['trials'][number]) => number | null) =>
    all.flatMap(({ trials }) => trials.flatMap((trial) => of(trial) ?? []));
  const most = (values: readonly number[]) =>
    values.reduce((a, b) => Math.max(a, b), 0).toLocaleString('en-US');
  return `These are models of at most ${most(numbers(({ parameters }) => parameters))} parameters that read at most ${most(numbers(({ tokens }) => tokens))} tokens: orderings at sizes of use may differ.`;
}

function verdictRow({ claim, verdict }: Judged, published: ReadonlyMap<string, Published>): string[] {
  const trials = published.get(claim.experiment)?.results.trials ?? [];
  const [ratio] = trials.flatMap(({ tokens, parameters, status }) =>
    status === 'finished' && tokens !== null && parameters !== null ? [tokens / parameters] : [],
  );
  const shown = ratio === undefined ? '–' : String(Number(ratio.toPrecision(2)));
  return [claim.text, claim.source, sectionLink(claim, published), shown, verdict];
}

function sectionLink({ experiment }: Claim, published: ReadonlyMap<string, Published>): string {
  const section = sectionOf(experiment);
  if (section === undefined) return '–';
  if (!published.has(experiment)) return section.title;
  return `[${section.title}](#${anchorOf(section)})`;
}

function sectionText(
  { experiment, title, question }: Section,
  own: Published,
  judged: readonly Judged[],
): string {
  const { results, figures } = own;
  if (!isComplete(results)) {
    return [`## ${title}`, question, progress(experiment, results)].join('\n\n');
  }
  const reference = referenceOf(results);
  const referenceTitle = titleOf(results, reference);
  const ranking = standings(results, reference);
  const ours = judged.filter(({ claim }) => claim.experiment === experiment);
  const parts = [
    `## ${title}`,
    question,
    `**Setting.** ${setting(results)}`,
    ...figures.map((figure) => figureText(experiment, figure)),
    effectiveRates(results),
    lossTable(results, ranking, reference),
    tableNote,
    `**Answer.** ${tableSentences(ranking, referenceTitle)}`,
    ...(ours.length === 0 ? [] : [claimTable(ours), claimNote]),
    limitsOf(results),
    `Trials: [${experiment}/results.json](${experiment}/results.json), ${results.trials.length} of them.`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function progress(experiment: string, { trials, plannedTrials = 0 }: Results): string {
  const count = (value: number) => value.toLocaleString('en-US');
  const planned = count(Math.max(plannedTrials, trials.length));
  const others = studyExperiments.includes(experiment)
    ? ` \`npm run bench -- study --only ${experiment} --continue\` trains the others.`
    : '';
  return `In progress: ${count(trials.filter(isOver).length)} of at least ${planned} trials are over, in [${experiment}/results.json](${experiment}/results.json), and nothing is said of them before all are.${others}`;
}

/** AdamW where it is in the experiment, as published comparisons have it; else what its report compares with. */
function referenceOf({ optimizers, baseline }: Results): string {
  return optimizers.some(({ name }) => name === 'adamw') ? 'adamw' : (baseline ?? 'adam');
}

function setting(results: Results): string {
  const { experiment, baselines, trials, shared } = results;
  const { size } = (experiment.model ?? {}) as { size?: string };
  const [first] = trials.filter(({ status }) => status === 'finished');
  const count = (value: number | null | undefined) => value?.toLocaleString('en-US') ?? 'unknown';
  const seeds = (confirming: boolean) =>
    [
      ...new Set(
        trials.flatMap(({ seed, confirmation }) => ((confirmation === true) === confirming ? [seed] : [])),
      ),
    ]
      .sort((a, b) => (a ?? 0) - (b ?? 0))
      .join(', ');
  const confirmed = seeds(true);
  const { source } = (shared.data ?? {}) as { source?: string };
  return [
    `Model \`${size}\` of ${count(first?.parameters)} parameters, ${count(first?.tokens)} tokens${source === 'embedded' ? ' of the embedded corpus' : ''} per trial.`,
    regime(results) ?? '',
    baselines === null
      ? 'Counts of n-grams were not recorded.'
      : `Counts of n-grams on the training tokens reach ${baselines.unigram.toFixed(3)} (unigram), ${baselines.bigram.toFixed(3)} (bigram) and ${baselines.trigram.toFixed(3)} (trigram).`,
    confirmed === ''
      ? `${seeds(false).includes(',') ? 'Seeds' : 'One seed:'} ${seeds(false)}.`
      : `Settings were chosen with ${seeds(false).includes(',') ? 'seeds' : 'seed'} ${seeds(false)} and trained again with seeds ${confirmed}, over which all losses are.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function figureText(experiment: string, { name, hasPng }: PublishedFigure): string {
  const caption = captionOf(name);
  const file = `${experiment}/figures/${name}`;
  return `![${caption}](${file}.svg)\n\n*${caption}*${hasPng ? ` ([PNG](${file}.png))` : ''}`;
}

function captionOf(name: string): string {
  if (name === 'final-loss')
    return 'Final validation loss at the best setting: each seed faint, their mean with its number; dashed lines are counts of n-grams.';
  const [, key] = /^sensitivity-(.+)$/.exec(name) ?? [];
  if (key !== undefined)
    return `Final validation loss over ${key}, the other settings at their best for it; a cross is a trial that diverged.`;
  const [, measure] = /^layers-(.+)$/.exec(name) ?? [];
  if (measure !== undefined)
    return `${measure} by role of the parameters, in the best trial of each optimizer.`;
  return `${name.replaceAll('-', ' ')}, at the best setting of each optimizer.`;
}

function claimTable(ours: readonly Judged[]): string {
  return table(
    ['claim', 'verdict', 'losses of both, and their difference'],
    ours.map(({ claim, verdict, evidence }) => [
      `${claim.text} (${claim.source})`,
      `**${verdict}**`,
      evidence,
    ]),
  );
}

function limitsOf(results: Results): string {
  // The table tests differences from its reference, by another correction than that for all pairs.
  const notes = warnings(results, { ofPairs: false });
  return notes.length === 0
    ? ''
    : `**Before you rely on this.**\n\n${notes
        .map(
          (note) =>
            `- ${note
              .split('`')
              .map((part, index) => (index % 2 === 0 ? markdownCell(part) : part))
              .join('`')}`,
        )
        .join('\n')}`;
}

function runRow(name: string, { experiment, trials, backend, machine, date }: Results): string[] {
  const count = (...statuses: string[]) => trials.filter(({ status }) => statuses.includes(status)).length;
  const seeds = new Set(trials.map(({ seed }) => seed)).size;
  const size = (experiment.model as { size?: string } | undefined)?.size ?? '';
  const counts = [trials.length, seeds, count('diverged'), count('failed', 'stopped', 'interrupted')];
  const texts = [backend?.name ?? '', machine?.cpu ?? '', date?.slice(0, 10) ?? ''];
  return [
    `[${name}](${name}/results.json)`,
    ...[markdownCell(size), ...counts.map(String), ...texts.map(markdownCell)],
  ];
}
