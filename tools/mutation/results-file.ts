import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explanationsFile } from './explained-survivors.ts';
import { type MutantPart, partText, whole } from './mutant-part.ts';

/**
 * The file in `.mutation` where results of a package, or of a part of its mutants, are kept between runs. Stryker itself
 * sees changes of the package's sources and test files; what else decides a result is compared here, and old results are
 * forgotten where it changed.
 */
export function resultsFileOf(
  repository: string,
  packageName: string,
  part: MutantPart,
  fresh: boolean,
): string {
  const folder = join(repository, '.mutation');
  const name =
    part.count === whole.count ? packageName : `${packageName}.${partText(part).replace('/', '-of-')}`;
  const results = join(folder, `${name}.json`);
  const fingerprintFile = join(folder, `${name}.fingerprint`);
  const fingerprint = fingerprintOf(repository, packageName);
  const isValid = existsSync(fingerprintFile) && readFileSync(fingerprintFile, 'utf8') === fingerprint;
  if (fresh || !isValid) rmSync(results, { force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(fingerprintFile, fingerprint);
  return results;
}

/** Files of `tools/mutation` that decide what a result is. */
export const toolsThatDecide = [
  'mutant-part.ts',
  'mutant-switches.ts',
  'mutators.ts',
  'mutation-run.ts',
  'ordered-test-runner.ts',
  'process-coverage.mjs',
  'process-setup.ts',
];

/** Of the sources of the packages that it depends on, what tests read and share, installed versions and the mutators. */
function fingerprintOf(repository: string, packageName: string): string {
  const others = dependenciesOf(repository, packageName).flatMap((name) =>
    filesUnder(join(repository, 'packages', name, 'src')),
  );
  const shared = filesUnder(join(repository, 'packages', packageName, 'test')).filter(
    (file) => !file.endsWith('.test.ts') && !file.endsWith(explanationsFile),
  );
  const versions = [join(repository, 'package-lock.json'), join(repository, 'vitest.config.ts')];
  const mutators = toolsThatDecide.map((name) => join(repository, 'tools', 'mutation', name));
  const hash = createHash('sha256').update(process.version);
  for (const file of [...others, ...shared, ...versions, ...mutators]) {
    hash.update(file.slice(repository.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/** Folders of the repository's packages that a package and its tests use, directly or not, without itself. */
function dependenciesOf(repository: string, packageName: string): string[] {
  const found = new Set([packageName]);
  // What is added while it is read is read too.
  for (const name of found) {
    const manifest = JSON.parse(readFileSync(join(repository, 'packages', name, 'package.json'), 'utf8'));
    const { dependencies, devDependencies, peerDependencies } = manifest as Record<
      string,
      object | undefined
    >;
    for (const dependency of Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })) {
      const folder = /^@steepest\/(.+)$/.exec(dependency)?.[1];
      if (folder !== undefined && existsSync(join(repository, 'packages', folder))) found.add(folder);
    }
  }
  found.delete(packageName);
  return [...found].sort();
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
