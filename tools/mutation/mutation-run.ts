import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';
import { chooseDriver } from '../../packages/backend/test/webgpu/adapter.ts';
import { copyWorkspace } from '../workspace-copy/workspace-copy.ts';
import { KeptResults } from './kept-results.ts';
import { isOfPart, type MutantPart } from './mutant-part.ts';
import { extendMutators } from './mutators.ts';
import { observers, type StrykerObserver, type StrykerResult } from './stryker-observer.mjs';

/** What became of a mutant. */
export type Fate = 'killed' | 'timed out' | 'survived' | 'uncovered';

/** One change of the source, and whether a test noticed. */
export interface MutantResult {
  /** Path from the package, for instance `src/lion-rule.ts`. */
  readonly file: string;
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
  /** The source that was replaced. */
  readonly original: string;
  readonly replacement: string;
  /** The first and last of the lines that the mutant changes, joined, before and after. */
  readonly before: string;
  readonly after: string;
  readonly fate: Fate;
}

export interface MutationRunOptions {
  readonly repository: string;
  /** Folder name under `packages`. */
  readonly packageName: string;
  /** Where Stryker keeps results, so that a run that was stopped resumes and unchanged code is not tested twice. */
  readonly resultsFile: string;
  readonly concurrency: number;
  /** Which of the mutants are tested. */
  readonly part: MutantPart;
  /** Called with each result as soon as it is known. */
  readonly onResult: (mutant: MutantResult) => void;
}

/** What {@link MutationRun.mutate} returns. */
export interface MutationResults {
  readonly tested: readonly MutantResult[];
  /** How many mutants there are, in all parts. */
  readonly mutants: number;
}

type StrykerOptions = ConstructorParameters<typeof Stryker>[0];

const vitestConfig = 'vitest.mutation.config.ts';
const observerPlugin = fileURLToPath(new URL('./stryker-observer.mjs', import.meta.url));
const setupFile = fileURLToPath(new URL('./process-setup.ts', import.meta.url));
const testOrder = fileURLToPath(new URL('./test-order.ts', import.meta.url));
const testRunner = fileURLToPath(new URL('./ordered-test-runner.ts', import.meta.url));

/**
 * A package whose sources are mutated in a copy of the repository, where the package's own tests judge every mutant.
 *
 * The working directory of this process is that of the copy until {@link MutationRun.dispose}.
 */
export class MutationRun {
  private readonly startFolder = process.cwd();
  private readonly root: string;
  private readonly folder: string;
  private readonly removeCopy = (): void => rmSync(this.root, { recursive: true, force: true });

  constructor(private readonly options: MutationRunOptions) {
    this.root = copyWorkspace(options.repository);
    this.folder = `packages/${options.packageName}`;
    writeFileSync(join(this.root, vitestConfig), configText(this.folder));
    process.chdir(this.root);
    process.once('exit', this.removeCopy);
    // Tests run in threads, whose environment is a copy that Dawn does not see: it must have its driver from the process.
    chooseDriver();
  }

  /**
   * Mutates files and runs the tests against every mutant.
   *
   * @param files Paths from the package.
   * @throws Error if the tests fail without any mutation.
   */
  async mutate(files: readonly string[]): Promise<MutationResults> {
    const sources = files.map((file) => ({
      file,
      source: readFileSync(join(this.options.repository, this.folder, file), 'utf8'),
    }));
    let mutants = 0;
    await extendMutators((mutant) => {
      mutants++;
      return isOfPart(mutant, this.options.part, this.root);
    });
    const tested: MutantResult[] = [];
    const fileOf = new Map(sources.map((source) => [this.pathOf(source.file), source] as const));
    const collector: StrykerObserver = {
      onTests: () => undefined,
      onResult: (result) => {
        const source = fileOf.get(result.fileName);
        // Results of earlier runs, of other files.
        if (source === undefined || result.status === 'Ignored') return;
        const mutant = describe(source, result);
        tested.push(mutant);
        this.options.onResult(mutant);
      },
    };
    const texts = new Map(sources.map(({ file, source }) => [this.pathOf(file), source] as const));
    const kept = new KeptResults(this.options.resultsFile, this.root, texts);
    observers.add(collector).add(kept);
    try {
      await new Stryker(this.strykerOptions(files)).runMutationTest();
    } finally {
      observers.delete(collector);
      observers.delete(kept);
    }
    return { tested, mutants };
  }

  private pathOf(file: string): string {
    return join(this.root, this.folder, file);
  }

  private strykerOptions(files: readonly string[]): StrykerOptions {
    return {
      mutate: files.map((file) => `${this.folder}/${file}`),
      ignorePatterns: ['**', `!${this.folder}/**`],
      inPlace: true,
      disableTypeChecks: false,
      testRunner: 'vitest',
      plugins: ['@stryker-mutator/vitest-runner', observerPlugin],
      vitest: { configFile: vitestConfig, related: false },
      coverageAnalysis: 'perTest',
      concurrency: this.options.concurrency,
      // A busy machine must not look like an endless loop: the loop is ended by Stryker's own count of hits.
      timeoutMS: 120_000,
      timeoutFactor: 10,
      dryRunTimeoutMinutes: 60,
      incremental: true,
      incrementalFile: this.options.resultsFile,
      reporters: ['observers'],
      logLevel: 'error' as NonNullable<StrykerOptions['logLevel']>,
      allowConsoleColors: false,
      warnings: false,
    };
  }

  dispose(): void {
    process.chdir(this.startFolder);
    process.off('exit', this.removeCopy);
    this.removeCopy();
  }
}

interface Source {
  /** Path from the package. */
  readonly file: string;
  readonly source: string;
}

/** Runs the tests of one package, those that are likely to fail soon first, since one failure is enough. */
function configText(folder: string): string {
  return `import base from './vitest.config.ts';
import { LikelyKillersFirst, mutantSwitches, observer } from ${JSON.stringify(testOrder)};

export default {
  ...base,
  plugins: [mutantSwitches.plugin],
  test: {
    ...base.test,
    include: ['${folder}/test/**/*.test.ts'],
    setupFiles: [${JSON.stringify(setupFile)}],
    runner: ${JSON.stringify(testRunner)},
    reporters: [observer],
    sequence: { sequencer: LikelyKillersFirst },
  },
};
`;
}

function fateOf(status: string, reason = ''): Fate {
  switch (status) {
    case 'Killed':
      return reason.startsWith('Stryker: Hit count limit reached') ? 'timed out' : 'killed';
    // A module that no longer loads, or an error outside of any test.
    case 'RuntimeError':
      return 'killed';
    case 'Timeout':
      return 'timed out';
    case 'Survived':
      return 'survived';
    case 'NoCoverage':
      return 'uncovered';
    default:
      throw new Error(`Stryker reports a mutant as "${status}", which it should not here`);
  }
}

function describe(
  { file, source }: Source,
  { location: { start, end }, replacement = '', status, statusReason }: StrykerResult,
): MutantResult {
  const lines = source.split('\n');
  const head = lines[start.line - 1]!.slice(0, start.column - 1);
  const tail = lines[end.line - 1]!.slice(end.column - 1);
  const changed = lines.slice(start.line - 1, end.line);
  const original = changed.join('\n').slice(head.length, -tail.length || undefined);
  return {
    file,
    line: start.line,
    column: start.column,
    original,
    replacement,
    before: changed.join('\n').trim(),
    after: `${head}${replacement}${tail}`.trim(),
    fate: fateOf(status, statusReason),
  };
}
