import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { main } from '../src/command-line.ts';
import { countingData } from '../src/counting-data.ts';

it('trains, stops, resumes and finds both runs the same to the bit', async () => {
  const out = await mkdtemp(join(tmpdir(), 'large-model-test-'));
  const lines: string[] = [];
  const args = ['--size', 'nano', '--backend', 'wasm', '--threads', '1', '--sequences', '2', '--out', out];
  expect(await main(args, (line) => lines.push(line))).toBe(0);
  // 2 layers of 12 x 64^2 weights and 4 norms, two matrices of 4,096 rows and a last norm.
  expect(lines[0]).toMatch(
    /^whole run \(finished\) on WebAssembly .*: 623,168 parameters, .* s per step of 256 tokens/,
  );
  expect(lines.slice(2).map((line) => line.slice(0, 20))).toEqual([
    'stopped before its l',
    'resumed (finished) o',
    'The resumed run wrot',
  ]);
  expect(lines[4]).toContain('to the bit');
  const { checkpointBytes, runs } = JSON.parse(await readFile(join(out, 'numbers.json'), 'utf8'));
  const [model, optimizer] = checkpointBytes as [number, number];
  // Weights of 4 bytes, two moments of 4, and headers.
  expect(model - 4 * 623_168).toBeGreaterThan(0);
  expect(optimizer - 8 * 623_168).toBeGreaterThan(0);
  expect(optimizer - 8 * 623_168).toBeLessThan(100_000);
  expect(
    [runs.uninterrupted, runs.stopped, runs.continued].map(({ milliseconds }) => milliseconds.length),
  ).toEqual([3, 2, 1]);
  expect(await readdir(out)).toEqual(['numbers.json']);
  await rm(out, { recursive: true });
}, 600_000);

it('refuses a run too short to be stopped, and what it does not know', async () => {
  expect(await main(['--steps', '1'])).toBe(2);
  expect(await main(['--size', '7b'])).toBe(2);
});

it('reads the same batches from any position', async () => {
  const sizes = { vocabularySize: 50, sequences: 2, length: 9 };
  const [first, second] = [countingData(sizes), countingData(sizes)];
  const batches = await Promise.all([1, 2, 3].map(() => first.train.next()));
  second.train.seek(3);
  expect(await second.train.next()).toEqual(batches[2]);
  expect(batches[0]).not.toEqual(batches[1]);
  for (const { tokens } of batches) {
    expect(tokens.length).toBe(18);
    expect(tokens.every((token) => token >= 0 && token < 50)).toBe(true);
  }
});
