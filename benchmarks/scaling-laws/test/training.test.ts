import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { main } from '../src/command-line.ts';
import { lossCurves } from '../src/training/loss-curves.ts';
import { runFile } from '../src/training/run-file.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scaling-laws-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('an experiment is trained by lm-comparison, and its loss curves read with sizes that leave out the embedding', async () => {
  const file = join(folder, 'tiny.yaml');
  await writeFile(
    file,
    `name: tiny
model: { size: nano, modelWidth: 16, layers: 3, heads: 2 }
budget: { steps: 4, batchSize: 2, contextLength: 8 }
evaluation: { points: 3, sequences: 2 }
optimizers: { adam: { learningRate: 1e-3 } }
`,
  );
  const out = join(folder, 'tiny');
  expect(await runFile(file, { out, parallel: 1 })).toBe('ended');
  const curves = await lossCurves(out);
  expect(curves.map(({ steps }) => steps)).toEqual([1, 4]);
  for (const { parameters, batchTokens, loss } of curves) {
    expect(parameters).toBe(12 * 3 * 16 ** 2);
    expect(batchTokens).toBe(16);
    // A model that knows nothing loses log 4,096 = 8.3 nats, and more while its first weights mislead it.
    expect(loss).toBeGreaterThan(8);
    expect(loss).toBeLessThan(10);
  }
});

it('a run that fails says so, and one whose time is up is not begun', async () => {
  const file = join(folder, 'absent.yaml');
  await expect(runFile(file, { out: join(folder, 'absent') })).rejects.toThrow(
    /absent\.yaml: the run ended with exit code 1/,
  );
  expect(await runFile(file, { out: join(folder, 'late'), deadline: performance.now() })).toBe('interrupted');
});

it('wrong usage ends with exit code 2', async () => {
  expect(await main(['su', '--hours', '0'])).toBe(2);
  expect(await main(['sue'])).toBe(2);
});

it.each([
  ['su', '--sweep'],
  ['schedules', '--sweep'],
  ['adaptive-context', '--fixed'],
])('paths of %s are relative to where npm was called', async (command, option) => {
  vi.stubEnv('INIT_CWD', folder);
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await main([command, option, 'none.yaml', '--out', 'mine'])).toBe(1);
  const message = String(errors.mock.lastCall);
  expect(message).toContain(`${join(folder, 'none.yaml')}: the run ended with exit code 1`);
  expect(message).toContain(`its runs are in ${join(folder, 'mine')}`);
});

it('a sweep in a file is found where npm was called', async () => {
  vi.stubEnv('INIT_CWD', folder);
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await main(['learning-rate-batch-size', 'none.csv'])).toBe(1);
  expect(String(errors.mock.lastCall)).toContain(`'${join(folder, 'none.csv')}'`);
});
