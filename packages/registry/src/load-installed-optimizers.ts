import { pathToFileURL } from 'node:url';
import type { OptimizerClass } from '@steepest/optimizer';
import { claimantsOf, isOptimizerClass } from './claims.ts';
import { type InstalledPackage, installedPackages } from './installed-packages.ts';
import { type FailedPackage, type LoadedPackage, packageTable } from './package-table.ts';
import { startConditions } from './start-conditions.ts';

/** Where to look for packages, and how to import them. */
export interface LoadOptions {
  /** A folder: the node_modules in it and in the folders above it are searched. The working directory by default. */
  readonly from?: string | undefined;
  /** Export conditions besides Node's own; those the process was started with (`--conditions`) by default. */
  readonly conditions?: readonly string[] | undefined;
}

/** An optimizer name that more than one package claims. */
export interface NameConflict {
  readonly name: string;
  readonly packages: readonly string[];
}

/** What {@link loadInstalledOptimizers} found. */
export interface InstalledOptimizers {
  readonly loaded: readonly LoadedPackage[];
  readonly failed: readonly FailedPackage[];
  /** Using such a name is an error; the other optimizers of these packages are usable. */
  readonly conflicts: readonly NameConflict[];
}

/**
 * Imports every installed package that says it holds optimizers, by the keyword `steepest-optimizer` in its package.json,
 * and makes them known by name. A package that fails is reported and leaves the others alone. Node only.
 */
export async function loadInstalledOptimizers({
  from = process.cwd(),
  conditions = startConditions(process.execArgv, process.env.NODE_OPTIONS),
}: LoadOptions = {}): Promise<InstalledOptimizers> {
  const loaded: LoadedPackage[] = [];
  const failed: FailedPackage[] = [];
  const table = packageTable();
  for (const found of await installedPackages(from)) {
    const { name, version, folder } = found;
    try {
      const optimizers = await importOptimizers(found, conditions);
      loaded.push({ name, version, folder, optimizers });
      table.loaded.set(name, loaded.at(-1)!);
      table.failed.delete(name);
    } catch (error) {
      failed.push({ name, folder, reason: error instanceof Error ? error.message : String(error) });
      table.failed.set(name, failed.at(-1)!);
      table.loaded.delete(name);
    }
  }
  return { loaded, failed, conflicts: conflictsOf(loaded) };
}

/** The optimizer classes that a package's entry exports. */
async function importOptimizers(
  { name, parent }: InstalledPackage,
  conditions: readonly string[],
): Promise<ReadonlyMap<string, OptimizerClass<object>>> {
  // Imported here because it is an ES module alone, which the CommonJS build cannot require everywhere.
  const { moduleResolve } = await import('import-meta-resolve');
  const entry = moduleResolve(
    name,
    pathToFileURL(`${parent}/package.json`),
    new Set(['node', 'import', ...conditions]),
  );
  const module = (await import(/* @vite-ignore */ entry.href)) as { default?: object };
  // The exports of a CommonJS package are all in its default export.
  const exported = [...Object.values(module.default ?? {}), ...Object.values(module)].filter(
    isOptimizerClass,
  );
  if (exported.length === 0) {
    throw new Error('it has the keyword steepest-optimizer, but its entry exports no optimizer class');
  }
  return new Map(exported.map((optimizer) => [optimizer.rule.name, optimizer]));
}

function conflictsOf(loaded: readonly LoadedPackage[]): NameConflict[] {
  const names = new Set(loaded.flatMap(({ optimizers }) => [...optimizers.keys()]));
  return [...names]
    .sort()
    .map((name) => ({ name, packages: claimantsOf(name) }))
    .filter(({ packages }) => packages.length > 1);
}
