import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { StrykerObserver, StrykerResult, StrykerTest } from './stryker-observer.mjs';

/** Results of which a stop may cost the last few. */
const resultsPerWrite = 10;

interface KeptFile {
  readonly source: string;
  readonly language: 'typescript';
  readonly mutants: unknown[];
}

interface KeptTestFile {
  readonly source: string;
  readonly tests: unknown[];
}

/**
 * Writes the file from which Stryker resumes while a run continues. Stryker itself writes it at the end of a run, which a
 * run of hours may not reach: the format is that of its reports.
 */
export class KeptResults implements StrykerObserver {
  private readonly files: Record<string, KeptFile> = {};
  private readonly testFiles: Record<string, KeptTestFile> = {};
  private unwritten = 0;

  /**
   * @param path Of the file.
   * @param root Folder of the copy of the repository.
   * @param sources Texts of the files that are mutated there, by their absolute paths.
   */
  constructor(
    private readonly path: string,
    private readonly root: string,
    private readonly sources: ReadonlyMap<string, string>,
  ) {}

  onTests(tests: readonly StrykerTest[]): void {
    for (const { id, name, fileName = '' } of tests) {
      const key = this.keyOf(fileName);
      this.testFiles[key] ??= { source: this.sourceOf(fileName), tests: [] };
      this.testFiles[key].tests.push({ id, name });
    }
  }

  onResult({ fileName, ...mutant }: StrykerResult): void {
    const key = this.keyOf(fileName);
    this.files[key] ??= { source: this.sourceOf(fileName), language: 'typescript', mutants: [] };
    this.files[key].mutants.push(mutant);
    if (++this.unwritten >= resultsPerWrite) this.write();
  }

  private write(): void {
    const { files, testFiles } = this;
    const report = { schemaVersion: '1.0', thresholds: { high: 80, low: 60 }, files, testFiles };
    writeFileSync(`${this.path}.unfinished`, JSON.stringify(report));
    renameSync(`${this.path}.unfinished`, this.path);
    this.unwritten = 0;
  }

  private keyOf(file: string): string {
    return relative(this.root, join(file)).replaceAll('\\', '/');
  }

  private sourceOf(file: string): string {
    return this.sources.get(file) ?? readFileSync(file, 'utf8');
  }
}
