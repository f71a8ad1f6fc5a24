import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { writeDocuments } from '../docs/generated-documents.ts';
import { explanationsFile, judge, readExplanations } from './explained-survivors.ts';
import { type MutantPart, partText, whole } from './mutant-part.ts';
import { type MutantResult, MutationRun } from './mutation-run.ts';
import { recordPartScore, recordScore } from './published-scores.ts';
import { scoreLine, scoreOf, survivorLines } from './report.ts';
import { resultsFileOf } from './results-file.ts';

interface Options {
  readonly mutate: readonly string[];
  readonly part: MutantPart;
  readonly concurrency: number;
  readonly fresh: boolean;
}

/** Wrong usage: the message says what would be right. */
class UsageError extends Error {}

/**
 * Mutates packages and prints what their own tests do not notice. Returns the exit code: 0, 1 where a survivor is not
 * explained or an explanation is needless, 2 for wrong usage.
 */
export async function main(args: readonly string[], repository: string): Promise<number> {
  let exitCode = 0;
  const program = new Command('mutation')
    .description(
      "Changes a package's sources one place at a time and reports the changes that its own tests miss.",
    )
    .usage('-- <package...> [options]')
    .argument('<package...>', 'folders under packages, for instance optim-lion')
    .option('--mutate <file...>', 'only these files of the package, for instance src/lion-rule.ts', [])
    .option(
      '--part <k/n>',
      'only part k of n parts into which the mutants are dealt at random',
      partOf,
      whole,
    )
    .option('--concurrency <n>', 'test processes at a time', wholeNumber, 1)
    .option('--fresh', 'forget the results of earlier runs', false)
    .addHelpText('after', notes)
    .exitOverride()
    .action(async (packages: readonly string[], options: Options) => {
      const work = packages.map((name) => ({ name, files: filesToMutate(repository, name, options) }));
      for (const { name, files } of work) {
        if (!(await testPackage(name, files, options, repository))) exitCode = 1;
      }
      if (options.mutate.length === 0) await writeDocuments(repository);
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

/** Prints the results of a package and returns whether every survivor is explained. */
async function testPackage(
  packageName: string,
  files: readonly string[],
  { mutate, part, concurrency, fresh }: Options,
  repository: string,
): Promise<boolean> {
  const explanations = readExplanations(join(repository, 'packages', packageName, 'test', explanationsFile));
  let tested = 0;
  const onResult = (mutant: MutantResult): void => {
    if (++tested % 50 === 0) console.log(`${packageName}: ${tested} mutants tested\n`);
    const isNotable =
      mutant.fate === 'timed out' || judge([mutant], explanations, new Set()).unexplained.length > 0;
    if (isNotable) console.log(`${survivorLines(packageName, mutant)}\n`);
  };
  const resultsFile = resultsFileOf(repository, packageName, part, fresh);
  const run = new MutationRun({ repository, packageName, resultsFile, concurrency, part, onResult });
  try {
    const results = await run.mutate(files);
    for (const file of files) {
      const ofFile = results.tested.filter((mutant) => mutant.file === file);
      console.log(scoreLine(file, scoreOf(ofFile, judge(ofFile, explanations, new Set()))));
    }
    // Explanations of mutants in other parts are not needless.
    const judgment = judge(results.tested, explanations, new Set(part.count === 1 ? files : []));
    for (const { file, code, mutant } of judgment.needless) {
      console.log(`\n${file}: explained, but no such mutant survives:\n  - ${code}\n  + ${mutant}`);
    }
    const score = scoreOf(results.tested, judgment);
    console.log(`\n${scoreLine(packageName, score)}`);
    if (mutate.length === 0) {
      if (part.count === 1) recordScore(repository, packageName, score);
      else
        recordPartScore(repository, packageName, score, { part: partText(part), ofMutants: results.mutants });
    }
    return judgment.unexplained.length === 0 && judgment.needless.length === 0;
  } finally {
    run.dispose();
  }
}

/** @throws UsageError if there is no such package or file. */
function filesToMutate(repository: string, packageName: string, { mutate }: Options): readonly string[] {
  const folder = join(repository, 'packages', packageName);
  if (!existsSync(join(folder, 'src'))) {
    const names = readdirSync(join(repository, 'packages')).join(', ');
    throw new UsageError(`no package "${packageName}"; the packages are ${names}`);
  }
  const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .sort();
  const unknown = mutate.find((file) => !sources.includes(file));
  if (unknown !== undefined) {
    throw new UsageError(`packages/${packageName} has no file "${unknown}"; it has ${sources.join(', ')}`);
  }
  return mutate.length > 0 ? mutate : sources;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('it must be a whole number, at least 1');
  return Number(text);
}

function partOf(text: string): MutantPart {
  const [, index, count] = (/^([1-9]\d*)\/([1-9]\d*)$/.exec(text) ?? []).map(Number);
  if (index === undefined || count === undefined || index > count) {
    throw new InvalidArgumentError('it must be k/n with 1 <= k <= n, for instance 3/20');
  }
  return { index, count };
}

const notes = `
Survivors are printed as they are found. Results are kept in .mutation: a run that was stopped resumes, and unchanged
code is not tested again. A survivor that no test can kill is explained in test/explained-survivors.json of its package.
A run of a whole package, or of a part of its mutants, writes the score into CONTRIBUTING.md.

Example:
  npm run mutation -- optim-lion --mutate src/lion-rule.ts`;
