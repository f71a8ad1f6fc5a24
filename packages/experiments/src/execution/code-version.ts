import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { loadOptimizers } from '../definition/installed-optimizers.ts';
import { packageFolder } from '../package-files.ts';

/**
 * What the numbers of a trial come from: a hash of the sources of each package of this repository, the version of each
 * installed one, and that of the JavaScript engine.
 */
export type CodeVersion = Readonly<Record<string, string>>;

/** The code of this process's checkout, as it is on disk now. */
export async function readCodeVersion(): Promise<CodeVersion> {
  const found = new Map<string, string>();
  await addPackage(packageFolder, found);
  for (const { folder } of (await loadOptimizers()).loaded) await addPackage(folder, found);
  // Patch releases of the engine leave its arithmetic alone.
  found.set('v8', process.versions.v8.split('.').slice(0, 2).join('.'));
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One line for each thing that differs; none when both are the same code. */
export function codeDifferences(here: CodeVersion, there: CodeVersion): string[] {
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])].sort();
  return names
    .filter((name) => here[name] !== there[name])
    .map((name) => `${name}: ${there[name] ?? 'absent'} there, ${here[name] ?? 'absent'} here`);
}

async function addPackage(folder: string, found: Map<string, string>): Promise<void> {
  const { name, version, dependencies, peerDependencies } = await readManifest(folder);
  if (found.has(name)) return;
  if (folder.split(sep).includes('node_modules')) {
    found.set(name, version);
    // What packages from elsewhere depend on follows from their versions as far as numbers go.
    if (!name.startsWith('@steepest/')) return;
  } else {
    found.set(name, `sources ${await hashOf(join(folder, 'src'))}`);
  }
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
    const installed = await installedFolder(dependency, folder);
    if (installed !== undefined) await addPackage(installed, found);
  }
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Where a dependency is installed, links followed; undefined for a peer that is not. */
async function installedFolder(name: string, from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = await realpath(join(folder, 'node_modules', name)).catch(() => undefined);
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

async function hashOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    hash
      .update(`${relative(folder, file).replaceAll(sep, '/')}\0`)
      .update(await readFile(file))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}
