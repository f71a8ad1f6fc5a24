import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  filledTemplate,
  shippedFolder,
} from '../../packages/optimizer-testing/src/new-optimizer/package-files.ts';
import type { PackageNames } from '../../packages/optimizer-testing/src/new-optimizer/package-names.ts';
import { linkedSource, type Paper } from '../../packages/optimizer-testing/src/new-optimizer/paper.ts';

const template = fileURLToPath(new URL('./template/', import.meta.url));

/** The files of a new optimizer package, by path from the root of the repository. */
export function packageFiles(names: PackageNames, paper: Paper): Map<string, string> {
  const values = new Map(
    Object.entries({
      ...names,
      ...paper,
      registeredName: `Steepest${names.ClassName}`,
      linkedSource: linkedSource(paper.source),
    }),
  );
  // Those of this repository take the place of those that packages outside share with it.
  const files = new Map([
    ...filledTemplate(join(shippedFolder('template'), 'shared'), values),
    ...filledTemplate(template, values),
  ]);
  return new Map(
    [...files].map(([path, text]): [string, string] => {
      if (path === 'changeset.md') return [`.changeset/optim-${names.name}.md`, text];
      // The template lies one folder deeper than a package.
      return [`packages/optim-${names.name}/${path}`, text.replaceAll('../../../', '../../')];
    }),
  );
}

/**
 * Makes a workspace package importable as `npm install` would, without npm or a network.
 *
 * @returns whether it could; on Windows a junction needs no privilege where a symbolic link does.
 */
export function linkWorkspace(folder: string, repository: string): boolean {
  const scope = join(repository, 'node_modules', '@steepest');
  if (!existsSync(scope)) return false;
  try {
    symlinkSync(join('..', '..', 'packages', folder), join(scope, folder), 'junction');
    return true;
  } catch {
    return false;
  }
}
