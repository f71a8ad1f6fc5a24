import type { Law, QuerySpec } from '../law/law.ts';
import { laws } from '../laws/all-laws.ts';
import { type PublishedLaw, publishedLaws } from '../laws/published/index.ts';
import { nearest } from '../options.ts';
import { formatNumber } from '../report/numbers.ts';
import { printJson } from './json.ts';
import { print } from './output.ts';
import { drawTable } from './text-table.ts';
import { UsageError } from './usage-error.ts';

/** Prints all laws, or everything about one. */
export function listCommand(name: string | undefined, { json = false }: { readonly json?: boolean }): void {
  const chosen = { fitted: named(laws, name), published: named(publishedLaws, name) };
  if (name !== undefined && chosen.fitted.length + chosen.published.length === 0) {
    const names = [...laws, ...publishedLaws].map((law) => law.name);
    throw new UsageError(`list: no law is called "${name}", did you mean "${nearest(name, names)}"?`);
  }
  if (json) {
    printJson(chosen);
    return;
  }
  const lines =
    name === undefined
      ? overview()
      : [...chosen.fitted.flatMap(fittedLines), ...chosen.published.flatMap(publishedLines)];
  for (const line of lines) print(line);
}

function named<Named extends { readonly name: string }>(all: readonly Named[], name: string | undefined) {
  return name === undefined ? all : all.filter((law) => law.name === name);
}

function overview(): string[] {
  return [
    'Laws to fit on runs: fit <runs> --law <name>',
    drawTable({
      head: ['law', 'formula', 'columns'],
      rows: laws.map(({ name, formula, columns }) => [
        name,
        formula.replaceAll('; ', '\n'),
        columns.map((column) => (column.required === false ? `(${column.name})` : column.name)).join(' '),
      ]),
    }),
    '',
    'Published laws, with constants: predict <name>, suggest <name>',
    drawTable({
      head: ['law', 'formula', 'source'],
      rows: publishedLaws.map(({ name, formula, source }) => [
        name,
        formula.replaceAll('; ', '\n'),
        source.split(', ').slice(0, 2).join(', '),
      ]),
    }),
    '',
    'list <law> shows all about one',
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
    `${title}\n${formula}\n${source}\n`,
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
  inputs,
  outputs,
}: PublishedLaw): string[] {
  return [
    `\n${title} (published)\n${formula}\n${source}\n`,
    drawTable({
      head: ['input', 'from', 'to', 'meaning'],
      rows: Object.entries(inputs).map(([name, { low, high, meaning }]) => [
        name,
        formatNumber(low, 3),
        formatNumber(high, 3),
        meaning,
      ]),
    }),
    `range: ${rangeSource}`,
    ...Object.entries(conventions).map(([name, convention]) => `counts ${name} ${convention}`),
    ...Object.entries(outputs).map(([name, meaning]) => `returns ${name}: ${meaning}`),
  ];
}
