/** Has npm do all of a publication of every package but the sending, and looks into what it would send. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `npm publish --json` says of each package. */
type Published = Readonly<Record<string, { readonly files: readonly { readonly path: string }[] }>>;

/**
 * Publishes every package without publishing it: npm accepts each manifest as it is, and each tarball has its license, its README, and
 * every file that the manifest names.
 *
 * @param root this repository, with every package built
 * @returns how many packages were looked at
 * @throws Error that says what npm refuses or corrects, or which file is missing
 */
export function publishDry(root: string): number {
  const args = ['publish', '--dry-run', '--json', '--ignore-scripts', '--workspaces'];
  // A dry run asks the registry for nothing that it needs; a closed port answers at once.
  const offline = ['--registry', 'http://127.0.0.1:9/', '--fetch-retries', '0'];
  const { status, stdout, stderr } = spawnSync('npm', [...args, ...offline], { cwd: root, encoding: 'utf8' });
  const corrected = stderr
    .split('\n')
    .filter((line) => /auto-corrected|errors corrected|was invalid/.test(line));
  if (status !== 0 || corrected.length > 0) throw new Error(corrected.join('\n') || stderr);
  const published = JSON.parse(stdout) as Published;
  const problems = readdirSync(join(root, 'packages')).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
    const { name, exports, main, module, types, bin } = manifest;
    const sent = new Set(published[name]?.files.map(({ path }) => path));
    const named = ['LICENSE', 'README.md', ...namedFiles({ exports, main, module, types, bin })];
    const missing = named.filter((path) => !sent.has(path));
    return missing.length === 0 ? [] : [`${name} would be published without ${missing.join(', ')}`];
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return Object.keys(published).length;
}

/** The files that a part of a manifest names, anywhere in it. */
function namedFiles(value: unknown): string[] {
  if (typeof value === 'string') return [value.replace(/^\.\//, '')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namedFiles) : [];
}
