import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectResults, loadResults, shareResults } from '@steepest/run-report';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeRuns } from '../../run-report/test/synthetic-runs.ts';
import { bench, startBench, untilOutput } from './bench-process.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-report-'));
  await writeRuns(join(directory, 'one'), [{ optimizer: 'adam', learningRate: 1e-3, loss: 5.1 }]);
  await writeRuns(join(directory, 'two'), [{ optimizer: 'adam', learningRate: 1e-2, loss: 5 }]);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('report writes figures and event files on request', async () => {
  const { code, output, errors } = await bench(
    'report',
    join(directory, 'one'),
    '--figures',
    '--tensorboard',
  );
  expect(errors).toBe('');
  expect(output).toMatch(/Figures {2}\d+ in .*figures, with ranking\.md, ranking\.csv/);
  expect(output).toContain(`1 trial: tensorboard --logdir ${join(directory, 'one', 'tensorboard')}`);
  expect(code).toBe(0);
  // What it wrote is no trial.
  expect((await collectResults(join(directory, 'one'))).trials).toHaveLength(1);
});

it('report shares what fits into a repository', async () => {
  const share = join(directory, 'shared');
  const { code, output } = await bench('report', join(directory, 'one'), '--share', share);
  expect(output).toContain(`Shared   ${share}: results.json and 2 figures`);
  expect(code).toBe(0);
  expect((await readdir(share)).sort()).toEqual(['figures', 'results.json']);
  const [whole] = (await collectResults(join(directory, 'one'))).trials;
  const [shared] = (await loadResults(share)).trials;
  expect(whole!.curve.train).toHaveLength(200);
  expect(shared!.curve.train).toHaveLength(51);
  for (const place of [0, -1]) expect(shared!.curve.train.at(place)).toEqual(whole!.curve.train.at(place));
  expect({ ...shared, curve: { ...shared!.curve, train: [] } }).toEqual({
    ...whole,
    curve: { ...whole!.curve, train: [] },
  });
});

it('report makes the page of results that were shared, and leaves their numbers as they are', async () => {
  const share = join(directory, 'kept');
  await mkdir(join(share, 'figures'), { recursive: true });
  for (const file of ['sensitivity-beta1.svg', 'mine.svg']) await writeFile(join(share, 'figures', file), '');
  await shareResults(share, await collectResults(join(directory, 'one')));
  // A chart of an earlier share goes; what is of someone else stays.
  const figures = await readdir(join(share, 'figures'));
  expect(figures).not.toContain('sensitivity-beta1.svg');
  expect(figures).toEqual(expect.arrayContaining(['final-loss.svg', 'mine.svg', 'ranking.md']));
  const numbers = await readFile(join(share, 'results.json'), 'utf8');
  const { code, output, errors } = await bench('report', share);
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(output).toContain(`Report   ${join(share, 'report.html')}`);
  expect(await readFile(join(share, 'report.html'), 'utf8')).toContain('5.1000');
  expect(await readFile(join(share, 'results.json'), 'utf8')).toBe(numbers);
  const refused = await bench('report', share, '--tensorboard');
  expect(refused.errors).toContain(
    'has results without their run files; --tensorboard needs every logged step',
  );
  expect(refused.code).not.toBe(0);
});

it('study --page writes the page from the results that there are, and names those that were edited', async () => {
  const results = join(directory, 'results');
  await shareResults(join(results, 'learning-rate'), await collectResults(join(directory, 'one')));
  // What has no results is no experiment.
  await mkdir(join(results, 'notes'));
  const study = () => bench('study', '--page', '--results', results);
  expect((await study()).code).toBe(0);
  const page = await readFile(join(results, 'README.md'), 'utf8');
  expect(page).toContain('## Learning rate');
  const file = join(results, 'learning-rate', 'results.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"seed":1', '"seed":2'));
  const { code, errors } = await study();
  expect(errors).toContain(`${file} is damaged or was edited`);
  expect(code).toBe(1);
  expect(await readFile(join(results, 'README.md'), 'utf8')).toBe(page);
});

it('says in one line what is wrong with a folder or a file', async () => {
  const bad = join(directory, 'bad');
  await writeRuns(bad, [{ optimizer: 'adam', learningRate: 1e-3, loss: 5.1 }]);
  const metrics = join(bad, 'adam-lr0.001-seed1', 'metrics.jsonl');
  const lines = (await readFile(metrics, 'utf8')).split('\n');
  await writeFile(metrics, [...lines.slice(0, 4), '{"kind": "tr', ...lines.slice(4)].join('\n'));
  const file = join(directory, 'file');
  await writeFile(file, '');
  const [one, two] = [join(directory, 'one'), join(directory, 'two')];
  for (const [args, message] of [
    [['report', bad], `${metrics}:5: not JSON`],
    [['report', one, '--share', join(file, 'x')], `cannot write the report into ${join(file, 'x')}: ENOTDIR`],
    [
      ['compare', one, join(directory, 'none')],
      `cannot read ${join(directory, 'none')}: there is no such folder`,
    ],
    [
      ['compare', one, two, '--out', join(file, 'x.html')],
      `cannot write the comparison to ${join(file, 'x.html')}`,
    ],
    [['compare', one, one], 'one 2 holds no result that one 1 does not: all of its 1 finished trials'],
  ] as const) {
    const { code, errors } = await bench(...args);
    expect(errors.trim().split('\n')).toEqual([expect.stringContaining(message)]);
    expect(code).toBe(1);
  }
});

it('compare prints both results and writes a page', async () => {
  const page = join(directory, 'both.html');
  const { code, output } = await bench(
    'compare',
    join(directory, 'one'),
    join(directory, 'two'),
    '--out',
    page,
  );
  expect(output.replaceAll(/ +/g, ' ')).toContain('│ Adam │ 5.1000 │ 5.0000 │ −0.1000 │ – │ 1e-3 │ 1e-2 │');
  expect(existsSync(page)).toBe(true);
  expect(code).toBe(0);
});

it('watch serves the run until it is stopped', async () => {
  const watch = startBench(['watch', join(directory, 'one')]);
  const [url] = await untilOutput(watch, /http:\S+/);
  expect(await (await fetch(url)).text()).toContain('Optimizer comparison: quick');
  watch.child.kill('SIGINT');
  expect((await watch.ended).code).toBe(0);
});
