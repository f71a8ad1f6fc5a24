import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrialConfig } from '@steepest/experiments';
import { createSchedule } from '@steepest/experiments/training';
import { countParameters, type LanguageModelOptions, modelConfig } from '@steepest/lm-models';
import type { LossCurve, ScheduleRun } from '@steepest/scaling-laws';

/** A trial of the sweep that is over. */
export interface SweepRun extends ScheduleRun {
  /** Name of the trial. */
  readonly name: string;
  /** What the experiment calls its schedule, such as `cosine-small`. */
  readonly family: string;
  readonly seed: number;
  /** Share of the steps that the warm-up takes. */
  readonly warmup: number;
  readonly schedule: Float64Array;
  readonly peak: number;
  /** Validation losses on the way. */
  readonly curve: LossCurve;
}

interface TrialSummary {
  readonly status: string;
  readonly finalValidationLoss: number | null;
}

/**
 * Every trial of a run folder that is over, finished or diverged. Its loss is the last validation loss; parameters count
 * without embedding and head.
 *
 * @throws Error when a trial is not over
 */
export async function scheduleRuns(folder: string): Promise<SweepRun[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const runs: SweepRun[] = [];
  for (const name of names.sort()) {
    const config = await readJson<TrialConfig>(join(folder, name, 'config.json'));
    if (config === undefined) continue;
    const summary = await readJson<TrialSummary>(join(folder, name, 'summary.json'));
    const diverged = summary?.status === 'diverged';
    if (summary === undefined || !(diverged || summary.status === 'finished')) {
      throw new Error(
        `${join(folder, name)}: the trial is not over (${summary?.status ?? 'no summary.json'})`,
      );
    }
    const metrics = await readFile(join(folder, name, 'metrics.jsonl'), 'utf8');
    runs.push(runOf(name, config, diverged ? null : summary.finalValidationLoss, metrics));
  }
  return runs;
}

function runOf(name: string, config: TrialConfig, loss: number | null, metrics: string): SweepRun {
  const { steps, batchSize, contextLength } = config.budget;
  const peak = config.settings.learningRate;
  const schedule = createSchedule(config.schedule, peak, steps);
  const rates = Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
  const evaluations = metrics
    .split('\n')
    .filter((line) => line.includes('"evaluation"'))
    .map((line) => JSON.parse(line) as { step: number; loss: number })
    .filter(({ step }) => step > 0);
  return {
    name,
    family: config.optimizer,
    seed: config.seed,
    warmup: config.schedule.warmupFraction ?? 0.1,
    peak,
    schedule: rates,
    parameters: countParameters(modelConfig({ ...(config.model as LanguageModelOptions), seed: 0 }))
      .nonEmbedding,
    tokens: steps * batchSize * contextLength,
    loss,
    diverged: loss === null,
    curve: {
      name,
      rates,
      steps: evaluations.map(({ step }) => step),
      losses: evaluations.map(({ loss }) => loss),
    },
  };
}

async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}
