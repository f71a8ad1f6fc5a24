import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'steepest-kernels-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script where the compiler leaves a mark. */
function compileMissing(): boolean {
  const mark = join(folder, 'compiled');
  rmSync(mark, { force: true });
  execFileSync(process.execPath, [join(folder, 'scripts', 'compile-missing.mjs')], { stdio: 'ignore' });
  return existsSync(mark);
}

it('kernels that are missing or made from other sources are compiled, and others are not', () => {
  for (const name of ['scripts', 'assembly', 'src/generated'])
    mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['compile-missing.mjs', 'source-hash.mjs']) {
    cpSync(fileURLToPath(new URL(`../scripts/${name}`, import.meta.url)), join(folder, 'scripts', name));
  }
  writeFileSync(
    join(folder, 'scripts', 'compile.mjs'),
    `import { writeFileSync } from 'node:fs';
    import { madeFrom, sourceHash } from './source-hash.mjs';
    const write = (name, text) => writeFileSync(new URL(name, import.meta.url), text);
    write('../src/generated/kernels.ts', madeFrom(await sourceHash()) + '\\nexport const kernels = 1;');
    write('../compiled', '');`,
  );
  const source = join(folder, 'assembly', 'kernel.ts');
  writeFileSync(source, 'export function add(a: i32, b: i32): i32 {}\n');
  expect(compileMissing()).toBe(true);
  expect(compileMissing()).toBe(false);
  // Only the line ends differ.
  writeFileSync(source, 'export function add(a: i32, b: i32): i32 {}\r\n');
  expect(compileMissing()).toBe(false);
  writeFileSync(source, 'export function add(a: i32, b: i32, c: i32): i32 {}\n');
  expect(compileMissing()).toBe(true);
  writeFileSync(join(folder, 'assembly', 'other.ts'), '');
  expect(compileMissing()).toBe(true);
  expect(compileMissing()).toBe(false);
});

it('the benchmark and the tests begin with that', () => {
  const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const script = 'packages/wasm-kernels/scripts/compile-missing.mjs';
  expect(JSON.parse(read('package.json')).scripts.bench).toMatch(new RegExp(`^node ${script} && `));
  expect(read('vitest.config.ts')).toContain(script);
});
