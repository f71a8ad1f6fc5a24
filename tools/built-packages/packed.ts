import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
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

/** Makes the tarballs that npm would publish of built packages, and returns their names. */
export function packInto(sources: readonly string[], folder: string): string[] {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, ...sources];
  return execFileSync('npm', args, { cwd: folder, encoding: 'utf8' }).trim().split('\n');
}

/**
 * Unpacks built packages of the repository, and those of it that they need, into `node_modules` of a folder, as npm would publish
 * and install them.
 */
export function installInto(folder: string, names: readonly string[], root: string): void {
  const modules = join(folder, 'node_modules');
  const sources = packageClosure(root, names);
  for (const [index, packed] of packInto(sources, folder).entries()) {
    const source = sources[index]!;
    const target = join(modules, manifestOf(source).name);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, packed), '-C', target, '--strip-components=1']);
    rmSync(join(folder, packed));
    nestedModules(source, target);
  }
  // Packages from elsewhere are those that this repository has installed.
  for (const { dependencies, peerDependencies } of sources.map(manifestOf)) {
    for (const other of Object.keys({ ...dependencies, ...peerDependencies })) {
      const target = join(modules, other);
      const found = join(root, 'node_modules', other);
      if (existsSync(target) || !existsSync(found)) continue;
      mkdirSync(join(target, '..'), { recursive: true });
      symlinkSync(found, target);
    }
  }
}

/** Versions that a package has for itself. */
function nestedModules(source: string, target: string): void {
  const nested = join(source, 'node_modules');
  for (const entry of existsSync(nested) ? readdirSync(nested) : []) {
    if (entry.startsWith('.')) continue;
    mkdirSync(join(target, 'node_modules'), { recursive: true });
    symlinkSync(join(nested, entry), join(target, 'node_modules', entry));
  }
}
