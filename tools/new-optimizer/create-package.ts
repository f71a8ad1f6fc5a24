import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PackageNames, UsageError } from './package-names.ts';
import { linkedSource, type Paper } from './paper.ts';

const template = fileURLToPath(new URL('./template/', import.meta.url));

/** The files of a new optimizer package, by path from the root of the repository. */
export function packageFiles(names: PackageNames, paper: Paper): Map<string, string> {
  const values = new Map(Object.entries({ ...names, ...paper, linkedSource: linkedSource(paper.source) }));
  const files = readdirSync(template, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(template, file)).isFile())
    .map((file): [string, string] => {
      const path = file.replaceAll('\\', '/').replaceAll('__name__', names.name);
      const target =
        path === 'changeset.md'
          ? `.changeset/optim-${names.name}.md`
          : `packages/optim-${names.name}/${path}`;
      return [target, filled(readFileSync(join(template, file), 'utf8'), values, path.endsWith('.json'))];
    });
  return new Map(files);
}

/** Template text with its `__tokens__` replaced; a token that is a whole string literal becomes a quoted one. */
function filled(text: string, values: ReadonlyMap<string, string>, isJson: boolean): string {
  const fill = (token: string): string => {
    const value = values.get(token);
    if (value === undefined) throw new Error(`the template has an unknown token __${token}__`);
    return isJson ? JSON.stringify(value).slice(1, -1) : value;
  };
  const quote = (value: string): string => `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
  // The template lies one folder deeper than a package.
  const moved = text.replaceAll('../../../', '../../');
  return moved.replaceAll(/Number\('__(\w+?)__'\)|'__(\w+?)__'|__(\w+?)__/g, (_, number, literal, part) =>
    literal === undefined ? fill(number ?? part) : quote(fill(literal)),
  );
}

/** Writes files by path from the root of the repository. @throws UsageError, and writes none, if one exists. */
export function writeFiles(files: ReadonlyMap<string, string>, repository: string): void {
  const existing = [...files.keys()].find((path) => existsSync(join(repository, path)));
  if (existing !== undefined) throw new UsageError(`${existing} exists already; nothing was changed`);
  for (const [path, text] of files) {
    const target = join(repository, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text, { flag: 'wx' });
  }
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
