import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { foldersIn, type Metrics, readMetrics, replaceFile, type TrainingLine } from '@steepest/run-files';
import { encodeEventFile, type ScalarEvent } from './event-file.ts';

const eventFile = /^events\.out\.tfevents\.\d+\.steepest$/;

/**
 * Writes a TensorBoard event file for each trial of a folder, into `tensorboard/<trial>` of it: losses, learning rate,
 * gradient norm and, where recorded, the measures of the layers by role.
 * @returns the log directory, for `tensorboard --logdir`, and how many trials are in it
 */
export async function writeEventFiles(outDirectory: string): Promise<{ folder: string; trials: number }> {
  const folder = join(outDirectory, 'tensorboard');
  let trials = 0;
  for (const name of await foldersIn(outDirectory)) {
    const metricsFile = join(outDirectory, name, 'metrics.jsonl');
    const written = await stat(metricsFile).catch(() => undefined);
    if (!written) continue;
    const metrics = await readMetrics(metricsFile);
    const seconds = Math.max(0, metrics.train.at(-1)?.seconds ?? 0, metrics.validation.at(-1)?.seconds ?? 0);
    // The metrics know seconds of training only: laid out so that the last line is as old as its file.
    const start = written.mtimeMs / 1000 - seconds;
    const target = join(folder, name);
    await mkdir(target, { recursive: true });
    // Those of an earlier call; other programs may log into the folder, too.
    for (const earlier of await readdir(target)) {
      if (eventFile.test(earlier)) await rm(join(target, earlier));
    }
    const file = join(target, `events.out.tfevents.${Math.floor(start)}.steepest`);
    await replaceFile(file, encodeEventFile(start, events(metrics, start)));
    trials += 1;
  }
  return { folder, trials };
}

function events({ train, validation }: Metrics, start: number): ScalarEvent[] {
  const logged = [
    ...train.map((line) => ({ point: line, scalars: trainingScalars(line) })),
    ...validation.map((point) => ({ point, scalars: known({ 'loss/validation': point.loss }) })),
  ];
  return logged
    .sort((a, b) => a.point.step - b.point.step)
    .map(({ point, scalars }) => ({ wallTime: start + point.seconds, step: point.step, scalars }));
}

function trainingScalars({ loss, learningRate, gradientNorm, layers = {} }: TrainingLine) {
  const measures = Object.entries(layers).flatMap(([role, values]) =>
    Object.entries(values).map(([measure, value]) => [`layers/${measure}/${role}`, value]),
  );
  return known({
    'loss/train': loss,
    learningRate,
    gradientNorm,
    ...(Object.fromEntries(measures) as Record<string, number>),
  });
}

/** A loss that was not finite stands as such in the plot. */
function known(values: Readonly<Record<string, number | null>>): Record<string, number> {
  const entries = Object.entries(values).filter(([tag, value]) => value !== null || tag.startsWith('loss/'));
  return Object.fromEntries(entries.map(([tag, value]) => [tag, value ?? Number.NaN]));
}
