import { spawnSync } from 'node:child_process';
import { sgdRule } from '@steepest/optim-sgd';
import '@tensorflow/tfjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from '../random-runs/command-line.ts';
import { type RecordedRun, replay } from '../random-runs/recorded-run.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Two steps of gradient descent on two parameters, the first of which has no gradient in the first step. */
const run: RecordedRun = {
  optimizer: 'sgd',
  options: { momentum: 0.5 },
  maximize: false,
  source: 'by hand',
  shapes: [[2], [1, 1]],
  initial: [[1, -1], [0.5]],
  learningRates: [0.5, 0.25],
  gradients: [
    [null, [1]],
    [[2, 4], [1]],
  ],
  // The momentum of the second parameter is 1, then 0.5 + 1.
  expected: [
    [[1, -1], [0]],
    [[0.5, -2], [-0.375]],
  ],
};

describe('a replay', () => {
  it('agrees with a run computed by hand', () => {
    expect(replay(run, sgdRule).largest).toBe(0);
  });

  it('climbs where the run did', () => {
    const up = {
      ...run,
      maximize: true,
      expected: [
        [[1, -1], [1]],
        [[1.5, 0], [1.375]],
      ],
    };
    expect(replay(up, sgdRule).largest).toBe(0);
  });

  it('says where it deviates, relative to the largest element of the tensor, and takes NaN for a deviation', () => {
    const off = [run.expected[0]!, [[0.5, -2 + 1e-6], [-0.375]]];
    const { largest, place } = replay({ ...run, expected: off }, sgdRule);
    expect(largest).toBeCloseTo(5e-7, 12);
    expect(place).toBe('step 2, parameter 0 [2], element 1: -2 instead of -1.999999');
    expect(replay({ ...run, expected: [[[1, Number.NaN], [0]], run.expected[1]!] }, sgdRule).largest).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

const hasPyTorch = spawnSync('python3', ['-c', 'import torch']).status === 0;

describe('check:pytorch', () => {
  const output = (): string[] => {
    const lines: string[] = [];
    for (const name of ['log', 'error'] as const)
      vi.spyOn(console, name).mockImplementation((line) => void lines.push(String(line)));
    return lines;
  };

  it('says what keeps it from comparing', async () => {
    const lines = output();
    expect(await main(['--python', '/no/such/python'])).toBe(1);
    expect(lines.join('\n')).toContain('cannot run /no/such/python');
    // Node is no Python.
    expect(await main(['--python', process.execPath])).toBe(1);
    expect(lines.join('\n')).toContain('record.py');
  });

  it.runIf(hasPyTorch)('finds no deviation of AdamW and SGD', { timeout: 120_000 }, async () => {
    const lines = output();
    expect(await main(['adamw', 'sgd', '--runs', '2'])).toBe(0);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^adamw: 2 runs of torch\.optim\.AdamW/);
  });
});
