import { describe, expect, it } from 'vitest';
import { isInRepository, npmScriptsOf, readInRepository } from './readme-blocks.ts';
import { contributing, walkthroughFiles } from './walkthrough.ts';

describe('CONTRIBUTING.md', () => {
  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readInRepository('package.json')) as { scripts: object };
    const named = npmScriptsOf(contributing);
    expect(named).toContain('new:optimizer');
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it('links only to files that exist', () => {
    const links = [...contributing.matchAll(/\]\((?!https?:)([^)#]+)(#[^)]*)?\)/g)].map(([, path]) => path!);
    expect(links).not.toEqual([]);
    expect(links.filter((path) => !isInRepository(path))).toEqual([]);
  });

  // That they work is checked with the generator of packages.
  it('gives the rule, the second implementation and the tests of its example', () => {
    expect(walkthroughFiles.map(({ path }) => path.replace('packages/optim-ada-belief/', ''))).toEqual([
      'src/ada-belief-rule.ts',
      'test/ada-belief-reference.ts',
      'test/conformance.test.ts',
    ]);
  });

  it('gives the script that recorded the runs its example is tested with', () => {
    const source = /source="(.+)"/.exec(contributing)![1];
    const cases = [...contributing.matchAll(/^record_adabelief\(\s*"(.+)"/gm)].map(([, name]) => name);
    expect(cases).toHaveLength(2);
    for (const name of cases) {
      const run = JSON.parse(readInRepository(`tools/test/fixtures/ada-belief/torch-${name}.json`));
      expect(run).toMatchObject({ source, case: `torch-${name}` });
    }
  });
});
