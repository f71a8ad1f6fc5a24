import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, runProgram } from '@steepest/cli';
import { withNameOptions } from '../../packages/cli/src/new/name-options.ts';
import { writeFiles } from '../../packages/optimizer-testing/src/new-optimizer/package-files.ts';
import {
  type NameOptions,
  packageNames,
} from '../../packages/optimizer-testing/src/new-optimizer/package-names.ts';
import { type Paper, paperOf } from '../../packages/optimizer-testing/src/new-optimizer/paper.ts';
import { writeDocuments } from '../docs/generated-documents.ts';
import { linkWorkspace, packageFiles } from './create-package.ts';
import { checkNamesAreFree } from './taken-names.ts';

/** Creates an optimizer package as the arguments say and returns the exit code; errors are printed. */
export function main(args: readonly string[], repository: string): Promise<number> {
  const program = new Command('new:optimizer')
    .description('Creates packages/optim-<name>, an optimizer package that builds and passes every check.')
    .usage('-- <name> [options]')
    .argument('<name>', 'the optimizer in kebab case, for instance ada-belief')
    .addHelpText('after', notes)
    .action((name: string, options: NameOptions & Partial<Paper>) =>
      createPackage(name, options, repository),
    );
  return runProgram(args, () => withNameOptions(program));
}

async function createPackage(
  name: string,
  options: NameOptions & Partial<Paper>,
  repository: string,
): Promise<void> {
  const names = packageNames(name, options);
  const files = packageFiles(names, paperOf(options));
  await checkNamesAreFree(names, repository);
  const folder = `optim-${names.name}`;
  writeFiles(files, repository);
  formatFiles([...files.keys()], repository);
  const linked = linkWorkspace(folder, repository);
  await writeTables(repository);
  console.log([...files.keys()].map((path) => `  ${path}`).join('\n'));
  console.log(nextSteps(names.name, names.ClassName, linked));
}

/** Names of other lengths want other line breaks. */
function formatFiles(paths: readonly string[], repository: string): void {
  const biome = join(repository, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  if (!existsSync(biome)) return;
  const { status, stderr } = spawnSync(process.execPath, [biome, 'check', '--write', ...paths], {
    cwd: repository,
    encoding: 'utf8',
  });
  if (status !== 0) console.error(`The new files could not be formatted; run npm run format.\n${stderr}`);
}

/** The option table of the new README, and the new line in the table of all optimizers. */
async function writeTables(repository: string): Promise<void> {
  try {
    await writeDocuments(repository);
  } catch (error) {
    console.error(`The tables of the READMEs could not be written; run npm run docs.\n${error}`);
  }
}

function nextSteps(name: string, ClassName: string, linked: boolean): string {
  const install = linked
    ? 'records the package in package-lock.json'
    : 'links the package and records it in package-lock.json';
  const steps = [
    ['npm install', install],
    [`packages/optim-${name}/src/${name}-rule.ts`, 'write the update rule as the paper has it'],
    [`packages/optim-${name}/test/${name}-reference.ts`, 'write it again in plain JavaScript'],
    [`npx vitest run packages/optim-${name}`, 'see them agree'],
  ] as const;
  const width = Math.max(...steps.map(([step]) => step.length));
  const lines = steps.map(([step, why]) => `  ${step.padEnd(width)}  # ${why}`);
  return `
${ClassName} starts as gradient descent with averaged momentum, which passes every check. Next:
${lines.join('\n')}
CONTRIBUTING.md goes through a real one.`;
}

const notes = `
Without a paper (--authors, --year, --paper-title and --source) the package cites that of its starting rule.

Example:
  npm run new:optimizer -- ada-belief --class MyAdaBelief --title AdaBelief --authors "Zhuang et al." --year 2020 \\
    --paper-title "AdaBelief Optimizer" --source "arXiv 2010.07468"`;
