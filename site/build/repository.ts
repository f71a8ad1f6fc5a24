import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));
export const repositoryAddress = 'https://github.com/steepest-js/steepest';

export const inRepository = (path: string): string => join(repositoryRoot, path);
export const read = (path: string): string => readFileSync(inRepository(path), 'utf8');
export const exists = (path: string): boolean => existsSync(inRepository(path));
export const isFolder = (path: string): boolean => exists(path) && statSync(inRepository(path)).isDirectory();

/** The entries of a folder of the repository in alphabetical order; none where there is no such folder. */
export const entriesOf = (folder: string): string[] =>
  exists(folder) ? readdirSync(inRepository(folder)).sort() : [];

/** Folders of the packages, such as `packages/optim-lion`, in alphabetical order. */
export function packageFolders(): string[] {
  return entriesOf('packages')
    .map((name) => `packages/${name}`)
    .filter((folder) => exists(`${folder}/package.json`));
}
