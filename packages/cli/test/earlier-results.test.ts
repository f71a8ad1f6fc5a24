import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSummary } from '@steepest/run-files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench } from './bench-process.ts';

const experimentOf = (optimizers: string, steps = 8) => `name: continued
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: ${steps}, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 4 }
parallel: 2
confirm: [2]
optimizers:
${optimizers}`;
const adam = '  adam: { learningRate: [1e-3, 1e-2] }\n';

let folder: string;
let shared: string;
const path = (name: string) => join(folder, name);
const jsonOf = async (...names: string[]) => JSON.parse(await readFile(join(folder, ...names), 'utf8'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-'));
  shared = path('shared');
  await writeFile(path('first.yaml'), experimentOf(adam));
  await writeFile(path('more.yaml'), experimentOf(`${adam}  lion: { learningRate: 1e-3 }\n`));
  await writeFile(path('longer.yaml'), experimentOf(adam, 9));
  expect(await bench('run', path('first.yaml'), '--out', path('first'))).toMatchObject({ code: 0 });
  expect(await bench('report', path('first'), '--share', shared)).toMatchObject({ code: 0 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an experiment that takes trials from results that were shared', () => {
  const lossesOf = (results: { trials: { id: string; finalValidationLoss: number }[] }) =>
    Object.fromEntries(results.trials.map(({ id, finalValidationLoss }) => [id, finalValidationLoss]));

  it('says beforehand how many there are', async () => {
    const { output } = await bench('run', path('more.yaml'), '--from', shared, '--dry-run');
    expect(output).toMatch(
      /On the \w+ backend \(--backend \w+\) and the same text, 2 of them are taken from .*shared/,
    );
  });

  it('trains only the others, and says in its report which are whose', async () => {
    const { code, output, errors } = await bench(
      ...['run', path('more.yaml'), '--out', path('more'), '--from', shared],
    );
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(output).toContain(`3 trials taken from ${shared}`);
    const [before, after] = [await jsonOf('shared', 'results.json'), await jsonOf('more', 'results.json')];
    expect(after.trials.map(({ id }: { id: string }) => id)).toEqual([
      'adam-lr1e-3-seed1',
      'adam-lr1e-2-seed1',
      'adam-lr1e-2-seed2',
      'lion-lr1e-3-seed1',
      'lion-lr1e-3-seed2',
    ]);
    expect(lossesOf(after)).toMatchObject(lossesOf(before));
    const taken = { results: 'continued', machine: before.machine, date: before.date };
    expect(after.trials.map(({ takenFrom }: { takenFrom?: object }) => takenFrom)).toEqual([
      taken,
      taken,
      taken,
      undefined,
      undefined,
    ]);
    expect(after.trials[1]).toMatchObject({ curve: { validation: before.trials[1].curve.validation } });
    const page = await readFile(path('more/report.html'), 'utf8');
    expect(page).toContain('Of 5 trials, 3 were not trained in this run but taken from elsewhere');
    expect(await readdir(path('more/adam-lr1e-2-seed2'))).toEqual([
      'config.json',
      'metrics.jsonl',
      'summary.json',
    ]);
  });

  it('takes a trial that follows from one that it trains', async () => {
    // The confirmation follows from both rates, of which one has to be trained again here.
    await writeFile(path('half.yaml'), experimentOf('  adam: { learningRate: 1e-2 }\n'));
    expect(await bench('run', path('half.yaml'), '--out', path('half'))).toMatchObject({ code: 0 });
    const { code, output } = await bench(
      ...['run', path('first.yaml'), '--out', path('follows'), '--from', path('half')],
    );
    expect(code).toBe(0);
    expect(output).toContain(`1 trial taken from ${path('half')}`);
    const { trials } = await jsonOf('follows', 'results.json');
    const taken = trials.filter(({ takenFrom }: { takenFrom?: object }) => takenFrom !== undefined);
    expect(taken.map(({ id }: { id: string }) => id)).toEqual(['adam-lr1e-2-seed1', 'adam-lr1e-2-seed2']);
  });

  it('has them as its own afterwards', async () => {
    const { code, output } = await bench('run', path('more.yaml'), '--out', path('more'));
    expect(code).toBe(0);
    expect(output).toContain('5 trials, 5 of them done earlier');
    expect(await bench('report', path('more'), '--share', path('shared-again'))).toMatchObject({ code: 0 });
    const again = await jsonOf('shared-again', 'results.json');
    expect(again.trials[0].takenFrom.date).toBe((await jsonOf('shared', 'results.json')).date);
  });

  it('keeps the versions that trained each, and says again that they differ', async () => {
    await cp(path('more'), path('mixed'), { recursive: true });
    const file = (folder: string) => path(`${folder}/lion-lr1e-3-seed1/config.json`);
    const config = JSON.parse(await readFile(file('mixed'), 'utf8'));
    const versions = { ...config.versions, tfjs: '4.0.0' };
    await writeFile(file('mixed'), JSON.stringify({ ...config, versions }));
    const lion = 'mixed/lion-lr1e-3-seed1';
    const { sha256: _, checksum: __, ...summary } = await jsonOf(lion, 'summary.json');
    await writeSummary(path(lion), summary);
    const from = path('shared-mixed');
    expect(await bench('report', path('mixed'), '--share', from)).toMatchObject({ code: 0 });
    const { code, output } = await bench(
      ...['run', path('more.yaml'), '--out', path('mixed-again'), '--from', from],
    );
    expect(output).toContain('5 trials taken from');
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(file('mixed-again'), 'utf8')).versions).toEqual(versions);
    const [before, after] = [
      await jsonOf('shared-mixed', 'results.json'),
      await jsonOf('mixed-again', 'results.json'),
    ];
    expect(before.shared.differing).toEqual(['versions']);
    expect(after.shared).toEqual(before.shared);
  });

  it('leaves alone what was trained here', async () => {
    const config = await readFile(path('first/adam-lr1e-2-seed1/config.json'), 'utf8');
    const { code } = await bench('run', path('first.yaml'), '--out', path('first'), '--from', shared);
    expect(code).toBe(0);
    expect(await readFile(path('first/adam-lr1e-2-seed1/config.json'), 'utf8')).toBe(config);
  });
});

describe('trials of results are refused', () => {
  const refusal = async (file: string, from: string, ...flags: string[]) => {
    const out = path(`refused-${file}`);
    const { code, errors } = await bench('run', path(file), '--out', out, '--from', from, ...flags);
    expect(code).toBe(1);
    expect((await readdir(out)).filter((name) => name.includes('-seed'))).toEqual([]);
    return errors;
  };

  it('where all were trained in another way, with what differs', async () => {
    expect(await refusal('longer.yaml', shared)).toContain(
      'adam-lr1e-3-seed1:\n  budget.steps: 8 there, 9 here',
    );
  });

  it('before anything is put into a folder that holds other trials', async () => {
    const out = path('other');
    await mkdir(join(out, 'lion-lr1e-3-seed1'), { recursive: true });
    const config = await readFile(path('more/lion-lr1e-3-seed1/config.json'), 'utf8');
    const other = config.replace(/"steps": 8/, '"steps": 7');
    expect(other).not.toBe(config);
    await writeFile(join(out, 'lion-lr1e-3-seed1/config.json'), other);
    await cp(path('more/lion-lr1e-3-seed1/metrics.jsonl'), join(out, 'lion-lr1e-3-seed1/metrics.jsonl'));
    const { code, errors } = await bench('run', path('more.yaml'), '--out', out, '--from', shared);
    expect(code).toBe(1);
    expect(errors).toContain('holds trials run with other settings');
    expect((await readdir(out)).filter((name) => name.includes('-seed'))).toEqual(['lion-lr1e-3-seed1']);
  });

  it('in one trial of a plan', async () => {
    const { code, errors } = await bench('run', '--trial', '0', '--out', path('first'), '--from', shared);
    expect(code).toBe(2);
    expect(errors).toContain('--trial trains a trial of a plan');
  });

  it('that ran on another backend', async () => {
    const errors = await refusal('first.yaml', shared, '--backend', 'cpu');
    expect(errors).toMatch(/\n {2}backend: "\w+" there, "cpu" here/);
  });

  it('that were edited', async () => {
    const edited = path('edited');
    expect(await bench('report', path('first'), '--share', edited)).toMatchObject({ code: 0 });
    const text = await readFile(join(edited, 'results.json'), 'utf8');
    await writeFile(join(edited, 'results.json'), text.replace(/("status": ?)"finished"/, '$1"diverged"'));
    const { code, errors } = await bench(
      'run',
      path('more.yaml'),
      '--out',
      path('edited-run'),
      '--from',
      edited,
    );
    expect(code).toBe(1);
    expect(errors).toContain('is damaged or was edited');
  });
});
