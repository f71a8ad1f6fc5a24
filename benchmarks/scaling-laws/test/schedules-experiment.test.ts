import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOptimizers, readExperiment, type TrialConfig, trialsOf } from '@steepest/experiments';
import { createSchedule } from '@steepest/experiments/training';
import { logSpacedSteps } from '@steepest/trainer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SuggestionOutcome } from '../src/schedules/outcome.ts';
import type { RankingResult } from '../src/schedules/ranking.ts';
import { scheduleRuns } from '../src/schedules/schedule-runs.ts';
import { runSchedulesExperiment } from '../src/schedules/schedules-experiment.ts';
import type { ScheduleSuggestion } from '../src/schedules/suggestion.ts';
import type { TrainFile } from '../src/training/run-file.ts';

let folder: string;
beforeEach(async () => {
  await loadOptimizers();
  folder = await mkdtemp(join(tmpdir(), 'schedules-'));
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const json = async <T>(file: string) => JSON.parse(await readFile(join(folder, file), 'utf8')) as T;
const options = (more: object = {}) => ({
  out: join(folder, 'out'),
  results: join(folder, 'results'),
  seeds: 3,
  ...more,
});

async function trialsIn(file: string): Promise<TrialConfig[]> {
  return trialsOf(await readExperiment(file), { backend: 'wasm', versions: {} });
}

/**
 * Writes run files in the place of training: the expected loss of gradient descent with noise on a quadratic whose
 * curvatures fall as a power, which diverges where a rate outruns the largest of them. Knows nothing of the laws.
 */
const onQuadratic: TrainFile = async (file, { out }) => {
  for (const trial of await trialsIn(file)) {
    const { steps, batchSize, contextLength } = trial.budget;
    const rate = createSchedule(trial.schedule, trial.settings.learningRate, steps);
    const measured = logSpacedSteps(steps, trial.evaluation.points);
    const sharp = trial.model.modelWidth === 32 ? 1.5 : 2;
    const curvatures = Array.from({ length: 40 }, (_, index) => sharp * (index + 1) ** -1.3);
    const moments = curvatures.map(() => 1);
    const floor = 2 + (sharp === 2 ? 0 : 0.4) + 0.01 * Math.sin(trial.seed);
    const lines: object[] = [];
    let diverged = false;
    for (let step = 0; step <= steps && !diverged; step++) {
      if (step > 0) {
        const lr = 3 * rate(step);
        const early = 1 + 3 * Math.exp(-step / 15);
        curvatures.forEach((h, index) => {
          const own = index === 0 ? h * early : h;
          moments[index] = (1 - lr * own) ** 2 * moments[index]! + lr * lr * own * 0.5;
        });
      }
      diverged = !(moments[0]! < 30);
      const loss = floor + curvatures.reduce((sum, h, index) => sum + (h * moments[index]!) / 2, 0);
      if (measured.includes(step)) {
        lines.push({ kind: 'evaluation', step, tokens: step * batchSize * contextLength, loss });
      }
    }
    const directory = join(out, trial.trial);
    await mkdir(directory, { recursive: true });
    const last = (lines.at(-1) as { loss: number }).loss;
    const summary = {
      status: diverged ? 'diverged' : 'finished',
      finalValidationLoss: diverged ? null : last,
    };
    await writeFile(join(directory, 'config.json'), JSON.stringify(trial));
    await writeFile(
      join(directory, 'metrics.jsonl'),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    await writeFile(join(directory, 'summary.json'), JSON.stringify(summary));
  }
  return 'ended';
};

describe('the experiment on losses of a noisy quadratic', () => {
  it('predicts the runs that are held out, suggests a schedule, and tells how it came out', async () => {
    let calls = 0;
    const stopping: TrainFile = async (file, where) => {
      calls++;
      return calls === 1 || calls === 4 ? 'interrupted' : onQuadratic(file, where);
    };
    expect(await runSchedulesExperiment(options(), stopping)).toBe('interrupted');
    expect(await runSchedulesExperiment(options(), stopping)).toBe('interrupted');
    const made = await json<ScheduleSuggestion>('out/suggestion.json');
    expect(await runSchedulesExperiment(options(), stopping)).toBe('ended');
    const [byFamily, bySize] = await json<[RankingResult, RankingResult]>('results/ranking.json');
    expect(byFamily.runs).toBe(105);
    expect(bySize.diverged).toBe(byFamily.diverged);
    expect(byFamily.diverged).toBeGreaterThan(10);
    for (const { scores } of [byFamily, bySize]) {
      const [own, ...baselines] = scores;
      expect(own!.predictor).toBe('convergence and escape');
      for (const baseline of baselines) {
        expect(own!.topTwo).toBeGreaterThan(baseline.topTwo);
        expect(own!.f1).toBeGreaterThanOrEqual(baseline.f1);
        expect(own!.lossError).toBeLessThan(baseline.lossError);
      }
    }
    const suggestion = await json<ScheduleSuggestion>('results/suggestion.json');
    // Made once, before the runs that decide.
    expect(suggestion).toEqual(made);
    expect(suggestion.suggested.expectedLoss).toBeLessThan(suggestion.cosine.expectedLoss);
    const trained = await trialsIn(join(folder, 'out', 'comparison.yaml'));
    expect(trained).toHaveLength(9);
    const first = trained.find(({ optimizer }) => optimizer === 'suggested')!;
    expect(first.budget.steps).toBe(600);
    const schedule = createSchedule(first.schedule, first.settings.learningRate, first.budget.steps);
    suggestion.suggested.points.forEach(([share, height], index) => {
      expect(Math.round(share * 600)).toBe(index + 1);
      expect(schedule(index + 1)).toBeCloseTo(height * suggestion.suggested.peak, 12);
    });
    const { seeds, schedules } = await json<SuggestionOutcome>('results/outcome.json');
    expect(seeds).toEqual([2, 3, 4]);
    for (const { losses, mean, behind, beaten } of schedules) {
      expect(mean).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 3, 12);
      expect(behind).toBeCloseTo(mean - schedules[0]!.mean, 12);
      expect(beaten).toBe(losses.filter((loss, index) => loss > schedules[0]!.losses[index]!).length);
    }
    const page = await readFile(join(folder, 'results', 'README.md'), 'utf8');
    for (const { mean } of schedules) expect(page).toContain(mean.toFixed(3));
  });

  it('says which trial is not over', async () => {
    const sweep = join(folder, 'out', 'sweep', 'one');
    await mkdir(sweep, { recursive: true });
    await writeFile(join(sweep, 'config.json'), '{}');
    await writeFile(join(sweep, 'summary.json'), '{ "status": "failed", "finalValidationLoss": null }');
    await expect(runSchedulesExperiment(options(), async () => 'ended')).rejects.toThrow(
      `${sweep}: the trial is not over (failed)`,
    );
  });
});

describe('the runs of a sweep', () => {
  const config = {
    trial: 'one',
    optimizer: 'stable',
    seed: 1,
    model: { size: 'nano' },
    budget: { steps: 10, batchSize: 8, contextLength: 64 },
    schedule: { type: 'constant' },
    settings: { learningRate: 0.1 },
  };
  const evaluations = [
    { step: 0, loss: 8 },
    { step: 5, loss: 6 },
    { step: 10, loss: 5 },
  ];
  const finished = { status: 'finished', finalValidationLoss: 5 };
  const diverged = { status: 'diverged', finalValidationLoss: null };

  /** Reads a run with these files; without evaluations there is no metrics.jsonl. */
  async function read(summary: object, points: readonly object[], changes: object = {}) {
    const directory = join(folder, 'one');
    await mkdir(directory);
    const line = (point: object) => `${JSON.stringify({ kind: 'evaluation', ...point })}\n`;
    await writeFile(join(directory, 'config.json'), JSON.stringify({ ...config, ...changes }));
    await writeFile(join(directory, 'summary.json'), JSON.stringify(summary));
    if (points.length > 0) await writeFile(join(directory, 'metrics.jsonl'), points.map(line).join(''));
    return scheduleRuns(folder);
  }

  it('have the losses of their files, and the warm-up that their schedule has by default', async () => {
    const [run] = await read(finished, evaluations);
    expect(run).toMatchObject({ loss: 5, diverged: false, warmup: 0 });
    expect(run!.curve).toMatchObject({ steps: [5, 10], losses: [6, 5] });
  });

  it.each([
    ['study', 0.1],
    ['piecewiseLinear', 0],
  ])('of the schedule %s warm up over %f of their steps', async (type, warmup) => {
    const schedule = { type, ...(type === 'piecewiseLinear' ? { points: [[0, 1]] } : {}) };
    expect((await read(finished, evaluations, { schedule }))[0]!.warmup).toBe(warmup);
  });

  it('may have diverged before their first evaluation after step 0', async () => {
    const [run] = await read(diverged, evaluations.slice(0, 1));
    expect(run).toMatchObject({ loss: null, diverged: true });
    expect(run!.curve.steps).toEqual([]);
  });

  it.each<[string, object, readonly object[], string]>([
    [
      'a loss that was changed',
      finished,
      [...evaluations.slice(0, 2), { step: 10, loss: 4 }],
      'summary.json has a final validation loss of 5, metrics.jsonl one of 4',
    ],
    [
      'no final loss',
      { status: 'finished' },
      evaluations,
      'the trial is finished, but summary.json has no finalValidationLoss',
    ],
    [
      'a final loss that is no number',
      { ...finished, finalValidationLoss: 'low' },
      evaluations,
      'the trial is finished, but summary.json has no finalValidationLoss',
    ],
    [
      'no evaluation after step 0',
      { ...finished, finalValidationLoss: 8 },
      evaluations.slice(0, 1),
      'metrics.jsonl has no evaluation after step 0',
    ],
    ['no metrics', finished, [], 'metrics.jsonl has no evaluation after step 0'],
    ['no metrics, though they diverged', diverged, [], 'metrics.jsonl has no evaluation'],
  ])('are refused with %s', async (_, summary, points, message) => {
    await expect(read(summary, points)).rejects.toThrow(`${join(folder, 'one')}: ${message}`);
  });
});
