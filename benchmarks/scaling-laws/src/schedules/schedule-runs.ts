import { join } from 'node:path';
import type { TrialConfig } from '@steepest/experiments';
import { createSchedule } from '@steepest/experiments/training';
import { countParameters, type LanguageModelOptions, modelConfig } from '@steepest/lm-models';
import { runShapeDefaults } from '@steepest/lr-schedules';
import { finite, foldersIn, type RecordedRun, readRun } from '@steepest/run-files';
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

/**
 * Every trial of a run folder that is over, finished or diverged. Its loss is the last validation loss; parameters count
 * without embedding and head.
 *
 * @throws Error when a trial is not over, its files contradict one another, or a loss is missing in them
 */
export async function scheduleRuns(folder: string): Promise<SweepRun[]> {
  const runs: SweepRun[] = [];
  for (const name of await foldersIn(folder)) {
    const run = await readRun(join(folder, name));
    if (run !== undefined) runs.push(runOf(join(folder, name), run));
  }
  return runs;
}

function runOf(directory: string, { name, damage, summary, metrics, ...run }: RecordedRun): SweepRun {
  if (damage !== undefined) throw new Error(`${directory}: ${damage}`);
  const diverged = summary?.status === 'diverged';
  if (!diverged && summary?.status !== 'finished') {
    throw new Error(`${directory}: the trial is not over (${summary?.status ?? 'no summary.json'})`);
  }
  const config = run.config as unknown as TrialConfig;
  const { steps, batchSize, contextLength } = config.budget;
  const peak = config.settings.learningRate;
  const schedule = createSchedule(config.schedule, peak, steps);
  const rates = Float64Array.from({ length: steps }, (_, index) => schedule(index + 1));
  const evaluations = metrics.validation.flatMap(({ step, loss }) =>
    step > 0 && loss !== null ? [{ step, loss }] : [],
  );
  const loss = diverged ? null : finite(summary?.finalValidationLoss);
  if (!diverged && loss === null) {
    throw new Error(`${directory}: the trial is finished, but summary.json has no finalValidationLoss`);
  }
  // Every trial is evaluated before its first step, but one may diverge before the next evaluation.
  if ((diverged ? metrics.validation : evaluations).length === 0) {
    throw new Error(`${directory}: metrics.jsonl has no evaluation${diverged ? '' : ' after step 0'}`);
  }
  return {
    name,
    family: config.optimizer,
    seed: config.seed,
    warmup: config.schedule.warmupFraction ?? runShapeDefaults[config.schedule.type].warmupFraction ?? 0,
    peak,
    schedule: rates,
    parameters: countParameters(modelConfig({ ...(config.model as LanguageModelOptions), seed: 0 }))
      .nonEmbedding,
    tokens: steps * batchSize * contextLength,
    loss,
    diverged,
    curve: {
      name,
      rates,
      steps: evaluations.map(({ step }) => step),
      losses: evaluations.map(({ loss }) => loss),
    },
  };
}
