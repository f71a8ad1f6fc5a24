import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { filledTemplate, shippedFolder, writeFiles } from './package-files.ts';
import { oneLine, packageNames, UsageError } from './package-names.ts';
import { linkedSource, type Paper, paperOf } from './paper.ts';

const usage = (
  program: string,
): string => `Creates an optimizer package that builds and passes every check, in a folder of its own.

  ${program} <name> [options]
  ${program} --recorder [folder]

  <name>                the optimizer in kebab case, for instance ada-belief
  --package <name>      name of the npm package (default: steepest-optim-<name>); its last part names the folder
  --class <name>        name of the class (default: the name in Pascal case)
  --title <text>        name as printed (default: the words of the name, capitalized)
  --authors <text>      authors of the paper, for instance "Zhuang et al."
  --year <year>         year of the paper
  --paper-title <text>  title of the paper
  --source <text>       where it is published: "arXiv <id>", "doi <id>" or an address
  --recorder            copy torch_trajectories.py, which records runs of PyTorch optimizers, into a folder (default: .)
  --help                this text

Without a paper (--authors, --year, --paper-title and --source) the package cites that of its starting rule.`;

const options = {
  package: { type: 'string' },
  class: { type: 'string' },
  title: { type: 'string' },
  authors: { type: 'string' },
  year: { type: 'string' },
  'paper-title': { type: 'string' },
  source: { type: 'string' },
  recorder: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/**
 * Creates an optimizer package in a folder and returns the exit code; errors are printed.
 *
 * @param program how it is called
 */
export function main(args: readonly string[], folder: string, program = 'steepest-new-optimizer'): number {
  try {
    console.log(run(args, folder, program));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

function parsed(args: readonly string[], program: string) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; see ${program} --help`);
  }
}

function run(args: readonly string[], folder: string, program: string): string {
  const { values, positionals } = parsed(args, program);
  if (values.help) return usage(program);
  const [name, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`one argument is enough, got also "${others.join('" and "')}"`);
  if (values.recorder) return copyRecorder(join(folder, name ?? '.'));
  if (name === undefined) throw new UsageError(`give the optimizer a name\n\n${usage(program)}`);
  const { 'paper-title': paperTitle, package: packageName = `steepest-optim-${name}`, ...given } = values;
  const names = packageNames(name, given);
  checkPackageName(packageName);
  const paper = paperOf({ ...given, ...(paperTitle === undefined ? {} : { paperTitle }) } as Partial<Paper>);
  const target = packageName.split('/').at(-1)!;
  const files = packageFiles({ ...names, ...paper, packageName });
  writeFiles(new Map([...files].map(([path, text]) => [`${target}/${path}`, text])), folder);
  return `${[...files.keys()].map((path) => `  ${target}/${path}`).join('\n')}\n${nextSteps(target, names.name, names.ClassName)}`;
}

/** The npm rules that a name given by hand is likely to break. */
function checkPackageName(name: string): void {
  oneLine('package', name);
  if (/^(@[a-z0-9][\w.-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(name)) return;
  throw new UsageError(
    `--package must be a name of npm such as "@me/optim-yogi" or "optim-yogi", in lower case, got "${name}"`,
  );
}

/** The version of this package and of the optimizer package that it was made for. */
function versions(): ReadonlyMap<string, string> {
  const manifest = join(shippedFolder('template'), '..', 'package.json');
  const { version, dependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    version: string;
    dependencies: Readonly<Record<string, string>>;
  };
  return new Map([
    ['testingVersion', `^${version}`],
    ['optimizerVersion', dependencies['@steepest/optimizer']!],
  ]);
}

function packageFiles(given: Readonly<Record<string, string>>): Map<string, string> {
  const words = given.packageName!.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '');
  const values = new Map([
    ...Object.entries(given),
    // tfjs keeps optimizers by class name; that of a package is its own.
    ['registeredName', words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')],
    ['linkedSource', linkedSource(given.source!)],
    ...versions(),
  ]);
  const template = shippedFolder('template');
  return new Map([
    ...filledTemplate(join(template, 'package'), values),
    ...filledTemplate(join(template, 'shared'), values),
    ['reference/torch_trajectories.py', recorder()],
  ]);
}

const recorder = (): string => readFileSync(join(shippedFolder('python'), 'torch_trajectories.py'), 'utf8');

function copyRecorder(folder: string): string {
  writeFiles(new Map([['torch_trajectories.py', recorder()]]), folder);
  return `wrote ${join(folder, 'torch_trajectories.py')}; its first lines say how it is used`;
}

function nextSteps(folder: string, name: string, ClassName: string): string {
  const steps = [
    [`cd ${folder} && npm install`, ''],
    ['npm test', 'every check passes'],
    [`src/${name}-rule.ts`, 'write the update rule as the paper has it'],
    [`test/${name}-reference.ts`, 'write it again in plain JavaScript'],
    ['reference/torch_trajectories.py', 'record what the authors’ code does, and compare (goldenChecks)'],
  ] as const;
  const width = Math.max(...steps.map(([step]) => step.length));
  const lines = steps.map(([step, why]) => (why === '' ? `  ${step}` : `  ${step.padEnd(width)}  # ${why}`));
  return `
${ClassName} starts as gradient descent with averaged momentum, which passes every check. Next:
${lines.join('\n')}`;
}
