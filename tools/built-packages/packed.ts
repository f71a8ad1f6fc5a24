import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The folder of each package of this repository, by name. */
function workspaces(root: string): Map<string, string> {
  const folders = readdirSync(join(root, 'packages')).map((folder) => join(root, 'packages', folder));
  return new Map(folders.map((folder) => [manifestOf(folder).name, folder]));
}

/** The folders of these packages of the repository and of those that they depend on. */
export function packageClosure(root: string, names: readonly string[]): string[] {
  const folders = workspaces(root);
  const found = new Set<string>();
  const missing = [...names];
  while (missing.length > 0) {
    const folder = folders.get(missing.pop()!);
    if (folder === undefined || found.has(folder)) continue;
    found.add(folder);
    const { dependencies, peerDependencies } = manifestOf(folder);
    missing.push(...Object.keys({ ...dependencies, ...peerDependencies }));
  }
  return [...found];
}

/** Makes the tarball that npm would publish of a built package, and returns its name. */
export function packInto(source: string, folder: string): string {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  return execFileSync('npm', args, { cwd: source, encoding: 'utf8' }).trim();
}
