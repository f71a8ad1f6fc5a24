import type { Results } from '@steepest/run-report';
import { claims } from './claims.ts';
import { rule } from './evidence.ts';

/** The experiments of the study, in the order of its sections. */
export const studyExperiments: readonly string[] = [
  ...['learning-rate', 'beta1', 'beta2', 'epsilon', 'weight-decay', 'warm-up', 'batch-size'],
  ...['hybrids', 'frozen-adalayer', 'embedding', 'variants', 'layers'],
];

/** What a page says of an experiment that was run. */
export type StudyResults = Pick<Results, 'experiment' | 'trials' | 'backend' | 'machine' | 'date'>;

/**
 * A page of Markdown that says of every claim of the study what the results say of it. It quotes results only: a claim whose
 * experiment was not run is marked so.
 */
export function claimsPage(results: ReadonlyMap<string, StudyResults>): string {
  const rows = claims.map(({ text, experiment, judge }) => {
    const own = results.get(experiment);
    const { verdict, evidence } = own === undefined ? { verdict: 'not run', evidence: '' } : judge(own);
    return `| ${text} | [${experiment}](${experiment}/report.html) | ${verdict} | ${evidence} |`;
  });
  const runs = studyExperiments.flatMap((name) => {
    const own = results.get(name);
    return own === undefined ? [] : [runRow(name, own)];
  });
  return `# The study at this scale

Written by \`npm run bench -- study\` from the results beside it. The claims are those of Zhao et al. 2024, "Deconstructing
What Makes a Good Optimizer for Language Models" (arXiv 2407.07972, second version), made for models of 150 million
parameters and more; a small model and a short run may differ from them without contradicting them.

## Rule

${rule}

## Claims

| claim | experiment | verdict | numbers |
| --- | --- | --- | --- |
${rows.join('\n')}

## Runs

| experiment | model | trials | seeds | diverged | failed or stopped | backend | machine | date |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${runs.join('\n')}
`;
}

function runRow(name: string, { experiment, trials, backend, machine, date }: StudyResults): string {
  const count = (...statuses: string[]) => trials.filter(({ status }) => statuses.includes(status)).length;
  const seeds = new Set(trials.map(({ seed }) => seed)).size;
  const size = (experiment.model as { size?: string } | undefined)?.size ?? '';
  const cells = [
    `[${name}](${name}/report.html)`,
    ...[size, trials.length, seeds, count('diverged'), count('failed', 'stopped', 'interrupted')],
    ...[backend?.name ?? '', machine?.cpu ?? '', date?.slice(0, 10) ?? ''],
  ];
  return `| ${cells.join(' | ')} |`;
}
