import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OptimizerClass } from '@steepest/optimizer';

/** A class by the name under which its package exports it. */
export interface ExportedOptimizer {
  readonly exportName: string;
  readonly optimizer: OptimizerClass<object>;
}

/** A package of the repository that holds optimizers. */
export interface OptimizerPackage {
  /** Its folder from the root of the repository. */
  readonly folder: string;
  readonly name: string;
  readonly description: string;
  /** First the one that the package is named after, then the others by their rules' names. */
  readonly optimizers: readonly ExportedOptimizer[];
}

/** Imports every optimizer package of a repository: the folders `packages/optim-*`, in alphabetical order. */
export function optimizerPackages(repository: string): Promise<OptimizerPackage[]> {
  const folders = readdirSync(join(repository, 'packages'))
    .filter((folder) => folder.startsWith('optim-'))
    .filter((folder) => existsSync(join(repository, 'packages', folder, 'package.json')))
    .sort();
  return Promise.all(folders.map((folder) => readPackage(repository, `packages/${folder}`)));
}

async function readPackage(repository: string, folder: string): Promise<OptimizerPackage> {
  const { name, description } = JSON.parse(
    readFileSync(join(repository, folder, 'package.json'), 'utf8'),
  ) as { name: string; description: string };
  const entry = pathToFileURL(join(repository, folder, 'src/index.ts'));
  const exported = Object.entries((await import(/* @vite-ignore */ entry.href)) as object)
    .filter((entry): entry is [string, OptimizerClass<object>] => isOptimizerClass(entry[1]))
    .map(([exportName, optimizer]) => ({ exportName, optimizer }));
  if (exported.length === 0) throw new Error(`${folder}/src/index.ts exports no optimizer class`);
  const own = folder.replace('packages/optim-', '');
  const rank = ({ optimizer: { rule } }: ExportedOptimizer) => (rule.name === own ? '' : rule.name);
  return { folder, name, description, optimizers: exported.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)) };
}

function isOptimizerClass(value: unknown): value is OptimizerClass<object> {
  return typeof value === 'function' && 'className' in value && 'rule' in value;
}
