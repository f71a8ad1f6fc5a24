/**
 * Runs before the tests of a mutation run and carries Stryker's bookkeeping into the processes and threads that they
 * start: which mutant is active, and, while coverage is measured, which mutants they ran.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, inject } from 'vitest';

/** What Stryker's instrumentation keeps in a global variable: how often each mutant was run, by its id. */
interface StrykerNamespace {
  currentTestId?: string;
  hitCount?: number;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

const provided = (key: string): string => inject(key as never);

function strykerNamespace(): StrykerNamespace {
  const globals = globalThis as unknown as Record<string, StrykerNamespace>;
  globals[provided('globalNamespace')] ??= {};
  return globals[provided('globalNamespace')]!;
}

if (provided('mode') === 'mutant') {
  process.env.__STRYKER_ACTIVE_MUTANT__ = provided('activeMutant');
  beforeEach(() => {
    // The limit of hits is that of one test; Stryker itself counts those of a file.
    strykerNamespace().hitCount = 0;
  });
} else {
  const folder = join(process.cwd(), '.mutants-of-processes');
  mkdirSync(folder, { recursive: true });
  process.env.MUTANTS_FOLDER = folder;
  process.env.MUTANTS_NAMESPACE = provided('globalNamespace');
  const preload = new URL('./process-coverage.mjs', import.meta.url).href;
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${preload}`;

  afterEach(() => {
    const stryker = strykerNamespace();
    stryker.mutantCoverage ??= { static: {}, perTest: {} };
    stryker.mutantCoverage.perTest[stryker.currentTestId!] ??= {};
    const ofTest = stryker.mutantCoverage.perTest[stryker.currentTestId!]!;
    for (const name of readdirSync(folder)) {
      const hits = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, number>;
      for (const [mutant, count] of Object.entries(hits)) ofTest[mutant] = (ofTest[mutant] ?? 0) + count;
      rmSync(join(folder, name));
    }
  });
}
