import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatValue } from '@steepest/experiments';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchEnd, bench, startBench, untilLines } from './bench-process.ts';

const text = `name: tiny
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 8, batchSize: 2, contextLength: 16 }
evaluation: { points: 3, sequences: 4 }
parallel: 2
tune: { trials: 4 }
optimizers:
  adam: { learningRate: [1e-3, 1e-2], beta1: [0.8, 0.9, 0.95] }
  sgd: { learningRate: [1e-1, 1e30], momentum: [0.9, 0.95] }
`;

let folder: string;
let file: string;
let out: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-'));
  file = join(folder, 'tiny.yaml');
  out = join(folder, 'tiny');
  await writeFile(file, text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function trialFolders(): Promise<string[]> {
  return (await readdir(out)).filter((name) => name.includes('-seed'));
}

describe('tune', () => {
  let end: BenchEnd;

  beforeAll(async () => {
    const { child, ended } = startBench(['tune', file, '--out', out]);
    // The middle of both grids comes first.
    await untilLines(out, 'adam-lr1e-3-beta1_0.9-seed1', 3);
    child.kill('SIGKILL');
    await ended;
    end = await bench('tune', file, '--out', out);
  });

  it('stopped at any moment continues from its run files, and gives every optimizer as many settings', async () => {
    const { code, errors, output } = end;
    expect(errors).toBe('');
    expect(code).toBe(0);
    const { optimizers } = JSON.parse(await readFile(join(out, 'tune.json'), 'utf8'));
    expect(
      optimizers.map(({ name, settings }: { name: string; settings: number }) => [name, settings]),
    ).toEqual([
      ['adam', 4],
      ['sgd', 4],
    ]);
    expect(await trialFolders()).toHaveLength(8);
    expect(optimizers[1].trials.diverged).toBeGreaterThan(0);
    expect(optimizers[1].best.learningRate).toBe(0.1);
    for (const { best, loss, rows } of optimizers) {
      const at = rows.filter((row: { best: boolean }) => row.best);
      expect(at.map((row: { key: string }) => row.key)).toEqual(['learningRate', Object.keys(best)[1]]);
      expect(Math.min(...rows.flatMap((row: { loss: number | null }) => row.loss ?? []))).toBe(loss);
    }
    expect(output).toMatch(/Adam: \d\.\d{4} at learningRate .* \(4 settings/);
    expect(output).toContain('1e+30: none');
    expect(await readFile(join(out, 'tuning.md'), 'utf8')).toContain('## SGD');
    const page = await readFile(join(out, 'report.html'), 'utf8');
    for (const { title, loss, best } of optimizers) {
      expect(page).toContain(`<h3>${title}</h3>`);
      const cell = `${formatValue(best.learningRate)}: ${loss.toFixed(4)}*`;
      expect(page).toContain(`<strong>${cell}</strong>`);
    }
  });

  it('repeats nothing when asked again', async () => {
    const before = await Promise.all(
      (await trialFolders()).map(async (name) => (await stat(join(out, name, 'summary.json'))).mtimeMs),
    );
    expect((await bench('tune', file, '--out', out)).code).toBe(0);
    const names = await trialFolders();
    const after = await Promise.all(
      names.map(async (name) => (await stat(join(out, name, 'summary.json'))).mtimeMs),
    );
    expect(after).toEqual(before);
  });

  it('gives a hopeless trial up only when asked to, and says so', async () => {
    const hopeless = join(folder, 'hopeless.yaml');
    // Half of the steps' evaluations come before the end; a rate of 1e-30 learns nothing by then.
    await writeFile(
      hopeless,
      text
        .replace(/optimizers:[\s\S]*/, 'optimizers:\n  adam: { learningRate: [3e-2, 1e-30] }\n')
        .replace('steps: 8', 'steps: 60')
        .replace('points: 3', 'points: 6'),
    );
    const stopped = join(folder, 'hopeless');
    const { code, output } = await bench('tune', hopeless, '--out', stopped, '--stop-hopeless', '0.05');
    expect(code).toBe(0);
    const summary = JSON.parse(await readFile(join(stopped, 'adam-lr1e-30-seed1', 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({ status: 'stopped', finalValidationLoss: null });
    expect(summary.steps).toBeLessThan(60);
    expect(summary.reason).toMatch(
      /^stopped at step \d+: its validation loss of .* was more than 0\.05 above .* of adam-lr3e-2-seed1/,
    );
    expect(output).toContain('trials 1 stopped');
    // Without the permission the same trial is trained to its end.
    expect((await bench('tune', hopeless, '--out', stopped)).code).toBe(0);
    const whole = JSON.parse(await readFile(join(stopped, 'adam-lr1e-30-seed1', 'summary.json'), 'utf8'));
    expect(whole).toMatchObject({ status: 'finished', steps: 60 });
  });
});
