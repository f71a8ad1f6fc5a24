import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Device } from './devices.ts';
import { lastLines, repository, runProgram } from './program.ts';

/** What came of the conformance suites of some optimizers. */
export interface Conformance {
  readonly passed: number;
  readonly failed: number;
  /** Names of the first checks that failed. */
  readonly failures: readonly string[];
  /** Why there is no answer, if there is none. */
  readonly problem?: string;
}

/** The part that is read of Vitest's report in JSON. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs the conformance suites of optimizer packages on TensorFlow, without the checks that are about wasm. */
export async function checkConformance(
  packages: readonly string[],
  device: Device,
  seconds: number,
): Promise<Conformance> {
  const folder = await mkdtemp(join(tmpdir(), 'gpu-check-'));
  try {
    const file = join(folder, 'report.json');
    const end = await runProgram(
      process.execPath,
      [
        join(repository, 'node_modules', 'vitest', 'vitest.mjs'),
        ...['run', '--config', 'vitest.tensorflow.config.ts', '--maxWorkers=1'],
        ...['--reporter=json', `--outputFile=${file}`],
        ...packages.map((name) => `packages/optim-${name}/test/conformance.test.ts`),
      ],
      { seconds, environment: { STEEPEST_TENSORFLOW_DEVICE: device } },
    );
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (end.code === undefined || text === undefined) {
      const problem =
        end.code === undefined
          ? `cut off after ${Math.round(seconds)} s`
          : `the tests did not run: ${lastLines(end.stderr)}`;
      return { passed: 0, failed: 0, failures: [], problem };
    }
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(text) as VitestReport;
    const failures = testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => fullName);
    return { passed: numPassedTests, failed: numFailedTests, failures: failures.slice(0, 10) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
