import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchEnd, bench, startBench, untilLines } from './bench-process.ts';

// A learning rate of 1e-6 changes next to nothing in eight steps, and one of 100 leaves no model.
const text = `name: searched
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 8, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 4 }
parallel: 2
extend: true
confirm: [2]
optimizers:
  adam: { learningRate: [1e-6, 1e-2] }
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
    await untilLines(out, 'adam-lr100-seed1', 2);
    child.kill('SIGKILL');
    await ended;
    end = await bench('run', file, '--out', out);
  });

  it('killed in the middle goes on from its run files to the end of the search', async () => {
    expect(end.errors).toBe('');
    expect(end.code).toBe(0);
    expect(end.output).toMatch(/trials, \d of them done earlier.*, and those that follow from their losses/);
    const results = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
    expect(results.optimizers).toMatchObject([{ best: 'adam-lr1e-2-seed2', edges: [], seeds: 1 }]);
    const record = JSON.parse(await readFile(join(out, 'experiment.json'), 'utf8'));
    expect(record).toMatchObject({ trials: 4, trialsFollow: true });
    expect((await trialFolders()).sort()).toEqual(
      ['adam-lr1e-2-seed1', 'adam-lr1e-2-seed2', 'adam-lr1e-6-seed1', 'adam-lr100-seed1'].sort(),
    );
  });

  it('has all its trials in the list for a batch system then', async () => {
    const { code, output } = await bench('plan', file, '--out', out);
    expect(code).toBe(0);
    expect(output).toContain('4 trials, 0 to 3');
    expect(output).toContain('When they are over, plan again');
  });

  it('says in a dry run that more trials may follow', async () => {
    const dry = await bench('run', file, '--dry-run');
    expect(dry.output).toMatch(
      /searched: 3 trials, about .*, and what its lists gain where the best is at an end/,
    );
  });
});
