import { usableCores } from '@steepest/backend';
import PQueue from 'p-queue';
import { CoreShares } from './core-shares.ts';
import type { OpenedRun, Requests } from './open-run.ts';
import type { Observers, PlaceOptions, TrainTrial } from './place.ts';
import { runTrialProcess } from './run-in-process.ts';
import type { Worker } from './worker.ts';

/** The process of a run that was killed continues to the end of its step, which is long for a large model. */
const defaultPatienceSeconds = 60;

/** Runs trials on this machine, each in a process of its own, in the order asked for. */
export function localTrials(
  run: OpenedRun,
  { view, display }: Observers,
  { stop, leave }: Requests,
  {
    threads,
    parallel = threads === undefined ? run.experiment.parallel : undefined,
    patienceSeconds = defaultPatienceSeconds,
  }: Omit<PlaceOptions, 'queue'>,
): TrainTrial {
  const workers = new Set<Worker>();
  stop.addEventListener('abort', () => {
    for (const worker of workers) worker.stop();
  });
  leave.addEventListener('abort', () => {
    for (const worker of workers) worker.kill();
  });
  const shares = new CoreShares({ cores: usableCores(), parallel, threads });
  if (shares.notice !== undefined) display.line(shares.notice);
  const queue = new PQueue({ concurrency: shares.parallel });
  return (config, lossLimits) =>
    queue.add(async () => {
      if (stop.aborted) return undefined;
      const { trial } = config;
      view.start(trial);
      let worker: Worker | undefined;
      const end = await runTrialProcess(
        config,
        {
          outDirectory: run.outDirectory,
          cacheDirectory: run.cacheDirectory,
          checkpoint: run.checkpointOf(config),
          threads: shares.first,
          patienceSeconds,
          ...(lossLimits === undefined ? {} : { lossLimits }),
        },
        {
          onWorker: (started) => {
            worker = started;
            workers.add(started);
            shares.begin(started, queue.size);
            if (stop.aborted) started.stop();
          },
          onStatus: (text) => view.status(trial, text),
          onWarning: (text) => display.line(text),
          onProgress: (progress) => view.progress(trial, progress),
        },
      );
      if (worker !== undefined) {
        workers.delete(worker);
        shares.end(worker, queue.size);
      }
      view.end(end);
      display.ended(end);
      return end;
    });
}
