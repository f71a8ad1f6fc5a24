import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyWorkspace } from '../workspace-copy/workspace-copy.ts';
import { repositoryRoot } from './readme-blocks.ts';

interface RunOptions {
  /** Working directory from the root of the copy. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Titles of the tests that ran, and what kept a file of them from being run. */
export interface TestOutcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly files: number;
}

/** What vitest's json reporter writes. */
interface TestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** A copy of the repository's working tree that shares its installed packages, so that commands may change it. */
export class RepositoryCopy {
  readonly root = copyWorkspace(repositoryRoot);

  path(...segments: string[]): string {
    return join(this.root, ...segments);
  }

  /** Runs a program in a folder of the copy. @throws Error with all it printed unless it exits with 0. */
  async run(
    command: string,
    args: readonly string[],
    { folder = '.', env = {} }: RunOptions = {},
  ): Promise<string> {
    // As from a shell: nothing of the runners that these tests have around them.
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|TURBO_|NODE_OPTIONS|NODE_ENV)/.test(name),
    );
    try {
      const { stdout } = await promisify(execFile)(command, args, {
        cwd: this.path(folder),
        env: { ...Object.fromEntries(inherited), ...env },
        maxBuffer: 64 * 2 ** 20,
        shell: process.platform === 'win32',
      });
      return stdout;
    } catch (error) {
      const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string };
      throw new Error([message, stdout, stderr].join('\n'));
    }
  }

  /** Runs a script of the root's package.json, or of another folder's. */
  runNpm(script: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return this.run('npm', ['run', '--silent', script, '--', ...args], options);
  }

  /** What a program prints that stands at the root of the copy. */
  runScript(file: string, code: string): Promise<string> {
    writeFileSync(this.path(file), code);
    return this.run(process.execPath, ['--conditions=@steepest/source', '--import', 'tsx', file]);
  }

  /** Runs tests of the copy, whatever becomes of them. @param args Paths and options of vitest. */
  async runTests(args: readonly string[], env: RunOptions['env'] = {}): Promise<TestOutcome> {
    const outputFile = this.path('test-report.json');
    rmSync(outputFile, { force: true });
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile=${outputFile}`];
    await this.run(process.execPath, [...vitest, ...args], { env }).catch(() => undefined);
    const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8')) as TestReport;
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const titles = (status: string) =>
      tests.filter((test) => test.status === status).map(({ title }) => title);
    const broken = testResults.flatMap(({ message }) => (message === '' ? [] : [message]));
    return { passed: titles('passed'), failed: [...broken, ...titles('failed')], files: testResults.length };
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
