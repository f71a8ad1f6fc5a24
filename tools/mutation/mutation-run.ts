import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';
import { copyWorkspace } from '../workspace-copy/workspace-copy.ts';
import { extendMutators } from './mutators.ts';

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
}

type StrykerOptions = ConstructorParameters<typeof Stryker>[0];
type StrykerResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

const vitestConfig = 'vitest.mutation.config.ts';
const setupFile = fileURLToPath(new URL('./process-setup.ts', import.meta.url));

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
  }

  /**
   * Mutates one file and runs the tests against every mutant.
   *
   * @param file Path from the package.
   * @param source Its text.
   * @throws Error if the tests fail without any mutation.
   */
  async mutate(file: string, source: string): Promise<MutantResult[]> {
    await extendMutators();
    const options: StrykerOptions = {
      mutate: [`${this.folder}/${file}`],
      ignorePatterns: ['**', `!${this.folder}/**`],
      inPlace: true,
      disableTypeChecks: false,
      testRunner: 'vitest',
      plugins: ['@stryker-mutator/vitest-runner'],
      vitest: { configFile: vitestConfig, related: false },
      coverageAnalysis: 'perTest',
      concurrency: this.options.concurrency,
      // A busy machine must not look like an endless loop: the loop is ended by Stryker's own count of hits.
      timeoutMS: 120_000,
      timeoutFactor: 10,
      dryRunTimeoutMinutes: 60,
      incremental: true,
      incrementalFile: this.options.resultsFile,
      reporters: [],
      logLevel: 'error' as NonNullable<StrykerOptions['logLevel']>,
      allowConsoleColors: false,
      warnings: false,
    };
    const results = await new Stryker(options).runMutationTest();
    const path = join(this.root, this.folder, file);
    return results
      .filter(({ fileName, status }) => fileName === path && status !== 'Ignored')
      .map((result) => describe(file, source, result));
  }

  dispose(): void {
    process.chdir(this.startFolder);
    process.off('exit', this.removeCopy);
    this.removeCopy();
  }
}

/**
 * Runs the tests of one package, the quickest file first, since one failure is enough. Files that fail to load are told
 * to Vitest as errors: Stryker's runner takes a file without tests for one that passes.
 */
function configText(folder: string): string {
  return `import { BaseSequencer } from 'vitest/node';
import base from './vitest.config.ts';

const durations = new Map();
let state;

const observer = {
  onInit: (vitest) => {
    state = vitest.state;
  },
  onTestModuleEnd: (module) => {
    if (!durations.has(module.moduleId)) durations.set(module.moduleId, module.diagnostic().duration);
    for (const error of module.errors()) state.catchError(error, 'Load error');
  },
};

class QuickestFirst extends BaseSequencer {
  async sort(files) {
    const duration = ({ moduleId }) => durations.get(moduleId) ?? 0;
    return [...files].sort((a, b) => duration(a) - duration(b));
  }
}

export default {
  ...base,
  test: {
    ...base.test,
    include: ['${folder}/test/**/*.test.ts'],
    setupFiles: [${JSON.stringify(setupFile)}],
    reporters: [observer],
    sequence: { sequencer: QuickestFirst },
  },
};
`;
}

function fateOf(status: string): Fate {
  switch (status) {
    case 'Killed':
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
  file: string,
  source: string,
  { location: { start, end }, replacement = '', status }: StrykerResult,
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
    fate: fateOf(status),
  };
}
