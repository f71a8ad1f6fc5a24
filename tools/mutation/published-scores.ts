import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable } from '../docs/markdown-table.ts';
import { percentageOf, type Score } from './report.ts';

/** Scores of the last run of each package, by its name. */
type Scores = Readonly<Record<string, Score>>;

const scoresFile = (repository: string): string => join(repository, 'tools', 'mutation', 'scores.json');

function readScores(repository: string): Scores {
  const file = scoresFile(repository);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Scores) : {};
}

/** Records the score of a package, from which `npm run docs` writes the table of CONTRIBUTING.md. */
export function recordScore(repository: string, packageName: string, score: Score): void {
  const entries = Object.entries({ ...readScores(repository), [packageName]: score });
  const sorted = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(scoresFile(repository), `${JSON.stringify(sorted, null, 2)}\n`);
}

/** The recorded scores as a Markdown table. */
export function scoresTable(repository: string): string {
  const rows = Object.entries(readScores(repository)).map(([name, score]) => [
    `\`${name}\``,
    `${percentageOf(score).toFixed(1)} %`,
    ...[score.mutants, score.killed, score.explained, score.mutants - score.killed - score.explained].map(
      String,
    ),
  ]);
  return markdownTable(['package', 'score', 'mutants', 'killed', 'explained', 'other survivors'], rows);
}
