import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { lossLimits } from '../src/tuning/loss-limits.ts';

const folder = await mkdtemp(join(tmpdir(), 'steepest-loss-limits-'));
afterAll(() => rm(folder, { recursive: true }));

const budget = { steps: 100, batchSize: 4, contextLength: 8 };
await mkdir(join(folder, 'best'));
const lines = [0, 10, 40, 100].map((step) => ({
  kind: 'evaluation',
  step,
  tokens: 32 * step,
  loss: 5 - step / 100,
}));
await writeFile(
  join(folder, 'best', 'metrics.jsonl'),
  lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
);
const limitsOf = (other: object) =>
  lossLimits(
    folder,
    { trial: 'best', budget },
    { budget: { ...budget, ...other } },
    { margin: 0.5, after: 0.2 },
  );

it('a trial is hopeless above the losses of the best at its later evaluations and a margin', async () => {
  expect(await limitsOf({})).toEqual({ limits: { 40: 5.1, 100: 4.5 }, margin: 0.5, best: 'best' });
});

// At step 40 it has read a quarter of the tokens that the best had read there, or is elsewhere in its schedule.
it.each([{ batchSize: 1, steps: 400 }, { steps: 200 }, { contextLength: 4 }])(
  'a trial with %j is not measured by the steps of another length',
  async (other) => {
    expect(await limitsOf(other)).toBeUndefined();
  },
);
