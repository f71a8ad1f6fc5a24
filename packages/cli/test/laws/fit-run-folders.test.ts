import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { multiPowerFrom, trajectoryLoss } from '@steepest/scaling-laws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInProcess } from '../run-in-process.ts';

const run = (...args: string[]) => runInProcess('laws', ...args);

const folder = mkdtempSync(join(tmpdir(), 'steepest-laws-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A trial as an experiment leaves it. */
function writeTrial(
  experiment: string,
  name: string,
  config: { readonly settings: object; readonly schedule: object; readonly budget: object },
  summary: object,
  metrics: readonly object[],
): void {
  const directory = join(folder, experiment, name);
  mkdirSync(directory, { recursive: true });
  const write = (file: string, content: string) => writeFileSync(join(directory, file), content);
  write('config.json', JSON.stringify({ trial: name, optimizer: 'adam', seed: 1, ...config }));
  write('summary.json', JSON.stringify(summary));
  write('metrics.jsonl', metrics.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const budget = { steps: 200, batchSize: 8, contextLength: 64 };
const rates = [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1];

beforeAll(() => {
  for (const [index, learningRate] of rates.entries()) {
    for (const warmupFraction of [0.02, 0.1, 0.3]) {
      const status = learningRate > 0.2 ? 'diverged' : 'finished';
      writeTrial(
        'rates',
        `adam-${index}-${warmupFraction}`,
        { settings: { learningRate }, schedule: { type: 'study', warmupFraction }, budget },
        {
          status,
          steps: 200,
          tokens: 102_400,
          parameters: 6e5,
          finalValidationLoss:
            status === 'diverged' ? null : 5.6 + 0.1 * Math.abs(index - 2) + warmupFraction / 10,
        },
        [],
      );
    }
  }
  const killed = { settings: { learningRate: 0.02 }, schedule: { type: 'study' }, budget };
  writeTrial('rates', 'killed', killed, { status: 'interrupted', parameters: 6e5 }, []);

  const constants = { Nc: 5e12, alphaN: 0.08, Sc: 2500, alphaS: 0.7, Bstar: 1e8, alphaB: 0.2 };
  for (const parameters of [1e6, 4e6, 1.6e7]) {
    for (const batchTokens of [2e3, 1.6e4, 1.3e5]) {
      const name = `adam-${parameters}-${batchTokens}`;
      const shape = { steps: 6400, batchSize: batchTokens / 100, contextLength: 100 };
      const config = { settings: { learningRate: 1e-3 }, schedule: { type: 'constant' }, budget: shape };
      const curve = [200, 400, 800, 1600, 3200, 6400].map((steps) => ({
        ...{ kind: 'evaluation', step: steps, tokens: steps * batchTokens },
        loss: trajectoryLoss(constants, { parameters, batchTokens, steps }),
      }));
      writeTrial('batches', name, config, { status: 'finished', parameters, steps: 6400 }, curve);
    }
  }

  const law = multiPowerFrom({ L0: 3, A: 0.02, alpha: 0.5, B: 300, C: 2, beta: 0.6, gamma: 0.6 });
  for (const [name, end] of [
    ['decay', 0.1],
    ['constant', 1],
  ] as const) {
    const schedule = Array.from({ length: 400 }, (_, index) => {
      const peak = 1e-3 * Math.min(1, (index + 1) / 20);
      return index < 200 ? peak : peak * (1 - ((1 - end) * (index - 199)) / 201);
    });
    const steps = schedule.map((_, index) => index + 1);
    const losses = law.predictCurve(schedule, steps);
    const lines = steps.map((step, index) => ({
      ...{ kind: 'train', step, tokens: 512 * step },
      ...{ loss: losses[index]!, learningRate: schedule[index]! },
    }));
    const config = { settings: { learningRate: 1e-3 }, schedule: { type: 'warmupStableDecay' }, budget };
    writeTrial('curves', name, config, { status: 'finished', parameters: 6e5, steps: 400 }, lines);
  }
});

describe('fit takes of run folders what a law is fitted on', () => {
  const fit = async (experiment: string, law: string) => {
    const ended = await run('fit', join(folder, experiment), '--law', law, '--bootstrap', '0', '--json');
    expect(ended).toMatchObject({ errors: '', exitCode: 0 });
    return JSON.parse(ended.output) as { goodness: { points: number }; rows: number };
  };

  it('the ends of runs, diverged ones too and without those that were stopped, for a law of divergence', async () => {
    const { goodness, rows } = await fit('rates', 'convergence-escape');
    expect(rows).toBe(19);
    expect(goodness.points).toBe(15);
  });

  it('the validation losses on the way for a law of trajectories', async () => {
    expect((await fit('batches', 'su')).rows).toBe(54);
  });

  it('every training loss with its rate for a law of schedules', async () => {
    const { goodness, rows } = await fit('curves', 'multi-power');
    expect(rows).toBe(800);
    expect(goodness).toMatchObject({ points: 800, r2: expect.closeTo(1, 2) });
  });

  it('says which', async () => {
    expect((await run('list', 'su')).output).toContain('of run folders: every validation loss');
    expect((await run('list', 'convergence-escape')).output).toContain(
      'of run folders: those that diverged too',
    );
    expect((await run('list', 'chinchilla')).output).not.toContain('of run folders');
  });
});
