import {
  copyRecorder,
  createOptimizerPackage,
  type NewPackage,
  type NewPackageOptions,
} from '@steepest/optimizer-testing/new-optimizer';
import { Command } from 'commander';
import { programName, UsageError } from '../frame.ts';
import { withNameOptions } from './name-options.ts';

/** Flags of `new` as they are typed. */
interface NewFlags extends NewPackageOptions {
  readonly recorder?: string | true;
}

/** The command line that creates an optimizer package. */
export function newProgram(): Command {
  const program = new Command('steepest new')
    .description('Creates an optimizer package that builds and passes every check, in a folder of its own.')
    .argument('[name]', 'the optimizer in kebab case, for instance ada-belief')
    .option(
      '--package <name>',
      'name of the npm package (default: steepest-optim-<name>); its last part names the folder',
    );
  return withNameOptions(program)
    .option(
      '--recorder [folder]',
      'instead copy torch_trajectories.py, which records runs of PyTorch optimizers',
    )
    .addHelpText('after', examples)
    .action((name: string | undefined, { recorder, ...options }: NewFlags) => {
      console.log(recorder === undefined ? create(name, options) : copy(recorder, name));
    });
}

function create(name: string | undefined, options: NewPackageOptions): string {
  if (name === undefined) {
    throw new UsageError(`give the optimizer a name, as in: ${programName('new')} ada-belief`);
  }
  return describe(createOptimizerPackage(name, options, process.cwd()));
}

function copy(folder: string | true, name: string | undefined): string {
  if (name !== undefined)
    throw new UsageError(`--recorder copies a file alone and takes no name, got "${name}"`);
  const path = copyRecorder(folder === true ? '.' : folder);
  return `wrote ${path}; its first lines say how it is used`;
}

function describe({ name, ClassName, folder, files }: NewPackage): string {
  const steps = [
    [`cd ${folder} && npm install`, ''],
    ['npm test', 'every check passes'],
    [`src/${name}-rule.ts`, 'write the update rule as the paper has it'],
    [`test/${name}-reference.ts`, 'write it again in plain JavaScript'],
    ['reference/torch_trajectories.py', "record what the authors' code does, and compare (goldenChecks)"],
  ] as const;
  const width = Math.max(...steps.map(([step]) => step.length));
  const lines = steps.map(([step, why]) => (why === '' ? `  ${step}` : `  ${step.padEnd(width)}  # ${why}`));
  return [
    ...files.map((path) => `  ${folder}/${path}`),
    '',
    `${ClassName} starts as gradient descent with averaged momentum, which passes every check. Next:`,
    ...lines,
  ].join('\n');
}

const examples = () => `
Examples:
  ${programName('new')} ada-belief --package @me/optim-ada-belief
  ${programName('new')} --recorder reference

Without a paper (--authors, --year, --paper-title and --source) the package cites that of its starting rule.
Exit codes: 0 done, 1 a failure, 2 wrong usage.`;
