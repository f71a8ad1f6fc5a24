import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { benchIn } from './bench-process.ts';

/** A folder of a person who has no clone: it holds a text and an experiment, and nothing else. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-own-text-'));
  const days = Array.from({ length: 200 }, (_, day) => `Day ${day}. The barometer fell ${day % 7} points.`);
  await writeFile(join(folder, 'notes.txt'), days.join('\n\n'));
  await writeFile(
    join(folder, 'mine.yaml'),
    `name: mine
model: { size: nano, modelWidth: 16, layers: 1, heads: 2, mlpWidth: 32 }
data: { source: { train: notes.txt }, validationFraction: 0.2 }
budget: { steps: 3, batchSize: 2, contextLength: 16 }
evaluation: { points: 2, sequences: 2 }
optimizers:
  adam: { learningRate: 1e-2 }
  lion: { learningRate: 1e-3 }
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a dry run says trials, time and memory, and leaves nothing behind', async () => {
  const { code, output } = await benchIn(folder, ['run', 'mine.yaml', '--dry-run']);
  expect(output).toMatch(/^mine: 2 trials, about .* cores of this machine/);
  expect(output).toMatch(/wasm: about [\d.]+ GB of memory/);
  expect(code).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(['mine.yaml', 'notes.txt']);
});

it('a dry run names data that is not there', async () => {
  const file = join(folder, 'absent.yaml');
  await writeFile(file, (await readFile(join(folder, 'mine.yaml'), 'utf8')).replace('notes.txt', 'nots.txt'));
  const { code, errors } = await benchIn(folder, ['run', 'absent.yaml', '--dry-run']);
  expect(errors).toContain(`error: ${join(folder, 'nots.txt')}: there is no such file or folder of data`);
  expect(code).toBe(1);
  await rm(file);
});

it('a text too short for the evaluation is refused before anything is trained, with what to write', async () => {
  const file = join(folder, 'short.yaml');
  const text = await readFile(join(folder, 'mine.yaml'), 'utf8');
  await writeFile(file, text.replace('sequences: 2 }', 'sequences: 100000 }'));
  const { code, errors } = await benchIn(folder, ['run', 'short.yaml', '--backend', 'cpu']);
  expect(errors).toMatch(
    /error: the validation text has (\d+) sequences of contextLength 16, and evaluation\.sequences is 100000: write evaluation: { sequences: \1 } or fewer/,
  );
  expect(code).toBe(1);
  await rm(file);
});

it('optimizers are compared on a text of one’s own, in an empty folder', async () => {
  const { code, output } = await benchIn(folder, ['run', 'mine.yaml', '--backend', 'cpu']);
  expect(output).toMatch(/│ (Adam|Lion) /);
  expect(code).toBe(0);
  const results = JSON.parse(await readFile(join(folder, 'runs', 'mine', 'results.json'), 'utf8'));
  expect(results.trials.map(({ status }: { status: string }) => status)).toEqual(['finished', 'finished']);
  expect(existsSync(join(folder, 'runs', 'mine', 'report.html'))).toBe(true);
});
