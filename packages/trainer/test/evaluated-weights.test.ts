import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineUpdateRule, mul, optimizerClass, sub } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withEvaluatedWeights } from '../src/evaluated-weights.ts';
import { train } from '../src/index.ts';
import { TinyModel, tinyData } from './tiny-run.ts';

/** Gradient descent that means, by its own account, the weights from before its first step. */
const Nostalgic = optimizerClass(
  defineUpdateRule({
    name: 'nostalgic',
    title: 'Nostalgic',
    paper: { authors: 'none', year: 2024, title: 'none', source: 'none' },
    hyperparameters: { learningRate: { default: 0.5, description: 'Step size' } },
    slots: () => ({ first: { shape: 'parameter', initial: 'parameter' } }),
    update: ({ parameter, gradient, first }, { learningRate }) => ({
      parameter: sub(parameter, mul(learningRate, gradient)),
      first: first!,
    }),
    average: ({ first }) => first!,
  }),
  'TrainerTestNostalgic',
);

let directory: string;
beforeEach(async () => {
  await tf.setBackend('cpu');
  directory = await mkdtemp(join(tmpdir(), 'trainer-average-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('evaluates with an average only if the optimizer keeps one of its own and can swap it', async () => {
  const swaps: string[] = [];
  const optimizer = {
    describe: () => ({ capabilities: { average: true } }),
    swapInAverage: () => swaps.push('in'),
    swapOutAverage: () => swaps.push('out'),
  };
  const evaluateWith = (changed: object) =>
    withEvaluatedWeights({ ...optimizer, ...changed } as never, async () => {
      swaps.push('evaluated');
      return 7;
    });
  for (const [changed, expected] of [
    [{}, ['in', 'evaluated', 'out']],
    [{ describe: () => ({ capabilities: { average: false } }) }, ['evaluated']],
    [{ describe: undefined }, ['evaluated']],
    [{ swapInAverage: undefined }, ['evaluated']],
    [{ swapOutAverage: undefined }, ['evaluated']],
  ] as const) {
    swaps.length = 0;
    expect(await evaluateWith(changed)).toBe(7);
    expect(swaps).toEqual(expected);
  }
  swaps.length = 0;
  const failing = withEvaluatedWeights(optimizer as never, async () => {
    throw new Error('no loss');
  });
  await expect(failing).rejects.toThrow('no loss');
  expect(swaps).toEqual(['in', 'out']);
});

it('evaluates with the weights that the algorithm means, and continues training with its own', async () => {
  const model = new TinyModel();
  const first = model.variables.map((variable) => variable.dataSync().slice());
  const evaluation = { every: 1, sequences: 4 };
  await train({
    model,
    optimizer: new Nostalgic(),
    data: tinyData(),
    steps: 5,
    evaluation,
    log: { every: 1 },
    directory,
  });
  const text = await readFile(join(directory, 'metrics.jsonl'), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; loss: number });
  const losses = (kind: string) => lines.filter((line) => line.kind === kind).map(({ loss }) => loss);
  expect(new Set(losses('evaluation')).size).toBe(1);
  expect(losses('train').at(-1)).toBeLessThan(losses('train')[0]!);
  for (const [index, variable] of model.variables.entries()) {
    expect(variable.dataSync()).not.toEqual(first[index]);
  }
  model.dispose();
});
