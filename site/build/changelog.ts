import type { Page } from './page.ts';
import { entriesOf, exists, packageFolders, read } from './repository.ts';

/** What changed: the changesets that no release has yet, by package, and the changelog of each package. */
export function changelogPage(): Page {
  const pending = new Map<string, string[]>();
  const files = entriesOf('.changeset').filter((file) => file.endsWith('.md') && file !== 'README.md');
  for (const file of files) {
    for (const { name, summary } of changesOf(file))
      pending.set(name, [...(pending.get(name) ?? []), summary]);
  }
  const next = [...pending]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, summaries]) => `### ${name.replace('@steepest/', '')}\n\n${summaries.map(listItem).join('\n')}`,
    );
  const released = packageFolders()
    .filter((folder) => exists(`${folder}/CHANGELOG.md`))
    .map((folder) =>
      read(`${folder}/CHANGELOG.md`)
        .replaceAll(/^(#+) /gm, '#$1 ')
        .trim(),
    );
  return {
    path: 'changelog',
    title: 'Changelog',
    source: '.changeset/README.md',
    isEdited: false,
    text: ['# Changelog', ...(next.length === 0 ? [] : ['## Next release', ...next]), ...released].join(
      '\n\n',
    ),
  };
}

/** The packages that a changeset names, and what it says of all of them. */
function changesOf(file: string): { name: string; summary: string }[] {
  const [, front, summary] =
    /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(read(`.changeset/${file}`)) ?? refuse(file);
  const names = [...front!.matchAll(/^['"](.+?)['"]: (?:major|minor|patch)$/gm)].map(([, name]) => name!);
  return names.map((name) => ({ name, summary: summary!.trim() }));
}

const listItem = (summary: string): string => `- ${summary.replaceAll('\n', '\n  ')}`;

function refuse(file: string): never {
  throw new Error(`.changeset/${file} must begin with the packages it changes, between two lines of ---`);
}
