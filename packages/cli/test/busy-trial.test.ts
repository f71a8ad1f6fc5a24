import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HeldLock, takeLock } from '@steepest/run-files';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { shortText } from './bench-process.ts';
import { runInProcess } from './run-in-process.ts';

// The command line as it is, but for the minute that a trial waits for another process.
const patienceSeconds = 0.2;
vi.mock('@steepest/experiments', async (importOriginal) => {
  const original = await importOriginal<typeof import('@steepest/experiments')>();
  return {
    ...original,
    runExperiment: ((experiment, options) =>
      original.runExperiment(experiment, {
        ...options,
        patienceSeconds,
      })) satisfies typeof original.runExperiment,
    runPlannedTrial: ((index, folder, options) =>
      original.runPlannedTrial(index, folder, {
        ...options,
        patienceSeconds,
      })) satisfies typeof original.runPlannedTrial,
  };
});

const trial = 'adam-lr1e-3-seed1';
let folder: string;
let file: string;
let out: string;
let lock: HeldLock;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-busy-trial-'));
  file = join(folder, 'busy.yaml');
  out = join(folder, 'out');
  await writeFile(
    file,
    `name: busy
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 2, batchSize: 2, contextLength: 16 }
optimizers: { adam: { learningRate: 1e-3 } }
${await shortText(folder)}`,
  );
  expect((await runInProcess('plan', file, '--out', out)).exitCode).toBe(0);
  await mkdir(join(out, trial), { recursive: true });
  lock = (await takeLock(join(out, trial, 'trial.lock'))) as HeldLock;
});

afterAll(async () => {
  await lock.release();
  await rm(folder, { recursive: true, force: true });
});

it.each([
  ['run', '--trial', '0'],
  ['run', 'FILE'],
])(
  'a trial that another process keeps training ends %s %s with exit code 1 and its reason, and is left alone',
  async (...args) => {
    const { exitCode, output } = await runInProcess(
      ...args.map((arg) => (arg === 'FILE' ? file : arg)),
      '--out',
      out,
    );
    const holder = `process ${process.pid} on `;
    expect(output).toContain(`${trial}: waiting for ${holder}`);
    expect(output).toMatch(new RegExp(`✗ ${trial}  failed: ${trial} is already being trained by ${holder}`));
    expect(exitCode).toBe(1);
    expect((await readdir(join(out, trial))).sort()).toEqual(['config.json', 'trial.lock']);
  },
);
