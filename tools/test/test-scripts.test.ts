import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from './readme-blocks.ts';

const workspaces = ['packages', 'benchmarks']
  .flatMap((folder) => readdirSync(join(repositoryRoot, folder)).map((name) => `${folder}/${name}`))
  .filter((workspace) => existsSync(join(repositoryRoot, workspace, 'test')));

/** How a package runs all of its test files in one process, which loads tfjs and the sources once. */
const inOneProcess = ' --no-isolate --maxWorkers=1';
/** What a test file would leave to those after it in the same process: another backend, mocks, an environment, globals. */
const leftBehind =
  /setBackend|registerBackend|copyRegisteredKernels|\.env\(\)|enable\w+Mode|\bvi\b|process\.(env|chdir|on)\b|globalThis|Math\.random =|console\.\w+ =|backend-wasm/;

const scriptOf = (workspace: string): string =>
  JSON.parse(readFileSync(join(repositoryRoot, workspace, 'package.json'), 'utf8')).scripts.test;

// `npm test` runs the script of every package: one without it would not be tested, and nobody would be told.
it.each(workspaces)('%s is tested by npm test', (workspace) => {
  const script = `cd ../.. && vitest run ${workspace}/`;
  expect([script, `${script}${inOneProcess}`]).toContain(scriptOf(workspace));
});

it.each(workspaces.filter((workspace) => scriptOf(workspace).endsWith(inOneProcess)))(
  '%s, whose test files share a process, has none that could change what another one tests',
  (workspace) => {
    const folder = join(repositoryRoot, workspace, 'test');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.filter((file) => leftBehind.test(readFileSync(join(folder, file), 'utf8')))).toEqual([]);
  },
);
