import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOptimizers, readExperiment, type TrialConfig, trialsOf } from '@steepest/experiments';
import { runTrial } from '@steepest/experiments/training';
import { flopsPerToken, modelConfig } from '@steepest/lm-models';
import { optimalTraversal, type ShapeLaw } from '@steepest/scaling-laws';
import { logSpacedSteps } from '@steepest/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runAdaptiveContextExperiment } from '../src/adaptive-context/adaptive-context-experiment.ts';
import type { ContextOutcome } from '../src/adaptive-context/outcome.ts';
import type { ContextPlan } from '../src/adaptive-context/plan.ts';
import type { TrainFile } from '../src/training/run-file.ts';

let folder: string;
beforeEach(async () => {
  await loadOptimizers();
  folder = await mkdtemp(join(tmpdir(), 'adaptive-context-'));
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const read = async (file: string) => readFile(join(folder, file), 'utf8');
const json = async <T>(file: string) => JSON.parse(await read(file)) as T;
const options = (more: object = {}) => ({
  out: join(folder, 'out'),
  results: join(folder, 'results'),
  fromStep: 2,
  ...more,
});

/** The trials of an experiment file, one after the other in the order of the file. */
async function trialsIn(file: string): Promise<TrialConfig[]> {
  return trialsOf(await readExperiment(file), { backend: 'wasm', versions: {} });
}

describe('the experiment with a tiny model', () => {
  const tiny = `name: tiny
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 20, batchSize: 2, contextLength: 32 }
evaluation: { points: 10, sequences: 2 }
seeds: [1, 2]
optimizers:
  context-8:
    optimizer: adam
    learningRate: 1e-2
    schedule: { type: piecewiseLinear, points: [[0, 0.1], [0.1, 1]] }
    budget: { steps: 20, phases: [{ fromStep: 0, contextLength: 8, batchSize: 8 }] }
  context-32:
    optimizer: adam
    learningRate: 1e-2
    schedule: { type: piecewiseLinear, points: [[0, 0.1], [0.1, 1]] }
    budget: { steps: 20, phases: [{ fromStep: 0, contextLength: 32, batchSize: 2 }] }
`;
  /** What lm-comparison does, in this process. */
  const train: TrainFile = async (file, { out }) => {
    for (const trial of await trialsIn(file)) {
      tf.disposeVariables();
      await runTrial(trial, {
        directory: join(out, trial.trial),
        cacheDirectory: join(folder, 'cache'),
        checkpoint: { every: 100, keep: 1 },
        signal: new AbortController().signal,
      });
    }
    return 'ended';
  };

  it('trains, plans, trains by the plan and tells how it came out', async () => {
    const file = join(folder, 'tiny.yaml');
    await writeFile(file, tiny);
    expect(await runAdaptiveContextExperiment(options({ fixed: file }), train)).toBe('ended');
    const { plan, flops, decayFromStep } = await json<ContextPlan>('results/plan.json');
    const trained = await trialsIn(join(folder, 'out', 'comparison.yaml'));
    expect(new Set(trained.map(({ optimizer }) => optimizer))).toEqual(
      new Set(['growing', 'context-8-decayed', 'context-32-decayed', 'growing-decayed']),
    );
    const growing = trained.find(({ optimizer }) => optimizer === 'growing')!;
    expect(growing.budget).toMatchObject({ steps: plan.steps, phases: plan.phases, contextLength: 32 });
    const decaying = trained.find(({ optimizer }) => optimizer === 'growing-decayed')!;
    const [, warm, falls, end] = decaying.schedule.points!;
    expect(warm![0] * plan.steps).toBeCloseTo(2, 9);
    expect(falls![0] * plan.steps).toBeCloseTo(decayFromStep, 9);
    expect(end).toEqual([1, 0]);
    const { constant, decayed, seeds, points } = await json<ContextOutcome>('results/outcome.json');
    expect(seeds).toEqual([1, 2]);
    expect(constant.map(({ kind }) => kind)).toEqual(['growing', 'context-8', 'context-32']);
    expect(decayed).toHaveLength(3);
    const model = { ...growing.model, vocabularySize: 4096, contextLength: 32, seed: 1 };
    const longest = 20 * 64 * flopsPerToken(modelConfig(model as never), 'withAttention', 32);
    expect(flops).toBe(longest);
    // The plan's last phase is rounded to whole steps.
    expect(Math.abs(constant[0]!.flops - flops)).toBeLessThanOrEqual(longest / 20 / 2);
    expect(constant[0]!.flops).toBeCloseTo(plan.flops, 0);
    expect(points.length).toBeGreaterThan(3);
    const page = await read('results/README.md');
    for (const { mean } of [...constant, ...decayed]) expect(page).toContain(mean.toFixed(4));
  });
});

describe('the experiment on losses that follow laws', () => {
  const laws: readonly ShapeLaw[] = [
    { shape: 16, a: 9e3, b: 0.35, c: 4.2, d: 4e9 },
    { shape: 64, a: 1.5e4, b: 0.345, c: 3.6, d: 2e10 },
    { shape: 256, a: 2.4e4, b: 0.342, c: 3.1, d: 7e10 },
  ];
  const model = modelConfig({ size: 'nano', seed: 0 });
  const perStep = (contextLength: number) => 512 * flopsPerToken(model, 'withAttention', contextLength);
  const fixedEntry = ({ shape }: ShapeLaw) => `  context-${shape}:
    optimizer: adam
    learningRate: 1e-2
    schedule: { type: piecewiseLinear, points: [[0, 0.1], [0.1, 1]] }
    budget:
      steps: ${Math.round((1200 * perStep(256)) / perStep(shape))}
      phases: [{ fromStep: 0, contextLength: ${shape}, batchSize: ${512 / shape} }]
`;
  const fixed = `name: by-law
model: { size: nano }
budget: { steps: 1200, batchSize: 2, contextLength: 256 }
evaluation: { points: 24, sequences: 16 }
seeds: [1, 2, 3, 4, 5, 6]
optimizers:
${laws.map(fixedEntry).join('')}`;

  /** Writes run files in the place of training them; a run continues along the law of a new context from the loss it had. */
  const byLaw =
    (noise: number): TrainFile =>
    async (file, { out }) => {
      for (const [index, trial] of (await trialsIn(file)).entries())
        await write(out, trial, noise * Math.sin(7 * index));
      return 'ended';
    };

  async function write(out: string, trial: TrialConfig, noise: number): Promise<void> {
    const { steps, phases } = trial.budget;
    const at = lossAlong(phases!);
    const better = trial.optimizer.endsWith('-decayed') ? 0.2 : 0;
    const lines = logSpacedSteps(steps, 24).map((step) => {
      const { flops, loss } = at(step);
      return { kind: 'evaluation', step, tokens: 512 * step, flops, loss: loss * Math.exp(noise) - better };
    });
    const last = lines.at(-1)!;
    const files = {
      'config.json': JSON.stringify(trial),
      'metrics.jsonl': lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      'summary.json': JSON.stringify({
        status: 'finished',
        steps,
        tokens: last.tokens,
        flops: last.flops,
        finalValidationLoss: last.loss,
      }),
    };
    for (const [name, content] of Object.entries(files)) {
      const path = join(out, trial.trial, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }

  function lossAlong(phases: NonNullable<TrialConfig['budget']['phases']>) {
    return (step: number) => {
      let [flops, loss] = [0, Number.NaN];
      for (const [index, { fromStep, contextLength }] of phases.entries()) {
        const { a, b, c, d } = laws.find(({ shape }) => shape === contextLength)!;
        const spent =
          (Math.min(phases[index + 1]?.fromStep ?? step, step) - fromStep) * perStep(contextLength);
        if (spent < 0 || (spent === 0 && index > 0)) break;
        const start = index === 0 ? d : ((loss - c) / a) ** (-1 / b);
        loss = a * (start + spent) ** -b + c;
        flops += spent;
      }
      return { flops, loss };
    };
  }

  const run = async (train: TrainFile) => {
    const file = join(folder, 'by-law.yaml');
    await writeFile(file, fixed);
    return runAdaptiveContextExperiment(options({ fixed: file, fromStep: 20 }), train);
  };

  it('plans the switches of the laws, and finds the saving that it predicted', async () => {
    await run(byLaw(1e-4));
    const plan = await json<ContextPlan>('results/plan.json');
    const truth = optimalTraversal(laws, 9, { flops: plan.flops });
    expect(plan.plan.phases.map(({ contextLength }) => contextLength)).toEqual([16, 64, 256]);
    let spent = 0;
    truth.segments.slice(0, -1).forEach(({ shape, flops }, index) => {
      spent += flops / perStep(shape);
      // Steps of the switches; noise of 1e-4 in the losses moves equal slopes by a few per cent.
      expect(Math.abs(plan.plan.phases[index + 1]!.fromStep / spent - 1)).toBeLessThan(0.1);
    });
    // The first step by which four fifths of the compute are spent.
    const { decayFromStep, plan: grown } = plan;
    const { flops } = lossAlong(grown.phases)(decayFromStep);
    expect(flops).toBeGreaterThanOrEqual(0.8 * grown.flops);
    expect(flops - perStep(256)).toBeLessThan(0.8 * grown.flops);
    const { constant, decayed, reached, meanAbsoluteError } =
      await json<ContextOutcome>('results/outcome.json');
    expect(meanAbsoluteError).toBeLessThan(2e-3);
    reached.forEach(({ saved }, index) => {
      const { a, b, c, d } = laws[index]!;
      const end = a * (plan.flops + d) ** -b + c;
      const truly = 1 - optimalTraversal(laws, 9, { loss: end }).flops / plan.flops;
      // Noise of 1e-4 in the laws, and between evaluations the measured curve is read off a straight line.
      expect(plan.savings[index]!.saved).toBeCloseTo(truly, 2);
      expect(saved).toBeCloseTo(truly, 1.5);
    });
    for (const { kind, behind } of [...constant, ...decayed]) {
      if (kind.startsWith('growing')) expect(behind).toBe(0);
      else expect(behind).toBeGreaterThan(0);
    }
    expect(await read('results/README.md')).toContain(
      'nats above the growing run, more than two standard errors.',
    );
  });

  it('keeps a plan once made, and stops where training stops', async () => {
    expect(await run(async () => 'interrupted')).toBe('interrupted');
    expect(existsSync(join(folder, 'out', 'plan.json'))).toBe(false);
    const halfway: TrainFile = (file, to) =>
      file.endsWith('comparison.yaml') ? Promise.resolve('interrupted') : byLaw(1e-4)(file, to);
    expect(await run(halfway)).toBe('interrupted');
    const made = await read('out/plan.json');
    expect(existsSync(join(folder, 'results'))).toBe(false);
    await run(byLaw(3e-3));
    expect(await read('out/plan.json')).toBe(made);
    expect(await read('results/plan.json')).toBe(made);
  });
});

it('trains every fixed context with the same compute, to half a step, and as long a warm-up', async () => {
  const file = fileURLToPath(new URL('../src/adaptive-context/fixed.yaml', import.meta.url));
  const trials = await trialsIn(file);
  const spent = trials.map(({ budget: { steps, phases, contextLength }, model, schedule }) => {
    const shape = modelConfig({ ...model, vocabularySize: 4096, contextLength, seed: 1 } as never);
    const { contextLength: context, batchSize } = phases![0]!;
    expect(batchSize).toBe(8);
    expect(Math.round(schedule.points![1]![0] * steps)).toBe(50);
    const perStep = 8 * context * flopsPerToken(shape, 'withAttention', context);
    return { perStep, flops: steps * perStep };
  });
  const largest = spent.find(({ perStep }) => perStep === Math.max(...spent.map((one) => one.perStep)))!;
  for (const { perStep, flops } of spent)
    expect(Math.abs(flops - largest.flops)).toBeLessThanOrEqual(perStep / 2);
});
