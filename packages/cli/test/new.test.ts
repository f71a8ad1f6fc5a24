import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runInProcess } from './run-in-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-new-'));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

it('`new` creates a package in the folder where it is called, and says what comes next', async () => {
  const { exitCode, output, errors } = await runInProcess(
    ...['new', 'slow-lion', '--package', '@me/optim-slow-lion', '--class', 'CalmLion'],
  );
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  const files = await readdir(join(folder, 'optim-slow-lion'), { recursive: true });
  for (const file of files.filter((name) => /\./.test(name))) {
    expect(output).toContain(`optim-slow-lion/${file.replaceAll('\\', '/')}`);
  }
  expect(output).toContain('cd optim-slow-lion && npm install');
  expect(output).toContain('CalmLion starts as');
  const { name } = JSON.parse(await readFile(join(folder, 'optim-slow-lion', 'package.json'), 'utf8'));
  expect(name).toBe('@me/optim-slow-lion');
});

it('`new --recorder` copies the recorder of PyTorch runs alone', async () => {
  const target = join(folder, 'reference');
  const { exitCode, output } = await runInProcess('new', '--recorder', target);
  expect(exitCode).toBe(0);
  expect(output).toContain(`wrote ${join(target, 'torch_trajectories.py')}`);
  expect(await readdir(target)).toEqual(['torch_trajectories.py']);
  const again = await runInProcess('new', '--recorder', target);
  expect(again).toMatchObject({ exitCode: 2, output: '' });
  expect(again.errors).toContain('error: torch_trajectories.py exists already; nothing was changed');
});

it.each([
  [[], 'error: give the optimizer a name, as in: npx @steepest/cli new ada-belief'],
  [['Slow_Lion'], 'did you mean "slow-lion"?'],
  [['slow-lion', 'fast-lion'], 'error: too many arguments'],
  [['slow-lion', '--clas', 'Lion'], "error: unknown option '--clas'"],
  [['slow-lion', '--recorder', 'reference'], 'takes no name, got "slow-lion"'],
  [['slow-lion', '--package', '../lion'], 'error: --package must be a name of npm'],
])('`new` refuses %j with exit code 2, and writes nothing', async (args, message) => {
  const { exitCode, errors } = await runInProcess('new', ...args);
  expect(errors).toContain(message);
  expect(exitCode).toBe(2);
  expect(await readdir(folder)).toEqual([]);
});

it('`new --help` tells its options', async () => {
  const { exitCode, output } = await runInProcess('new', '--help');
  expect(exitCode).toBe(0);
  for (const option of ['--package <name>', '--paper-title <text>', '--recorder [folder]'])
    expect(output).toContain(option);
});
