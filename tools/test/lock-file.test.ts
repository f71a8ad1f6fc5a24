import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from './readme-blocks.ts';

interface LockedPackage {
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const installed = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);

it('locks every package by its content, and names no registry', () => {
  expect(installed.length).toBeGreaterThan(500);
  for (const [path, { integrity, resolved }] of installed) {
    expect(integrity, path).toMatch(/^sha512-/);
    expect(resolved, path).toBeUndefined();
  }
});

// Nothing that a user installs asks for more than to be named; MPL covers the files of resvg alone, OFL the font of the figures.
it('brings users only licenses that ask no more than attribution, file by file', () => {
  const permissive = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'];
  const allowed = new Set([...permissive, 'Apache-2.0 AND MIT', 'MIT AND OFL-1.1']);
  const others = installed.filter(([, { dev, license }]) => dev !== true && !allowed.has(license ?? 'none'));
  const names = others.map(([path, { license }]) => `${path.replace(/.*node_modules\//, '')} ${license}`);
  expect(names.filter((name) => !/^@resvg\/resvg-js(-[\w-]+)? MPL-2\.0$/.test(name))).toEqual([]);
});

// Each runs code on the machine of everyone who installs it: a new one is read before it is listed here.
it('runs no install script but those known to need none: the project works with --ignore-scripts', () => {
  const known = ['core-js', 'esbuild', 'msgpackr-extract', 'webgpu'];
  const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([path]) => path.replace(/.*node_modules\//, ''));
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});
