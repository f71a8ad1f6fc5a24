import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../src/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'steepest-laws-'));
afterAll(() => rmSync(folder, { recursive: true }));

function writeRun(name: string, learningRate: number, summary: object | undefined, metrics = '') {
  const run = join(folder, 'runs', 'sweep', name);
  mkdirSync(join(run, 'checkpoint'), { recursive: true });
  writeFileSync(
    join(run, 'config.json'),
    JSON.stringify({
      schemaVersion: 1,
      trial: name,
      optimizer: 'adam',
      settings: { learningRate },
      recipe: { members: [] },
      seed: 3,
      model: { size: 'nano', qkNorm: false },
      schedule: { type: 'study' },
      budget: { steps: 100, batchSize: 8, contextLength: 64 },
      versions: { node: '20' },
    }),
  );
  if (summary) writeFileSync(join(run, 'summary.json'), JSON.stringify(summary));
  writeFileSync(join(run, 'metrics.jsonl'), metrics);
}

const metrics = [
  { kind: 'evaluation', step: 0, tokens: 0, loss: 8.8, seconds: 0 },
  { kind: 'train', step: 50, tokens: 25_600, loss: 6.5, learningRate: 9e-4, seconds: 2 },
  { kind: 'evaluation', step: 50, tokens: 25_600, loss: 6.4, seconds: 2 },
  { kind: 'evaluation', step: 100, tokens: 51_200, loss: 6.1, seconds: 4 },
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

const finished = {
  status: 'finished',
  steps: 100,
  tokens: 51_200,
  parameters: 622_912,
  finalValidationLoss: 6.1,
  finalTrainLoss: 6.2,
  seconds: 4,
};

beforeAll(() => {
  writeRun('adam-1', 1e-3, finished, metrics);
  writeRun('adam-2', 1e-2, { ...finished, status: 'diverged', finalValidationLoss: null });
  // Killed: no summary, and a last line cut short.
  writeRun('adam-3', 3e-3, undefined, `${metrics}{"kind":"train","st`);
});

describe('readTable', () => {
  it('makes a row of each finished run of an experiment', async () => {
    const table = await readTable(join(folder, 'runs'));
    expect(table.length).toBe(1);
    const row = Object.fromEntries(table.names.map((name) => [name, table.column(name)[0]]));
    expect(row).toMatchObject({
      run: 'adam-1',
      optimizer: 'adam',
      learningRate: 1e-3,
      parameters: 622_912,
      tokens: 51_200,
      loss: 6.1,
      trainLoss: 6.2,
      batchTokens: 512,
      contextLength: 64,
      'model.size': 'nano',
      'model.qkNorm': 'false',
      // What the schedule has where the experiment names no other.
      'schedule.warmupFraction': 0.1,
      seed: 3,
    });
    expect(table.names).not.toContain('versions.node');
  });

  it('takes runs of every status when told to, those that did not finish without a loss', async () => {
    const table = await readTable(join(folder, 'runs', 'sweep'), { status: 'all' });
    expect(table.column('status')).toEqual(['finished', 'diverged', 'interrupted']);
    expect(table.column('loss')).toEqual([6.1, null, null]);
  });

  it('makes a row of each logged loss of a curve, the one before the first step left out', async () => {
    const table = await readTable(join(folder, 'runs', 'sweep', 'adam-1'), { points: 'validation' });
    expect(table.column('step')).toEqual([50, 100]);
    expect(table.column('loss')).toEqual([6.4, 6.1]);
    const training = await readTable(join(folder, 'runs', 'sweep'), { points: 'training', status: 'all' });
    expect(training.column('scheduledLearningRate')).toEqual([9e-4, 9e-4]);
  });

  it('reads the results.json of a comparison as it reads the runs it was made of', async () => {
    const results = join(folder, 'results.json');
    writeFileSync(
      results,
      JSON.stringify({
        schemaVersion: 1,
        experiment: { name: 'sweep', description: 'x', model: { size: 'nano' } },
        shared: { schedule: { type: 'study' }, differing: [] },
        trials: [
          {
            id: 'adam-1',
            optimizer: 'adam',
            settings: { learningRate: 1e-3 },
            variation: { 'budget.batchSize': 8, 'budget.contextLength': 64 },
            seed: 3,
            ...finished,
            flopsPerToken: 4e6,
            curve: { train: [], validation: [{ step: 50, tokens: 25_600, seconds: 2, loss: 6.4 }] },
          },
        ],
      }),
    );
    const table = await readTable(results);
    expect(table.column('loss')).toEqual([6.1]);
    expect(table.column('batchTokens')).toEqual([512]);
    expect(table.column('model.size')).toEqual(['nano']);
    expect(table.column('flops')).toEqual([4e6 * 51_200]);
    expect((await readTable(results, { points: 'validation' })).column('flops')).toEqual([4e6 * 25_600]);
  });

  it('refuses a finished run that has another final loss than its last evaluation', async () => {
    const other = join(folder, 'contradicting', 'adam-1');
    cpSync(join(folder, 'runs', 'sweep', 'adam-1'), other, { recursive: true });
    writeFileSync(join(other, 'summary.json'), JSON.stringify({ ...finished, finalValidationLoss: 4.1 }));
    const refused =
      /adam-1: summary\.json has a final validation loss of 4\.1, metrics\.jsonl one of 6\.1; a file was changed/;
    await expect(readTable(join(folder, 'contradicting'))).rejects.toThrow(refused);
    await expect(readTable(join(folder, 'contradicting'), { points: 'validation' })).rejects.toThrow(refused);
  });

  it('joins runs and tables of several paths', async () => {
    writeFileSync(join(folder, 'more.csv'), 'parameters,tokens,loss\n1e6,1e9,4\n');
    writeFileSync(join(folder, 'rows.jsonl'), '{"parameters":2e6,"tokens":1e9,"loss":3.9}\n');
    const table = await readTable([
      join(folder, 'more.csv'),
      join(folder, 'rows.jsonl'),
      join(folder, 'runs', 'sweep', 'adam-1'),
    ]);
    expect(table.column('parameters')).toEqual([1e6, 2e6, 622_912]);
  });

  it('says what is wrong with a path', async () => {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(readTable(join(folder, 'nowhere'))).rejects.toThrow('there is no such file or folder');
    await expect(readTable(empty)).rejects.toThrow('no run is in this folder');
    await expect(readTable(write('a.parquet', ''))).rejects.toThrow(
      'expected a .csv, .tsv, .json or .jsonl file',
    );
    await expect(readTable(write('b.json', '{'))).rejects.toThrow('b.json: not JSON');
    await expect(readTable(write('c.json', '{}'))).rejects.toThrow('not the results of a comparison');
    await expect(readTable(write('d.json', '[1]'))).rejects.toThrow('d.json, row 1: expected an object');
    await expect(readTable(write('e.json', '{"trials":[],"schemaVersion":9}'))).rejects.toThrow(
      'has the format 9, this version reads format 1',
    );
    await expect(readTable(join(folder, 'runs', 'sweep', 'adam-2'))).rejects.toThrow(
      'no run has finished (diverged)',
    );
    await expect(readTable([])).rejects.toThrow('give at least one file or folder');
    await expect(readTable(empty, { point: 'final' } as object)).rejects.toThrow('did you mean "points"?');
  });
});
