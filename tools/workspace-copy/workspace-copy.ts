import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** What a build, a test run or a version control system writes next to the sources. */
const generated = new Set(['node_modules', 'dist', '.git', '.turbo', 'runs', 'coverage', '.mutation']);

/**
 * Copies a repository's working tree to a new temporary folder and returns that folder. The copy shares the installed
 * packages, except that the repository's own packages are those of the copy: its files may be changed freely.
 */
export function copyWorkspace(repository: string): string {
  const root = mkdtempSync(join(tmpdir(), 'steepest-copy-'));
  for (const entry of readdirSync(repository).filter((name) => !generated.has(name))) {
    cpSync(join(repository, entry), join(root, entry), {
      recursive: true,
      filter: (path) => !generated.has(basename(path)),
    });
  }
  for (const area of ['packages', 'benchmarks']) {
    for (const name of readdirSync(join(root, area))) linkInstalled(repository, root, join(area, name));
  }
  linkInstalled(repository, root, 'tools');
  linkRootModules(repository, root);
  return root;
}

/** Shares what npm installed for one workspace alone. */
function linkInstalled(repository: string, root: string, workspace: string): void {
  const installed = join(repository, workspace, 'node_modules');
  if (existsSync(installed)) symlinkSync(installed, join(root, workspace, 'node_modules'), 'junction');
}

/** Shares what npm installed for all workspaces, but for the repository's own packages. */
function linkRootModules(repository: string, root: string): void {
  const installed = join(repository, 'node_modules');
  const modules = join(root, 'node_modules');
  mkdirSync(join(modules, '@steepest'), { recursive: true });
  for (const name of readdirSync(installed)) {
    const isOwn = name === '@steepest' || (name.startsWith('.') && name !== '.bin');
    if (!isOwn) symlinkSync(join(installed, name), join(modules, name), 'junction');
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    symlinkSync(join(root, 'packages', name), join(modules, '@steepest', name), 'junction');
  }
}
