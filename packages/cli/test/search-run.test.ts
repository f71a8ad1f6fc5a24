import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchEnd, bench, startBench, untilLines } from './bench-process.ts';

// A learning rate of 1e-6 changes nothing in eight steps, so that the best of the list is its highest.
const text = `name: searched
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 8, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 4 }
parallel: 2
seeds: [1]
extend: true
confirm: [2, 3]
optimizers:
  adam: { learningRate: [1e-6, 1e-4, 1e-2] }
  sgd: { learningRate: [1e-6, 0.1, 1e30] }
`;

let folder: string;
let file: string;
let out: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-'));
  file = join(folder, 'searched.yaml');
  out = join(folder, 'searched');
  await writeFile(file, text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const trialFolders = async () => (await readdir(out)).filter((name) => name.includes('-seed'));

describe('an experiment that extends its lists and confirms what was best', () => {
  let end: BenchEnd;

  beforeAll(async () => {
    const { child, ended } = startBench(['run', file, '--out', out]);
    // The first trial beyond a list.
    await untilLines(out, 'adam-lr1-seed1', 2);
    child.kill('SIGKILL');
    await ended;
    end = await bench('run', file, '--out', out);
  });

  it('killed in the middle goes on from its run files to the end of the search', async () => {
    expect(end.errors).toBe('');
    expect(end.code).toBe(0);
    expect(end.output).toMatch(/trials, \d of them done earlier.*, and those that follow from their losses/);
    const results = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
    for (const { name, edges, seeds, best } of results.optimizers) {
      expect([name, edges]).toEqual([name, []]);
      expect(seeds).toBe(2);
      expect(best).toMatch(/-seed[23]$/);
    }
    const folders = await trialFolders();
    expect(folders).toContain('adam-lr1-seed1');
    expect(folders.filter((name) => !name.endsWith('-seed1'))).toHaveLength(4);
    // Of SGD's list the largest diverges, which bounds it as well as a worse loss would.
    expect(folders.filter((name) => name.startsWith('sgd') && name.endsWith('-seed1'))).toHaveLength(3);
  });

  it('has nothing left to do when it is run again', async () => {
    const before = await trialFolders();
    const { code, output } = await bench('run', file, '--out', out);
    expect(code).toBe(0);
    expect(output).toContain(`${before.length} trials, ${before.length} of them done earlier`);
    expect(await trialFolders()).toEqual(before);
  });

  it('says in a dry run, and in the list for a batch system, that more trials may follow', async () => {
    const dry = await bench('run', file, '--dry-run');
    expect(dry.output).toMatch(
      /searched: 10 trials, about .*, and what its lists gain where the best is at an end/,
    );
    const planned = await bench('plan', file, '--out', join(folder, 'planned'));
    expect(planned.output).toContain('6 trials, 0 to 5');
    expect(planned.output).toContain('When they are over, plan again');
    const known = await bench('plan', file, '--out', out);
    expect(known.output).toContain(`${(await trialFolders()).length} trials, 0 to`);
  });
});
