import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filledTemplate, shippedFolder, writeFiles } from './package-files.ts';
import { type NameOptions, oneLine, packageNames, UsageError } from './package-names.ts';
import { linkedSource, type Paper, paperOf } from './paper.ts';

export { UsageError } from './package-names.ts';

/** How the package is called, and the paper that it cites; without a paper, that of its starting rule. */
export interface NewPackageOptions extends NameOptions, Partial<Paper> {
  /** Name of the npm package, whose last part names the folder; by default `steepest-optim-<name>`. */
  readonly package?: string;
}

/** What was created. */
export interface NewPackage {
  /** The name in kebab case. */
  readonly name: string;
  readonly ClassName: string;
  /** Name of its folder. */
  readonly folder: string;
  /** Paths of its files in it. */
  readonly files: readonly string[];
}

/**
 * Creates an optimizer package that builds and passes every check, in a folder of its own.
 *
 * @param name the optimizer in kebab case, for instance `ada-belief`
 * @param parent where the folder is made
 * @throws UsageError if a name or the paper is wrong, or a file is there already; nothing is written then
 */
export function createOptimizerPackage(
  name: string,
  { package: packageName = `steepest-optim-${name}`, ...given }: NewPackageOptions,
  parent: string,
): NewPackage {
  const names = packageNames(name, given);
  checkPackageName(packageName);
  const folder = packageName.split('/').at(-1)!;
  const files = packageFiles({ ...names, ...paperOf(given), packageName });
  writeFiles(new Map([...files].map(([path, text]) => [`${folder}/${path}`, text])), parent);
  return { name: names.name, ClassName: names.ClassName, folder, files: [...files.keys()] };
}

/**
 * Copies `torch_trajectories.py`, which records runs of PyTorch optimizers, into a folder.
 *
 * @returns its path
 * @throws UsageError if a file of that name is there
 */
export function copyRecorder(folder: string): string {
  writeFiles(new Map([['torch_trajectories.py', recorder()]]), folder);
  return join(folder, 'torch_trajectories.py');
}

const recorder = (): string => readFileSync(join(shippedFolder('python'), 'torch_trajectories.py'), 'utf8');

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
