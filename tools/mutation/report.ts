import type { Judgment } from './explained-survivors.ts';
import type { Fate, MutantResult } from './mutation-run.ts';

/** How many mutants there were, and what became of them. */
export interface Score {
  readonly mutants: number;
  /** Those that tests noticed, and of them those that ran without end. */
  readonly killed: number;
  readonly timedOut: number;
  /** Survivors that are explained, which no test can kill. */
  readonly explained: number;
}

export function scoreOf(results: readonly MutantResult[], { explained }: Judgment): Score {
  const timedOut = results.filter(({ fate }) => fate === 'timed out').length;
  const killed = results.filter(({ fate }) => fate === 'killed').length + timedOut;
  return { mutants: results.length, killed, timedOut, explained: explained.length };
}

/** Of the mutants that a test could kill, the share that was killed, in percent rounded down to a tenth. */
export function percentageOf({ mutants, killed, explained }: Score): number {
  const killable = mutants - explained;
  return killable === 0 ? 100 : Math.floor((1000 * killed) / killable) / 10;
}

/**
 * Where {@link percentageOf} of all mutants is likely to be if those of `score` are a random sample of them: the 95 %
 * score interval of Wilson (1927), in percent.
 */
export function confidenceInterval({ mutants, killed, explained }: Score): readonly [number, number] {
  const killable = mutants - explained;
  if (killable === 0) return [0, 100];
  const z = 1.959964;
  const share = killed / killable;
  const center = share + z ** 2 / (2 * killable);
  const halfWidth = z * Math.sqrt((share * (1 - share)) / killable + z ** 2 / (4 * killable ** 2));
  const scale = 100 / (1 + z ** 2 / killable);
  return [scale * (center - halfWidth), scale * (center + halfWidth)];
}

export function scoreLine(name: string, score: Score): string {
  const { mutants, killed, timedOut, explained } = score;
  const endless = timedOut > 0 ? ` (${timedOut} by running without end)` : '';
  return (
    `${name}: ${percentageOf(score).toFixed(1)} %: ${killed} of ${mutants} mutants killed${endless}, ` +
    `${explained} survivors explained, ${mutants - killed - explained} others`
  );
}

/** How reports call what became of a mutant. */
const fates: Readonly<Record<Fate, string>> = {
  killed: 'was killed',
  'timed out': 'ran without end',
  survived: 'survived',
  uncovered: 'no test runs this code',
};

/** Where a mutant is, what became of it, and what it changes. */
export function survivorLines(packageName: string, mutant: MutantResult): string {
  const { file, line, column, before, after, fate } = mutant;
  const prefixed = (sign: string, code: string): string =>
    code
      .split('\n')
      .map((text) => `  ${sign} ${text}`)
      .join('\n');
  return [
    `packages/${packageName}/${file}:${line}:${column} ${fates[fate]}`,
    prefixed('-', before),
    prefixed('+', after),
  ].join('\n');
}
