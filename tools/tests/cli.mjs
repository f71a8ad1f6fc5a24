// Runs the tests of every package whose files, or whose dependencies' files, changed since they last passed here. What turbo cannot
// see decides as well: the version of Node, and what the tests look for on this machine. With --thorough tests repeat more, and
// train longer, than is needed to notice most mistakes.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'redis-server', 'python3'];

/** Names of the programs on the path that tests use where they are. */
function programs() {
  const folders = (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':');
  return browsers.filter((name) => folders.some((folder) => existsSync(join(folder, name))));
}

/** Every file below a folder, with its size and time. */
function listing(folder) {
  if (!existsSync(folder)) return 'absent';
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return entries.map((entry) => {
    const { size, mtimeMs } = statSync(join(entry.parentPath, entry.name));
    return [join(entry.parentPath, entry.name), size, mtimeMs];
  });
}

const environment = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  programs: programs(),
  tensorflow:
    existsSync(join(caches, 'steepest', 'tensorflow')) && readdirSync(join(caches, 'steepest', 'tensorflow')),
  // Data and recordings beside the repository, which some tests compare with.
  beside: listing(join(dirname(root.replace(/\/$/, '')), 'shared')),
};
const turbo = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'turbo.cmd' : 'turbo');
const options = [
  '--env-mode=loose',
  '--continue',
  `--concurrency=${availableParallelism()}`,
  '--output-logs=new-only',
  // The tests of a package in one piece, as vitest prints them.
  '--log-order=grouped',
  '--log-prefix=none',
];
const args = process.argv.slice(2);
const { status } = spawnSync(
  turbo,
  ['run', 'test', ...options, ...args.filter((arg) => arg !== '--thorough')],
  {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: '1',
      STEEPEST_TEST_ENVIRONMENT: JSON.stringify(environment),
      ...(args.includes('--thorough') ? { STEEPEST_THOROUGH: '1' } : {}),
    },
  },
);
process.exitCode = status ?? 1;
