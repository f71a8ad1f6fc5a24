import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineUpdateRule, mul, optimizerClass, sub } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
