// cspell:ignore lionoptions opentextdataoptions promisetextdata tftrains
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deadLinks } from '../build/check-links.ts';
import { githubSlug } from '../build/github-slug.ts';
import { type DeadLink, relinked } from '../build/links.ts';
import type { Page } from '../build/page.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'site-'));
  mkdirSync(join(folder, 'guide'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const write = (file: string, body: string) =>
  writeFileSync(join(folder, file), `<html><body>${body}</body></html>`);

it('finds links to pages, files and anchors that are not there', () => {
  write('index.html', '<a href="/guide/data#files">a</a><a href="./guide/none">b</a><img src="/none.svg">');
  write('guide/data.html', '<h2 id="files">Files</h2><a href="#none">c</a><a href="../index#none">d</a>');
  expect(deadLinks(folder, '/')).toEqual([
    'guide/data.html: #none is not on guide/data.html',
    'guide/data.html: ../index#none is not on index.html',
    'index.html: ./guide/none leads to no page',
    'index.html: /none.svg leads to no page',
  ]);
});

it('follows links below the base of the site, and not those of other hosts', () => {
  write(
    'index.html',
    '<a href="/steepest/guide/data">a</a><a href="/guide/data">b</a><a href="https://example.org/x">c</a>',
  );
  write('guide/data.html', '<a href="/steepest/">d</a>');
  expect(deadLinks(folder, '/steepest/')).toEqual(['index.html: /guide/data is outside of /steepest/']);
});

const page = (text: string): Page => ({
  path: 'guide/x',
  title: 'x',
  source: 'docs/x.md',
  isEdited: true,
  text,
});
const pageOf = (file: string) => (file === 'packages/optim-lion' ? 'optimizers/lion' : undefined);

it('leads links of the repository to pages of the site, else to the repository', () => {
  const dead: DeadLink[] = [];
  const text =
    '[a](../packages/optim-lion#use) [`b`](../package.json) [c](../packages) [d](#e) [f](https://x.org) [g](none.md)';
  expect(relinked(page(text), pageOf, dead, new Set())).toBe(
    '[a](/optimizers/lion#use) [`b`](https://github.com/steepest-js/steepest/blob/main/package.json) ' +
      '[c](https://github.com/steepest-js/steepest/tree/main/packages) [d](#e) [f](https://x.org) ' +
      '[g](https://github.com/steepest-js/steepest/blob/main/docs/none.md)',
  );
  expect(dead).toEqual([{ source: 'docs/x.md', target: 'none.md' }]);
});

it('shows images of the repository from the site', () => {
  const dead: DeadLink[] = [];
  const images = new Set<string>();
  const text =
    '![A figure.](../site/files/logo.svg) [![badge](https://x.org/b.svg)](../package.json) ![none](none.svg)';
  expect(relinked(page(text), pageOf, dead, images)).toBe(
    '![A figure.](/images/site/files/logo.svg) ' +
      '[![badge](https://x.org/b.svg)](https://github.com/steepest-js/steepest/blob/main/package.json) ' +
      '![none](/images/docs/none.svg)',
  );
  expect([...images]).toEqual(['site/files/logo.svg', 'docs/none.svg']);
  expect(dead).toEqual([{ source: 'docs/x.md', target: 'none.svg' }]);
});

it('leaves code alone', () => {
  const text = 'a `[b](c.md)`\n\n```md\n[d](e.md)\n```\n\n    [f](g.md)\n';
  const dead: DeadLink[] = [];
  expect(relinked(page(text), pageOf, dead, new Set())).toBe(text);
  expect(dead).toEqual([]);
});

// As GitHub renders these headings of the repository.
it.each([
  ['new Lion(options?)', 'new-lionoptions'],
  ['openTextData(options): Promise<TextData>', 'opentextdataoptions-promisetextdata'],
  ['6. Tell its users', '6-tell-its-users'],
  ["tf.train's Adam", 'tftrains-adam'],
])('"%s" has the anchor %s', (heading, slug) => {
  expect(githubSlug(heading)).toBe(slug);
});
