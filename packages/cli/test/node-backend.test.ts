import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInstallation } from '@steepest/tensorflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench, endedMidway, losses, startBench, untilLines } from './bench-process.ts';

const trial = 'adamw-lr1e-2-seed1';
const steps = 200;
const experiment = `name: on-node
model: { size: nano, modelWidth: 32, layers: 2, heads: 2 }
budget: { steps: ${steps}, batchSize: 4, contextLength: 32 }
evaluation: { points: 3, sequences: 8 }
checkpoint: { every: 7 }
optimizers:
  adamw: { learningRate: 1e-2 }
`;

let folder: string;
let file: string;
const node = ['--backend', 'node', '--threads', '2'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-node-'));
  file = join(folder, 'on-node.yaml');
  await writeFile(file, experiment);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('without TensorFlow says how to install it, before any trial', async () => {
  const XDG_CACHE_HOME = join(folder, 'no-caches');
  const caches = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  const { code, errors } = await bench('run', file, '--out', join(folder, 'missing'), ...node);
  if (caches === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = caches;
  expect(code).toBe(1);
  expect(errors).toContain('npx @steepest/cli tensorflow install');
});

describe.skipIf(findInstallation('cpu') === undefined)('a run on TensorFlow, where it is installed', () => {
  it('trains with state in bfloat16 and in 8 bits', async () => {
    const packed = join(folder, 'packed.yaml');
    const short = experiment.replace(`steps: ${steps}`, 'steps: 30');
    await writeFile(packed, short.replace('1e-2 }', '1e-2, stateFormat: [float32, bfloat16, 8bit] }'));
    const out = join(folder, 'packed');
    const { code, errors } = await bench('run', packed, '--out', out, ...node);
    expect(code, errors).toBe(0);
    const lossOf = async (stateFormat: string): Promise<number> => {
      const trialFolder = join(out, `adamw-lr1e-2-stateFormat_${stateFormat}-seed1`);
      return JSON.parse(await readFile(join(trialFolder, 'summary.json'), 'utf8')).finalValidationLoss;
    };
    const whole = await lossOf('float32');
    for (const stateFormat of ['bfloat16', '8bit']) {
      const loss = await lossOf(stateFormat);
      // As far as two seeds of float32 are apart.
      expect(Math.abs(loss - whole)).toBeLessThan(0.1);
      expect(loss).not.toBe(whole);
    }
  });

  it('names it, learns, and continues after Ctrl-C to losses with the same bits', async () => {
    const whole = join(folder, 'whole');
    const { code, output, errors } = await bench('run', file, '--out', whole, ...node);
    expect(code, errors).toBe(0);
    expect(output).toMatch(/backend node: TensorFlow \d+\.\d+\.\d+, as asked/);
    const summary = JSON.parse(await readFile(join(whole, trial, 'summary.json'), 'utf8'));
    expect(summary.status).toBe('finished');
    expect(summary.finalValidationLoss).toBeLessThan(summary.initialValidationLoss - 1);

    const interrupted = join(folder, 'interrupted');
    const stopped = await endedMidway(interrupted, trial, async () => {
      const { child, ended } = startBench(['run', file, '--out', interrupted, ...node]);
      await untilLines(interrupted, trial, 15);
      child.kill('SIGINT');
      return ended;
    });
    expect(stopped.code).toBe(130);
    expect((await bench('run', file, '--out', interrupted, ...node)).code).toBe(0);
    expect(await losses(interrupted, trial)).toEqual(await losses(whole, trial));
  });
});
