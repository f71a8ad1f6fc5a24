import { nearestName } from '@steepest/run-files';
import {
  formatNumber,
  type Law,
  laws,
  type PublishedLaw,
  publishedLaws,
  type QuerySpec,
} from '@steepest/scaling-laws';
import { UsageError } from '../frame.ts';
import { printJson, printLines } from './output.ts';
import { drawTable, wrapped } from './text-table.ts';

/** Prints all laws, or everything about one. */
export function listCommand(name: string | undefined, { json = false }: { readonly json?: boolean }): void {
  const chosen = { fitted: named(laws, name), published: named(publishedLaws, name) };
  if (name !== undefined && chosen.fitted.length + chosen.published.length === 0) {
    const names = [...laws, ...publishedLaws].map((law) => law.name);
    throw new UsageError(
      `list: there is no law named "${name}", did you mean "${nearestName(name, names)}"?`,
    );
  }
  if (json) {
    printJson(chosen);
    return;
  }
  const lines =
    name === undefined
      ? overview()
      : [...chosen.fitted.flatMap(fittedLines), ...chosen.published.flatMap(publishedLines)];
  printLines(lines);
}

function named<Named extends { readonly name: string }>(all: readonly Named[], name: string | undefined) {
  return name === undefined ? all : all.filter((law) => law.name === name);
}

function overview(): string[] {
  const rows = (all: readonly { readonly name: string; readonly title: string; readonly source: string }[]) =>
    all.map(({ name, title, source }) => [name, `${title}\n${source.split(', ').slice(0, 2).join(', ')}`]);
  return [
    'Laws to fit on runs: fit <runs> --law <name>',
    drawTable({ head: ['law', 'of'], rows: rows(laws) }),
    '',
    'Published laws, with constants: predict <name>, suggest <name>',
    drawTable({ head: ['law', 'of'], rows: rows(publishedLaws) }),
    '',
    'list <law> shows the formula, columns, options and questions of one',
  ];
}

/** What a law takes of folders of runs, where it does not take the end of those that finished. */
function rowsOf({ points = 'final', status = 'finished' }: Law): string[] {
  return [
    ...(points === 'final' ? [] : [`of run folders: every ${points} loss, as with --points ${points}`]),
    ...(status === 'finished' ? [] : ['of run folders: those that diverged too, as with --status all']),
  ];
}

function fittedLines(law: Law): string[] {
  const { title, formula, source, columns, options, queries, suggestions } = law;
  const asked = (head: string, specs: readonly QuerySpec[] = []) =>
    specs.length === 0
      ? []
      : [
          '',
          drawTable({
            head: [head, '', 'meaning'],
            rows: specs.map(({ name, meaning, required = true }) => [
              name,
              required ? '' : 'optional',
              meaning,
            ]),
          }),
        ];
  return [
    `${wrapped(title)}\n${wrapped(formula)}\n${wrapped(source)}\n`,
    drawTable({
      head: ['column', '', 'also as', 'meaning'],
      rows: columns.map(({ name, required = true, aliases = [], meaning }) => [
        name,
        required ? '' : 'optional',
        aliases.join(', '),
        meaning,
      ]),
    }),
    ...rowsOf(law),
    ...(options.length === 0
      ? []
      : [
          '',
          drawTable({
            head: ['--option', 'default', 'meaning'],
            rows: options.map(({ name, default: value, choices, meaning }) => [
              name,
              value === undefined ? '' : String(value),
              choices ? `${meaning}: ${choices.join(' or ')}` : meaning,
            ]),
          }),
        ]),
    ...asked('predict', queries),
    ...asked('suggest', suggestions),
  ];
}

function publishedLines({
  title,
  formula,
  source,
  rangeSource,
  conventions,
  queries,
  outputs,
}: PublishedLaw): string[] {
  return [
    `\n${wrapped(`${title} (published)`)}\n${wrapped(formula)}\n${wrapped(source)}\n`,
    drawTable({
      head: ['input', 'from', 'to', 'meaning'],
      rows: queries.map(({ name, low, high, meaning }) => [
        name,
        formatNumber(low, 3),
        formatNumber(high, 3),
        meaning,
      ]),
    }),
    wrapped(`range: ${rangeSource}`),
    ...Object.entries(conventions).map(([name, convention]) => `counts ${name} ${convention}`),
    ...Object.entries(outputs).map(([name, meaning]) => `returns ${name}: ${meaning}`),
  ];
}
