import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import { confidenceInterval, percentageOf, type Score } from './report.ts';

/** Of a part of a package's mutants, a random sample of them. */
export interface PartScore extends Score {
  /** As the command line writes it, for instance `3/20`. */
  readonly part: string;
  /** How many mutants all parts have. */
  readonly ofMutants: number;
  /** Those that the tests killed when this part was first tested: later ones were written with it in view. */
  readonly killedAtFirst: number;
}

/** Scores of the last run of each package, by its name. */
type Scores = Readonly<Record<string, Score | PartScore>>;

const scoresFile = (repository: string): string => join(repository, 'tools', 'mutation', 'scores.json');

function readScores(repository: string): Scores {
  const file = scoresFile(repository);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Scores) : {};
}

/** Records the score of a package, from which `npm run docs` writes the table of CONTRIBUTING.md. */
export function recordScore(repository: string, packageName: string, score: Score): void {
  writeScores(repository, { ...readScores(repository), [packageName]: score });
}

/** Records the score of a part. What its first run killed stays, until another part of the package is recorded. */
export function recordPartScore(
  repository: string,
  packageName: string,
  score: Score,
  { part, ofMutants }: Pick<PartScore, 'part' | 'ofMutants'>,
): void {
  const scores = readScores(repository);
  const earlier = scores[packageName];
  const isFirst = earlier === undefined || !('part' in earlier) || earlier.part !== part;
  const killedAtFirst = isFirst ? score.killed : earlier.killedAtFirst;
  const ofPart: PartScore = { ...score, part, ofMutants, killedAtFirst };
  writeScores(repository, { ...scores, [packageName]: ofPart });
}

function writeScores(repository: string, scores: Scores): void {
  const sorted = Object.fromEntries(Object.entries(scores).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(scoresFile(repository), `${JSON.stringify(sorted, null, 2)}\n`);
}

/** The recorded scores as a Markdown table. */
export function scoresTable(repository: string): string {
  const rows = Object.entries(readScores(repository)).map(([name, score]) => [
    `\`${name}\``,
    ...('part' in score ? sampleCells(score) : wholeCells(score)),
    String(score.explained),
    String(score.mutants - score.killed - score.explained),
  ]);
  return markdownTable(['package', 'score', 'mutants', 'killed', 'explained', 'other survivors'], rows);
}

const wholeCells = (score: Score): string[] => [
  `${percentageOf(score).toFixed(1)} %`,
  String(score.mutants),
  String(score.killed),
];

function sampleCells(score: PartScore): string[] {
  const atFirst = { ...score, killed: score.killedAtFirst };
  const [low, high] = confidenceInterval(atFirst).map((bound) => bound.toFixed(1));
  return [
    `${percentageOf(atFirst).toFixed(1)} % (${low} to ${high} %)`,
    `${score.mutants} of ${score.ofMutants}`,
    score.killed === score.killedAtFirst
      ? String(score.killed)
      : `${score.killedAtFirst}, now ${score.killed}`,
  ];
}
