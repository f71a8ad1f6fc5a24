import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInstallation } from '@steepest/tensorflow';
import { describe, expect, it } from 'vitest';
import { main } from '../src/command-line.ts';
import { runProgram } from '../src/program.ts';

describe.skipIf(findInstallation('cpu') === undefined)('where `steepest tensorflow install` was run', () => {
  it('checks the processor in its small form: numbers, transfers and a training step', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gpu-check-test-'));
    const lines: string[] = [];
    const out = join(folder, 'numbers.json');
    const args = ['--device', 'cpu', '--small', '--python', '/nowhere/python', '--out', out];
    const code = await main(args, (line) => lines.push(line));
    const text = lines.join('\n');
    expect(text).toMatch(
      /^device: .+ cores for this process\nbackend: TensorFlow \d+\.\d+\.\d+ on \d+ thread/,
    );
    expect(text).toMatch(/^ {2}adamw: .+ ms, .+ GB\/s, \d+ % of the copy$/m);
    expect(text).toMatch(/^training step, d 16, 1 layers, .*: [\d.]+ ms, \d+ tokens\/s$/m);
    expect(text).toMatch(/^ {2}pytorch is left out: .*ENOENT$/m);
    expect(text).toMatch(/^conformance of signum: [1-9]\d\d? checks passed, 0 failed$/m);
    expect(code).toBe(0);
    const { bandwidth, conformance } = JSON.parse(await readFile(out, 'utf8'));
    // 28 bytes per parameter of AdamW, as 7 arrays, and 8 of the copy.
    const [adamw] = bandwidth.updates;
    expect(adamw.gigabytesPerSecond * adamw.milliseconds).toBeCloseTo((28 * 65_536) / 1e6, 9);
    expect(bandwidth.copy.gigabytesPerSecond * bandwidth.copy.milliseconds).toBeCloseTo(
      (8 * 65_536) / 1e6,
      9,
    );
    expect(conformance.failures).toEqual([]);
    await rm(folder, { recursive: true });
  }, 600_000);
});

it.skipIf(findInstallation('gpu') !== undefined)('says what to install where there is no GPU', async () => {
  const lines: string[] = [];
  expect(await main(['--small'], (line) => lines.push(line))).toBe(1);
  expect(lines.at(-1)).toMatch(
    /^no answer from the backend: The backend "node-gpu" does not work here: .*install/,
  );
});

it('refuses what it does not know', async () => {
  expect(await main(['--device', 'tpu'])).toBe(2);
  expect(await main(['--minutes', '0'])).toBe(2);
});

it('ends a program, and what that has started, when its time is up', async () => {
  // It resolves once nothing holds the pipes open; a surviving `sleep` would outlast the test's timeout.
  const end = await runProgram('/bin/sh', ['-c', 'echo begun; sleep 3600; echo ended'], { seconds: 10 });
  expect(end).toEqual({ stdout: 'begun\n', stderr: '' });
});
