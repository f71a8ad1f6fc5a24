import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type MetricsLine, type TrainOptions, type TrialSummary, train } from '../src/index.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate, tinySettings } from './tiny-run.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A fresh folder, removed after the test. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'steepest-trainer-'));
  folders.push(folder);
  return folder;
}

/** Trains with a fresh tiny model (unless one is given), optimizer and data, as a new process would. */
export async function trainTiny(
  directory: string,
  options: Partial<TrainOptions> = {},
): Promise<TrialSummary> {
  const model = options.model ? undefined : new TinyModel();
  const optimizer = new TinyOptimizer({ learningRate: tinyRate });
  try {
    return await train({
      model: model!,
      optimizer,
      data: tinyData(),
      ...tinySettings,
      directory,
      ...options,
    });
  } finally {
    model?.dispose();
    optimizer.dispose();
  }
}

/** The lines of a run's metrics. */
export async function metricsOf(directory: string): Promise<MetricsLine[]> {
  const text = await readFile(join(directory, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as MetricsLine);
}

/** What must be equal between runs: everything but the times. */
export async function untimedMetrics(directory: string): Promise<unknown[]> {
  return (await metricsOf(directory)).map(({ seconds: _, ...line }) => line);
}

/** The bytes of a checkpoint's model and optimizer. */
export function checkpointBytes(directory: string): Promise<Buffer[]> {
  return Promise.all(
    ['model.safetensors', 'optimizer.safetensors'].map((name) =>
      readFile(join(directory, 'checkpoint', name)),
    ),
  );
}
