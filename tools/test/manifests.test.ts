import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from './readme-blocks.ts';

const read = (...path: string[]) => readFileSync(join(repositoryRoot, ...path), 'utf8');
const packages = readdirSync(join(repositoryRoot, 'packages'))
  .map((folder) => ({ folder, manifest: JSON.parse(read('packages', folder, 'package.json')) }))
  .filter(({ manifest }) => manifest.private !== true);

// What npm's page of a package shows, and what the license asks of every copy.
describe.each(packages)('packages/$folder', ({ folder, manifest }) => {
  it('comes with the license of the project', () => {
    expect(read('packages', folder, 'LICENSE')).toBe(read('LICENSE'));
    expect(manifest.license).toBe('MIT');
  });

  it('says what it is, where it lives and whom to tell of a bug', () => {
    const { homepage, bugs, author, repository, description, keywords, engines, publishConfig } = manifest;
    expect({ homepage, bugs, author, repository, engines, publishConfig }).toEqual({
      homepage: `https://github.com/steepest-js/steepest/tree/main/packages/${folder}#readme`,
      bugs: { url: 'https://github.com/steepest-js/steepest/issues' },
      author: 'The Steepest authors (https://github.com/steepest-js)',
      repository: {
        type: 'git',
        url: 'git+https://github.com/steepest-js/steepest.git',
        directory: `packages/${folder}`,
      },
      engines: { node: '>=20.19.0' },
      publishConfig: { access: 'public' },
    });
    expect(description.length).toBeGreaterThan(20);
    expect(keywords).toEqual(expect.arrayContaining(['tensorflow.js', 'tfjs']));
    expect(new Set(keywords).size).toBe(keywords.length);
  });
});

describe.each(readdirSync(join(repositoryRoot, '.github', 'workflows')))('the workflow %s', (file) => {
  const text = read('.github', 'workflows', file);

  it('uses actions at a commit, with the version that it is', () => {
    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action!);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('has no permission but those that a job asks for', () => {
    expect(text).toMatch(/^permissions: \{\}$/m);
    expect(text).not.toMatch(/write-all|read-all/);
  });
});
