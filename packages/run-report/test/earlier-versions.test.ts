import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { collectResults, loadResults } from '../src/index.ts';

const runs = fileURLToPath(new URL('../../run-files/test/fixtures/', import.meta.url));
const published = fileURLToPath(new URL('../../../benchmarks/lm-comparison/results/', import.meta.url));

it.each(['sweep', 'tuned'])(
  'run folders of version 0.1 are reported with the same numbers: %s',
  async (name) => {
    const { date: _, ...then } = JSON.parse(await readFile(join(runs, name, 'results.json'), 'utf8'));
    const { date: __, ...now } = JSON.parse(JSON.stringify(await collectResults(join(runs, name))));
    // Later versions say more, and test differences by another rule; what was said then of the trials stays.
    const { rule: ___, ...tested } = then.significance;
    expect(now).toMatchObject({ ...then, significance: tested });
  },
);

it.each(['learning-rate', 'tuned', 'layers', 'hybrids'])(
  'results that were published are read: %s',
  async (name) => {
    const folder = join(published, name);
    const then = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'));
    const now = await loadResults(folder);
    expect(now.trials).toHaveLength(then.trials.length);
    const losses = (results: typeof now) =>
      results.optimizers.map((own) => [own.name, own.finalValidationLoss]);
    expect(losses(now)).toEqual(losses(then));
  },
);
