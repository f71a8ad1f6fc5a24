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

it('kernels that an installation without scripts left out are compiled, and others are not', () => {
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(join(folder, 'src', 'generated'), { recursive: true });
  const script = fileURLToPath(new URL('../scripts/compile-missing.mjs', import.meta.url));
  cpSync(script, join(folder, 'scripts', 'compile-missing.mjs'));
  writeFileSync(
    join(folder, 'scripts', 'compile.mjs'),
    "import { writeFileSync } from 'node:fs'; writeFileSync(new URL('../compiled', import.meta.url), '');",
  );
  expect(compileMissing()).toBe(true);
  writeFileSync(join(folder, 'src', 'generated', 'kernels.ts'), '');
  expect(compileMissing()).toBe(false);
});

it('the benchmark and the tests begin with that', () => {
  const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const script = 'packages/wasm-kernels/scripts/compile-missing.mjs';
  expect(JSON.parse(read('package.json')).scripts.bench).toMatch(new RegExp(`^node ${script} && `));
  expect(read('vitest.config.ts')).toContain(script);
});
