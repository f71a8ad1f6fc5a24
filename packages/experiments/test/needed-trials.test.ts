import { describe, expect, it } from 'vitest';
import { loadOptimizers, parseExperiment, type TrialConfig } from '../src/index.ts';
import { type EndOf, type KnownEnd, neededTrials } from '../src/search/needed-trials.ts';
import { nextValue } from '../src/search/next-value.ts';

await loadOptimizers();

const environment = { backend: 'cpu', versions: {} } as const;
const base = 'name: mine\nscale: nano\n';
const experimentOf = (text: string) => parseExperiment(base + text, 'mine.yaml');

type LossOf = (config: TrialConfig) => number | null;

/** Trains nothing: gives every trial the loss that a function says, `null` for one that diverges, until no more are needed. */
function played(text: string, lossOf: LossOf): { rounds: string[][]; all: TrialConfig[] } {
  const experiment = experimentOf(text);
  const ends = new Map<string, KnownEnd>();
  const endOf: EndOf = (trial) => ends.get(trial);
  const rounds: string[][] = [];
  for (;;) {
    const all = neededTrials(experiment, { environment, endOf });
    const fresh = all.filter(({ trial }) => !ends.has(trial));
    if (fresh.length === 0) return { rounds, all };
    rounds.push(fresh.map(({ trial }) => trial));
    for (const config of fresh) {
      const loss = lossOf(config);
      ends.set(config.trial, { status: loss === null ? 'diverged' : 'finished', finalValidationLoss: loss });
    }
  }
}

/** A loss that is lowest at a learning rate. */
const lowestAt =
  (rate: number): LossOf =>
  ({ settings, seed }) =>
    Math.log(settings.learningRate / rate) ** 2 + seed / 100;

describe('trials that follow from how others ended', () => {
  const rates = 'optimizers: { adam: { learningRate: [1e-3, 3.16e-3, 1e-2] } }\n';

  it('are none where the file asks for none', () => {
    expect(played(rates, lowestAt(1)).rounds).toHaveLength(1);
  });

  it('are the next values of a list until its best is neither its lowest nor its highest', () => {
    const { rounds } = played(`extend: true\n${rates}`, lowestAt(0.05));
    expect(rounds.slice(1)).toEqual([['adam-lr3.16e-2-seed1'], ['adam-lr0.1-seed1']]);
    const down = played(`extend: true\n${rates}`, lowestAt(6e-4));
    expect(down.rounds.slice(1)).toEqual([['adam-lr3.16e-4-seed1']]);
  });

  it('end where the next value diverges, and after six values in any case', () => {
    const wall: LossOf = (config) => (config.settings.learningRate > 0.02 ? null : lowestAt(1)(config));
    expect(played(`extend: true\n${rates}`, wall).rounds).toEqual([
      ['adam-lr1e-3-seed1', 'adam-lr3.16e-3-seed1', 'adam-lr1e-2-seed1'],
      ['adam-lr3.16e-2-seed1'],
    ]);
    const forever = played(`extend: true\n${rates}`, ({ settings }) => -settings.learningRate);
    expect(forever.all.map(({ settings }) => settings.learningRate)).toEqual([
      1e-3, 3.16e-3, 1e-2, 3.16e-2, 0.1, 0.316, 1, 3.16, 10,
    ]);
  });

  it('are the best setting with the seeds that confirm it, once nothing more is to be added', () => {
    const { rounds, all } = played(`seeds: [1, 7]\nextend: true\nconfirm: [2, 3]\n${rates}`, lowestAt(0.02));
    expect(rounds.slice(1)).toEqual([
      ['adam-lr3.16e-2-seed1', 'adam-lr3.16e-2-seed7'],
      ['adam-lr0.1-seed1', 'adam-lr0.1-seed7'],
      ['adam-lr3.16e-2-seed2', 'adam-lr3.16e-2-seed3'],
    ]);
    expect(all).toHaveLength(12);
  });

  it('take a setting of which a seed diverged for none, and confirm nothing where all did', () => {
    const text = `seeds: [1, 7]\nconfirm: [2]\n${rates}`;
    const unlucky: LossOf = (config) =>
      config.settings.learningRate === 1e-2 && config.seed === 7 ? null : lowestAt(1e-2)(config);
    expect(played(text, unlucky).rounds.at(-1)).toEqual(['adam-lr3.16e-3-seed2']);
    expect(played(text, () => null).rounds).toHaveLength(1);
  });

  it('wait for every trial of the grid, and one that failed is not over', () => {
    const experiment = experimentOf(`extend: true\nconfirm: [2]\n${rates}`);
    const status = (config: string): KnownEnd['status'] => (config.includes('1e-3') ? 'failed' : 'finished');
    const found = neededTrials(experiment, {
      environment,
      endOf: (trial) => ({ status: status(trial), finalValidationLoss: 1 }),
    });
    expect(found).toHaveLength(3);
  });

  it('extend a grid of several lists by a whole row, and are found of each optimizer by itself', () => {
    const text =
      'extend: true\noptimizers:\n  adam: { learningRate: [1e-3, 1e-2], beta2: [0.9, 0.95] }\n  sgd: { learningRate: [0.1, 1, 10] }\n';
    const { rounds } = played(text, (config) =>
      config.optimizer === 'sgd'
        ? lowestAt(1)(config)
        : lowestAt(5e-2)(config)! + Number(config.settings.beta2),
    );
    // The best beta2 is the lowest, of which the next is twice as far from 1.
    expect(rounds[1]).toEqual([
      'adam-lr1e-3-beta2_0.8-seed1',
      'adam-lr1e-2-beta2_0.8-seed1',
      'adam-lr0.1-beta2_0.8-seed1',
      'adam-lr0.1-beta2_0.9-seed1',
      'adam-lr0.1-beta2_0.95-seed1',
    ]);
    expect(rounds.flat().filter((trial) => trial.startsWith('sgd'))).toHaveLength(3);
  });

  it('end before one that no memory holds', () => {
    const experiment = experimentOf(
      'extend: true\nsweep: { budget.batchSize: [8, 16] }\noptimizers: { adam: { learningRate: 1 } }\n',
    );
    // The largest batch is best forever.
    const found = neededTrials(experiment, {
      environment,
      endOf: (trial) => ({
        status: 'finished',
        finalValidationLoss: -Number(/batchSize_(\d+)/.exec(trial)![1]),
      }),
      fits: ({ budget }) => budget.batchSize <= 64,
    });
    expect(found.map(({ budget }) => budget.batchSize)).toEqual([8, 16, 32, 64]);
  });

  it('refuse a seed that both chooses and confirms', () => {
    expect(() => experimentOf(`seeds: [1, 2]\nconfirm: [3, 2]\n${rates}`)).toThrow(
      /confirm\.1: is one of seeds \(1, 2\), which choose the setting; confirm it with others/,
    );
  });
});

describe('the next value of a list', () => {
  const entries = experimentOf(
    'optimizers:\n  adam: { learningRate: 1 }\n  sgd: { learningRate: 1, momentum: 0.9 }\n  galore-adamw: { learningRate: 1, rank: 16 }\n' +
      '  both:\n    learningRate: 1\n    members:\n      - { optimizer: adam, match: { role: norm }, learningRate: 1 }\n      - { optimizer: sgd }\n',
  ).optimizers;
  const next = (key: string, values: number[], end: 'lowest' | 'highest', name = 'adam') =>
    nextValue(entries[name]!, key, values, end);

  it('takes the steps that the list takes', () => {
    expect(next('learningRate', [1, 2, 4], 'highest')).toBe(8);
    expect(next('learningRate', [1, 2, 4], 'lowest')).toBe(0.5);
    expect(next('learningRate', [3.16e-2, 0.1, 0.316], 'highest')).toBe(1);
    expect(next('learningRate', [3.16e-2, 0.1], 'lowest')).toBe(0.00999);
    expect(next('epsilon', [1e-15, 1e-8], 'highest')).toBe(0.1);
  });

  it('halves or doubles the distance from 1 of a beta, and ends at 0', () => {
    expect(next('beta2', [0.8, 0.9, 0.95], 'highest')).toBe(0.975);
    expect(next('beta1', [0.8, 0.9], 'lowest')).toBe(0.6);
    expect(next('beta1', [0.6, 0.8], 'lowest')).toBe(0.2);
    expect(next('beta1', [0.2, 0.6], 'lowest')).toBe(0);
    expect(next('beta1', [0, 0.2, 0.6], 'lowest')).toBeUndefined();
    expect(next('members.0.beta1', [0.8, 0.9], 'highest', 'both')).toBe(0.95);
    expect(next('momentum', [0.8, 0.9], 'highest', 'both')).toBe(0.95);
  });

  it('is none below 0, above 1 of a fraction, and of what is no quantity of the optimizer', () => {
    expect(next('weightDecay', [0, 1e-4, 1e-3], 'lowest')).toBeUndefined();
    expect(next('weightDecay', [0, 1e-4, 1e-3], 'highest')).toBe(0.01);
    expect(next('schedule.warmupFraction', [0.2, 0.4, 0.8], 'highest')).toBeUndefined();
    expect(next('schedule.warmupFraction', [0.2, 0.4, 0.8], 'lowest')).toBe(0.1);
    expect(next('model.layers', [1, 2], 'highest')).toBeUndefined();
    // More of these is always better.
    expect(next('budget.steps', [100, 200], 'highest')).toBeUndefined();
    expect(next('budget.tokens', [100, 200], 'highest')).toBeUndefined();
    expect(next('budget.contextLength', [100, 200], 'highest')).toBeUndefined();
  });

  it('is a whole number where the list is of those', () => {
    expect(next('budget.batchSize', [1, 2, 4], 'lowest')).toBeUndefined();
    expect(next('budget.batchSize', [4, 8], 'lowest')).toBe(2);
    expect(next('budget.batchSize', [512, 1024], 'highest')).toBe(2048);
    expect(next('rank', [8, 16], 'highest', 'galore-adamw')).toBe(32);
  });
});
