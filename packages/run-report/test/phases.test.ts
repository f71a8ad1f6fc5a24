import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ExperimentError,
  estimatedSeconds,
  loadOptimizers,
  parseExperiment,
  type TrialConfig,
  trialsOf,
} from '@steepest/experiments';
import { runTrial } from '@steepest/experiments/training';
import { flopsPerToken, modelConfig } from '@steepest/lm-models';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chartData } from '../src/charts/chart-data.ts';
import { curvesOption } from '../src/charts/curves.ts';
import type { Theme } from '../src/charts/theme.ts';
import { collectResults } from '../src/index.ts';

const text = `name: growing
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 9, batchSize: 2, contextLength: 16 }
evaluation: { points: 5, sequences: 4 }
optimizers:
  growing:
    optimizer: adam
    learningRate: 1e-2
    budget:
      phases:
        - { fromStep: 0, contextLength: 4, batchSize: 8 }
        - { fromStep: 4, contextLength: 16, batchSize: 2 }
  fixed: { optimizer: adam, learningRate: 1e-2 }
`;
const environment = { backend: 'wasm', versions: {} } as const;
const trials = (of: string) => trialsOf(parseExperiment(of, 'growing.yaml'), environment);

let folder: string;
beforeAll(async () => {
  await loadOptimizers();
  folder = await mkdtemp(join(tmpdir(), 'lm-comparison-phases-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the phases of a budget', () => {
  it('are part of the trials that have them, and leave others as they were', () => {
    const [growing, fixed] = trials(text);
    expect(growing!.budget).toEqual({
      steps: 9,
      batchSize: 2,
      contextLength: 16,
      phases: [
        { fromStep: 0, contextLength: 4, batchSize: 8 },
        { fromStep: 4, contextLength: 16, batchSize: 2 },
      ],
    });
    expect(JSON.stringify(fixed!.budget)).toBe('{"steps":9,"batchSize":2,"contextLength":16}');
  });

  it.each([
    // 4 steps of 32 tokens, then steps of 64.
    [192, 5],
    [256, 6],
    [300, 7],
  ])('turn a budget of %i tokens into %i steps', (tokens, steps) => {
    const inTokens = text
      .replace('steps: 9', `tokens: ${tokens}`)
      .replace(
        'fromStep: 4, contextLength: 16, batchSize: 2',
        'fromStep: 4, contextLength: 16, batchSize: 4',
      );
    expect(trials(inTokens)[0]!.budget.steps).toBe(steps);
  });

  it('enter the estimate of the time with their own contexts', () => {
    const [growing, fixed] = trials(text);
    const seconds = (trial: TrialConfig) => estimatedSeconds([trial], 1);
    const [four, sixteen] = [4, 16].map((contextLength) =>
      seconds({ ...fixed!, budget: { steps: 1, batchSize: 32 / contextLength, contextLength } }),
    );
    expect(seconds(growing!)).toBeCloseTo(4 * four! + 5 * sixteen!, 12);
    expect(four).toBeLessThan(sixteen!);
  });

  it.each([
    ['fromStep: 4, contextLength: 16', 'fromStep: 9, contextLength: 16', 'before the 9 steps of the run'],
    ['fromStep: 0', 'fromStep: 1', 'has budget.phases[0].fromStep 1, but the first phase begins at step 0'],
    ['fromStep: 4', 'fromStep: 0', 'which must be after the 0 of the phase before'],
    [
      'fromStep: 4, contextLength: 16',
      'fromStep: 4, contextLength: 17',
      'the model reads at most budget.context',
    ],
    ['fromStep: 4', 'fromStp: 4', 'unknown key "fromStp"; did you mean "fromStep"?'],
    ['batchSize: 8', 'batchSize: 0', 'must be greater than 0'],
    [
      'name: growing',
      'name: growing\nsweep: { budget.batchSize: [1, 2] }',
      'budget.batchSize cannot be swept',
    ],
    ['name: growing', 'name: growing\nsweep: { budget.phases: [] }', 'unknown key "budget.phases"'],
  ])('with %s as %s are refused', (from, to, message) => {
    const parse = () => parseExperiment(text.replace(from, to), 'growing.yaml');
    expect(parse).toThrow(ExperimentError);
    expect(parse).toThrow(message);
  });
});

describe('a trial whose context grows', () => {
  const run = (directory: string, onStep: (step: number) => void = () => undefined) => {
    // What a process of its own begins with.
    tf.disposeVariables();
    return runTrial(trials(text)[0]!, {
      directory: join(folder, directory, 'growing'),
      cacheDirectory: join(folder, 'cache'),
      checkpoint: { every: 3, keep: 1 },
      signal: new AbortController().signal,
      onProgress: ({ step }) => onStep(step),
    });
  };
  const untimed = async (directory: string) =>
    (await readFile(join(folder, directory, 'growing', 'metrics.jsonl'), 'utf8')).replaceAll(
      /"(seconds|threads)":[^,}]+/g,
      '"$1":0',
    );

  it('counts its tokens and FLOPs, compiles nothing at the switch and leaves no tensor there', async () => {
    const compile = vi.spyOn(WebAssembly, 'Module');
    const after: [tensors: number, compiled: number][] = [];
    const summary = await run('whole', () => after.push([tf.memory().numTensors, compile.mock.calls.length]));
    compile.mockRestore();
    expect(new Set(after.slice(1).map(String)).size).toBe(1);
    const shape = { modelWidth: 16, layers: 1, heads: 2, vocabularySize: 4096, contextLength: 16, seed: 1 };
    const flops = (context: number) => flopsPerToken(modelConfig(shape), 'withAttention', context);
    expect(summary).toMatchObject({
      status: 'finished',
      tokens: 9 * 32,
      flops: 4 * 32 * flops(4) + 5 * 32 * flops(16),
    });
  });

  it.each([2, 3, 4, 5, 7])(
    'ends as one that was never stopped after a crash at step %i, bit for bit',
    async (step) => {
      const crash = run(`crashed-${step}`, (taken) => {
        if (taken === step) throw new Error('crash');
      });
      await expect(crash).rejects.toThrow('crash');
      await run(`crashed-${step}`);
      expect(await untimed(`crashed-${step}`)).toBe(await untimed('whole'));
    },
  );

  it('is drawn over the FLOPs that it counted', async () => {
    const charts = chartData(await collectResults(join(folder, 'whole')));
    const view = { curve: 'train', x: 'FLOPs', range: 'whole run', of: 'every trial' } as const;
    const { series } = curvesOption(charts, view, { dark: false } as Theme)! as {
      series: { data: [number, number][] }[];
    };
    const lines = (await untimed('whole')).trim().split('\n');
    const recorded = lines
      .map((line) => JSON.parse(line.replace(',}', '}')))
      .filter(({ kind }) => kind === 'train');
    expect(series[0]!.data.map(([x]) => x)).toEqual(recorded.map(({ flops }) => flops));
  });
});
