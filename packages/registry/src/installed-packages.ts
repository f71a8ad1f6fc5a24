import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** The keyword by which a package says, in its package.json, that its entry exports optimizer classes. */
const keyword = 'steepest-optimizer';

/** A package with the keyword, by the folder in which it is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder, with symbolic links followed. */
  readonly folder: string;
  /** The folder whose node_modules holds it. */
  readonly parent: string;
}

/**
 * Every package with the keyword in the node_modules folders of a folder and of those above it, in alphabetical order. Of
 * packages of one name the nearest counts, as it does for Node.
 */
export async function installedPackages(from: string): Promise<InstalledPackage[]> {
  const found = new Map<string, InstalledPackage>();
  for (const parent of foldersUp(resolve(from))) {
    const names = await packageNames(join(parent, 'node_modules'));
    const packages = await Promise.all(names.map((name) => readPackage(parent, name)));
    for (const candidate of packages) {
      if (candidate !== undefined && !found.has(candidate.name)) found.set(candidate.name, candidate);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function foldersUp(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersUp(above)];
}

/** Names of what may be a package, scoped and unscoped, in a node_modules folder; none where there is no such folder. */
async function packageNames(folder: string): Promise<string[]> {
  const entries = (await listFolder(folder)).filter((name) => !name.startsWith('.'));
  const names = entries.map(async (entry) =>
    entry.startsWith('@')
      ? (await listFolder(join(folder, entry))).map((name) => `${entry}/${name}`)
      : [entry],
  );
  return (await Promise.all(names)).flat();
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function readPackage(parent: string, name: string): Promise<InstalledPackage | undefined> {
  const folder = join(parent, 'node_modules', name);
  try {
    const text = await readFile(join(folder, 'package.json'), 'utf8');
    // Most packages are none of ours and need no parsing.
    if (!text.includes(keyword)) return undefined;
    const manifest = JSON.parse(text) as { keywords?: unknown; version?: unknown };
    if (!Array.isArray(manifest.keywords) || !manifest.keywords.includes(keyword)) return undefined;
    return { name, version: String(manifest.version ?? ''), folder: await realpath(folder), parent };
  } catch {
    // Not a package: a stray file, a dangling link or a broken package.json, which Node could not import either.
    return undefined;
  }
}
