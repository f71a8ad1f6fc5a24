import { printable, RunError } from '@steepest/run-files';
import type { Experiment } from '../definition/schema.ts';
import type { BackendChoice, Prepared } from '../training/messages.ts';
import type { TrialListener } from './run-in-process.ts';
import { startWorker, type Worker } from './worker.ts';

/** Picks the backend and fills the token cache in a process of its own, so that Ctrl-C is heard meanwhile. */
export function startPreparation(
  experiment: Experiment,
  { backend, cacheDirectory }: { readonly backend: BackendChoice; readonly cacheDirectory: string },
  { onStatus, onWarning }: Pick<TrialListener, 'onStatus' | 'onWarning'>,
): { readonly worker: Worker; readonly prepared: Promise<Prepared> } {
  let prepared: Prepared | undefined;
  let failure: string | undefined;
  const { model, data, budget, evaluation } = experiment;
  const settings = { backend, cacheDirectory, model, data, budget, evaluation };
  const worker = startWorker('preparation', settings, (message) => {
    if (message.type === 'status') onStatus(message.text);
    if (message.type === 'warning') onWarning(printable(message.text));
    if (message.type === 'prepared') prepared = message.prepared;
    if (message.type === 'error') failure = message.message;
  });
  return {
    worker,
    prepared: worker.ended.then((end) => {
      if (prepared !== undefined) return prepared;
      throw new RunError(failure ?? `the preparation ended unexpectedly: ${end.errorOutput}`);
    }),
  };
}
