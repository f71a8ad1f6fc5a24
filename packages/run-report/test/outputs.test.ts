import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectResults } from '../src/collecting/collect-results.ts';
import { loadResults } from '../src/collecting/load-results.ts';
import { writeFigures } from '../src/figures/figures.ts';
import type { Results } from '../src/index.ts';
import { writeComparison } from '../src/page/comparison-report.ts';
import { writeReport } from '../src/page/write-report.ts';
import { crc32c } from '../src/tensorboard/crc32c.ts';
import { writeEventFiles } from '../src/tensorboard/write-event-files.ts';
import { shownComparison } from './shown.ts';
import { EXPERIMENT, SEEDED, writeRuns } from './synthetic-runs.ts';

let directory: string;
let run: string;
let results: Results;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steepest-outputs-'));
  run = join(directory, 'decay');
  await writeRuns(run, SEEDED, { ...EXPERIMENT, optimizers: EXPERIMENT.optimizers.slice(0, 3) });
  results = await collectResults(run);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('figures for a paper', () => {
  it('are an SVG and a PNG of every chart, and the ranking as Markdown, CSV and LaTeX', async () => {
    const { folder, figures, withoutPng } = await writeFigures(run, results);
    expect(withoutPng).toBeUndefined();
    const expected = [
      ...['step', 'tokens', 'seconds', 'flops'].map((x) => `validation-loss-by-${x}`),
      'training-loss-by-step',
      'sensitivity-weightDecay',
      'sensitivity-weightDecay-aligned',
      'divergence-weightDecay',
      'layers-gradientNorm',
      'layers-effectiveRateSpread',
      'time-per-step',
      'optimizer-state',
    ];
    expect(figures).toEqual(expect.arrayContaining(expected));
    const files = await readdir(folder);
    for (const figure of figures) {
      const svg = await readFile(join(folder, `${figure}.svg`), 'utf8');
      expect(svg).toMatch(/^<svg [^>]*width="\d+"/);
      const png = await readFile(join(folder, `${figure}.png`));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      // Three pixels a point.
      expect(png.readUInt32BE(16)).toBe(3 * Number(/width="(\d+)"/.exec(svg)![1]));
    }
    expect(files).toHaveLength(2 * figures.length + 3);
    const sensitivity = await readFile(join(folder, 'sensitivity-weightDecay.svg'), 'utf8');
    for (const word of ['Adam', 'SGD', 'Lion', 'weightDecay', 'final validation loss'])
      expect(sensitivity).toContain(`>${word}</text>`);
    expect(await readFile(join(folder, 'divergence-weightDecay.svg'), 'utf8')).toContain(
      '1 div., 1 stop. of 3',
    );
    const markdown = (await readFile(join(folder, 'ranking.md'), 'utf8')).split('\n');
    expect(markdown[3]).toBe(
      '| Lion | 5.0213 ± 0.0142 (3) | +0.0200 | 0.19 | not reached | 3.16e-4 | 194 | 14 | 8 | 9/9 |',
    );
    expect(markdown.at(-2)).toContain('corrected for the number of comparisons with Adam by Holm');
    const csv = (await readFile(join(folder, 'ranking.csv'), 'utf8')).split('\n');
    // Holm doubles the smaller of two: 2 * scipy.stats.ttest_rel([4.99, 5.0, 5.014], [6.2, 6.196, 6.208]).pvalue.
    const sgd = csv.find((line) => line.startsWith('SGD,'))!.split(',');
    expect(Number(sgd[csv[0]!.split(',').indexOf('correctedP')])).toBeCloseTo(2 * 1.7592128357233452e-5, 12);
    expect(csv[1]).toMatch(/^Adam,5\.00133333333333\d*,0\.01205\d*,3,0,,200,0\.00316,206,26,/);
  });
});

it('lines of many optimizers are those of the lowest and of the baseline, and the figure says so', async () => {
  const names = ['adamw', 'lion', 'sgd', 'signum', 'adalayer', 'adafactor', 'nadam', 'radam', 'lamb', 'adan'];
  const trials = ['adam', ...names].flatMap((optimizer, index) =>
    [1e-3, 1e-2].map((learningRate) => ({
      optimizer,
      learningRate,
      // Adam, the baseline, ends highest.
      loss: (optimizer === 'adam' ? 6 : 5 + index / 20) + learningRate,
    })),
  );
  const many = join(directory, 'many');
  await writeRuns(many, trials);
  const { folder } = await writeFigures(many, await collectResults(many), (name) =>
    /^(sensitivity|final)/.test(name),
  );
  const svg = await readFile(join(folder, 'sensitivity-learningRate.svg'), 'utf8');
  expect(svg).toContain('(8 of 11 optimizers: those that end lowest, and Adam)</text>');
  for (const title of ['Adam', 'AdamW', 'NAdam']) expect(svg).toContain(`>${title}</text>`);
  for (const title of ['RAdam', 'LAMB', 'Adan']) expect(svg).not.toContain(`>${title}</text>`);
  const all = await readFile(join(folder, 'final-loss.svg'), 'utf8');
  for (const title of ['Adam', 'RAdam', 'LAMB', 'Adan']) expect(all).toContain(`>${title}</text>`);
});

it('the legend of panels has two strokes for a variant whose lines are dashed', async () => {
  const kinds = join(directory, 'kinds');
  const optimizers = ['sgd', 'sgd-plain'].map((name) => ({ name, title: name }));
  const trials = optimizers.map(({ name }) => ({ optimizer: name, learningRate: 1, layers: true }));
  await writeRuns(kinds, trials, { ...EXPERIMENT, optimizers });
  const { folder } = await writeFigures(kinds, await collectResults(kinds), (name) => /^layers/.test(name));
  const svg = await readFile(join(folder, 'layers-gradientNorm.svg'), 'utf8');
  const isOfLegend = (path: string) => /ssr_type="legend"/.test(path) && /fill="#/.test(path);
  const icons = (svg.match(/<path [^>]*>/g) ?? []).filter(isOfLegend);
  expect(icons.map((path) => path.match(/Z/g)!.length)).toEqual([1, 2]);
});

it('lines of few optimizers out of many differ in color or dashes, and so do their names in the legend', async () => {
  // Of 25 the ninth and the last have the same color and dashes, with different symbols.
  const optimizers = Array.from({ length: 25 }, (_, index) => ({
    name: `made-${index}`,
    title: `Made ${index}`,
  }));
  const some = join(directory, 'few-of-many');
  await writeRuns(
    some,
    optimizers.map(({ name }, index) => ({
      optimizer: name,
      learningRate: 1,
      layers: index === 8 || index === 24,
    })),
    { ...EXPERIMENT, optimizers },
  );
  const { folder } = await writeFigures(some, await collectResults(some), (name) => /^layers/.test(name));
  const svg = await readFile(join(folder, 'layers-gradientNorm.svg'), 'utf8');
  expect(textsOf(svg).flatMap(({ text }) => (text.startsWith('Made') ? [text] : []))).toEqual([
    'Made 8',
    'Made 24',
  ]);
  expect(svg).not.toContain('optimizers: those that end lowest');
  const paths = svg.match(/<path [^>]*>/g) ?? [];
  const icons = paths.filter((path) => /ssr_type="legend"/.test(path) && /fill="#/.test(path));
  expect(new Set(icons.map((path) => /(?:stroke|fill)="(#[^"]*)"/.exec(path)![1])).size).toBe(2);
});

it('panels of many optimizers begin below the lines of the legend, and say how many are shown', async () => {
  const optimizers = Array.from({ length: 10 }, (_, index) => ({
    name: `made-${index}`,
    title: `An optimizer with a rather long name ${index}`,
  }));
  const many = join(directory, 'panels');
  await writeRuns(
    many,
    optimizers.map(({ name }, index) => ({
      ...{ optimizer: name, learningRate: 1e-3, loss: 5 + index / 20 },
      layers: index !== 3,
    })),
    { ...EXPERIMENT, optimizers },
  );
  const { folder } = await writeFigures(many, await collectResults(many), (name) => /^layers/.test(name));
  const svg = await readFile(join(folder, 'layers-gradientNorm.svg'), 'utf8');
  const texts = textsOf(svg);
  // The fourth has no measures of its layers, so that nine have lines, and the ninth is left out.
  const legend = texts.filter(({ text }) => text.startsWith('An optimizer'));
  expect(legend.map(({ text }) => text.at(-1))).toEqual(['0', '1', '2', '4', '5', '6', '7', '8']);
  const note = texts.find(({ text }) => text.startsWith('8 of 9 optimizers: those that end lowest'))!;
  // Two names of 38 letters fill a line of 620 points.
  const lines = new Set(legend.map(({ y }) => y));
  expect(lines.size).toBe(4);
  const roles = ['embedding', 'attention', 'MLP', 'norms', 'last layer'];
  const panels = texts.filter(({ text }) => roles.includes(text));
  expect(panels).toHaveLength(roles.length);
  // Letters are 13 points high, half of that on either side of their middle.
  const height = 13;
  expect(Math.min(...panels.map(({ y }) => y))).toBeGreaterThan(Math.max(...lines) + height);
  const steps = texts.filter(({ text }) => text === 'step').map(({ y }) => y);
  expect(note.y).toBeGreaterThan(Math.max(...steps) + height);
  expect(note.y + height / 2).toBeLessThanOrEqual(Number(/height="(\d+)"/.exec(svg)![1]));
});

/** The texts of an SVG image, and how far down their middles are. */
function textsOf(svg: string): { text: string; y: number }[] {
  return [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes = '', text = '']) => {
    const [, down = '0'] = /transform="translate\([\d.-]+ ([\d.-]+)\)"/.exec(attributes) ?? [];
    const [, offset = '0'] = / y="([\d.-]+)"/.exec(attributes) ?? [];
    return { text, y: Number(down) + Number(offset) };
  });
}

describe('TensorBoard event files', () => {
  it('carry checksums of the known polynomial', () => {
    // The check value of CRC-32C, and RFC 3720's of 32 zero bytes.
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  it('hold every logged number in the records that its reader expects', async () => {
    const { folder, trials } = await writeEventFiles(run);
    expect(trials).toBe(SEEDED.length);
    const trial = 'adam-lr0.00316-weightDecay_0-seed1';
    const [name] = await readdir(join(folder, trial));
    expect(name).toMatch(/^events\.out\.tfevents\.\d+\.steepest$/);
    const file = await readFile(join(folder, trial, name!));
    const records = recordsOf(file);
    // The version, 200 steps, 11 evaluations.
    expect(records).toHaveLength(212);
    expect(records[0]!.subarray(9).toString()).toBe('\x1a\x0dbrain.Event:2');
    const last = records.filter((record) => record.includes('loss/validation')).at(-1)!;
    // Step 200 is the varint c8 01, and simple_value a float behind its tag 0x15.
    expect([...last.subarray(9, 12)]).toEqual([0x10, 0xc8, 0x01]);
    const tag = last.indexOf('loss/validation') + 'loss/validation'.length;
    expect(last[tag]).toBe(0x15);
    expect(last.readFloatLE(tag + 1)).toBe(Math.fround(5.09));
    expect(records.filter((record) => record.includes('layers/updateToWeight/mlp'))).toHaveLength(20);
    // Written again, it replaces what it has written, and nothing that another program has.
    const other = 'events.out.tfevents.1700000000.host.1.0';
    await writeFile(join(folder, trial, other), 'of PyTorch');
    await writeEventFiles(run);
    expect((await readdir(join(folder, trial))).sort()).toEqual([other, name].sort());
    await rm(join(folder, trial, other));
  });
});

describe('two results side by side', () => {
  it('are a table in the terminal and a page, with what they were not made with alike', async () => {
    const other = join(directory, 'other');
    const slower = SEEDED.map((trial) => ({
      ...trial,
      loss: trial.loss! + (trial.optimizer === 'adam' ? [0.3, 0.301, 0.299][trial.seed! - 1]! : 0),
      config: { data: { source: 'other' } },
    }));
    await writeRuns(
      other,
      slower.filter(({ optimizer }) => optimizer !== 'sgd'),
      EXPERIMENT,
    );
    const a = { label: 'decay', results };
    const b = { label: 'other', results: await collectResults(other) };
    const table = shownComparison(a, b).replaceAll(/ +/g, ' ');
    expect(table).toContain('│ Adam │ 5.0013 ± 0.0121 (3) │ 5.3013 ± 0.0115 (3) │ +0.3000 │ < 1e-4 │');
    // The same trials: no difference, and no test of it.
    expect(table).toContain('│ Lion │ 5.0213 ± 0.0142 (3) │ 5.0213 ± 0.0142 (3) │ 0 │ – │');
    expect(table).toContain('│ SGD │ 6.2013 ± 0.0061 (3) │ – │ – │ – │');
    expect(table).toContain('data.source: embedded | other');
    const file = join(directory, 'comparison.html');
    await writeComparison(file, a, b);
    const page = await readFile(file, 'utf8');
    const charts = JSON.parse(/id="chart-data">([\s\S]*?)<\/script>/.exec(page)![1]!);
    const marks = charts.optimizers.map(({ title, mark }: never) => [title, mark]) as [
      string,
      { light: string; dashed: boolean },
    ][];
    expect(marks.map(([title]) => title).slice(0, 2)).toEqual(['Adam (decay)', 'Adam (other)']);
    expect(marks[0]![1].light).toBe(marks[1]![1].light);
    expect([marks[0]![1].dashed, marks[1]![1].dashed]).toEqual([false, true]);
  });

  it('can be compared by results.json alone, where run files were not kept', async () => {
    const kept = join(directory, 'kept');
    await writeReport(kept, results);
    expect(JSON.stringify(await loadResults(kept))).toBe(JSON.stringify(results));
    await writeFile(join(kept, 'results.json'), '{"schemaVersion":1,"trials":[]}');
    await expect(loadResults(kept)).rejects.toThrow(/results\.json was written by another version/);
  });
});

/** The data of a TFRecord file's records; a checksum that is wrong fails. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(unmasked(file.readUInt32LE(at + 8))).toBe(crc32c(file.subarray(at, at + 8)));
    expect(unmasked(file.readUInt32LE(at + 12 + length))).toBe(crc32c(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

/** Undoes TFRecord's masking: subtract the constant, rotate left by 15. */
function unmasked(checksum: number): number {
  const rotated = (checksum - 0xa282ead8) >>> 0;
  return ((rotated << 15) | (rotated >>> 17)) >>> 0;
}
