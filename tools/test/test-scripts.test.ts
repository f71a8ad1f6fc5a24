import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from './readme-blocks.ts';

const workspaces = ['packages', 'benchmarks']
  .flatMap((folder) => readdirSync(join(repositoryRoot, folder)).map((name) => `${folder}/${name}`))
  .filter((workspace) => existsSync(join(repositoryRoot, workspace, 'test')));

// `npm test` runs the script of every package: one without it would not be tested, and nobody would be told.
it.each(workspaces)('%s is tested by npm test', (workspace) => {
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, workspace, 'package.json'), 'utf8'));
  expect(manifest.scripts.test).toBe(`cd ../.. && vitest run ${workspace}/`);
});
