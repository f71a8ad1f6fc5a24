import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { InstallReport } from '../src/install/report.ts';

/** A folder for each test, in which the cache folder is, and an environment that is put back after it. */
export function useTemporaryFolder(): {
  readonly path: string;
  write(name: string, content: string | Buffer): string;
} {
  let path = '';
  let environment = { ...process.env };
  beforeEach(() => {
    environment = { ...process.env };
    path = mkdtempSync(join(tmpdir(), 'steepest-tensorflow-'));
    process.env.XDG_CACHE_HOME = join(path, 'cache');
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    rmSync(path, { recursive: true, force: true });
  });
  return {
    get path() {
      return path;
    },
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

/** A program that is a shell script. */
export function script(file: string): string {
  chmodSync(file, 0o755);
  return file;
}

/** A report that keeps its steps. */
export function keptReport(): InstallReport & { readonly steps: string[]; readonly fractions: number[] } {
  const steps: string[] = [];
  const fractions: number[] = [];
  return {
    steps,
    fractions,
    step: (text) => steps.push(text),
    progress: (fraction) => fractions.push(fraction),
    showsPrograms: false,
  };
}
