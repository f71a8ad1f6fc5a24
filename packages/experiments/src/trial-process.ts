import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { trialConfigProblem } from './definition/config-problem.ts';
import type { TrialConfig } from './definition/trials.ts';
import { lockTrial } from './execution/locks.ts';
import type { CoordinatorMessage, TrialArguments } from './training/messages.ts';
import { runTrial } from './training/train-trial.ts';
import { runWorker, send } from './training/worker-process.ts';

/** Steps that each trial takes on its first share of the cores at least, whose times compare with those of the others. */
const timedSteps = 50;

await runWorker<TrialArguments>(async (argument, signal) => {
  const { configFile, leaseSeconds, patienceSeconds, threads, ...options } = argument;
  let working = threads.now;
  let steps = 0;
  process.on('message', (message: CoordinatorMessage) => {
    working = message.threads;
  });
  const config = await readConfig(configFile);
  const directory = dirname(configFile);
  const unlock = await lockTrial(directory, config.trial, {
    leaseSeconds,
    patienceSeconds,
    signal,
    onWait: (holder) =>
      void send({ type: 'warning', text: `waiting for ${holder}, which is still training it` }),
  });
  try {
    const summary = await runTrial(config, {
      ...options,
      threads: {
        first: threads.now,
        most: threads.most,
        now: () => (++steps > timedSteps ? working : threads.now),
      },
      directory,
      signal,
      onStatus: (text) => void send({ type: 'status', text }),
      onProgress: (progress) => void send({ type: 'progress', progress }),
    });
    return { type: 'summary', summary };
  } finally {
    await unlock();
  }
});

/** The configuration that a trial was frozen with, which a damaged or foreign file is not. */
async function readConfig(file: string): Promise<TrialConfig> {
  const text = await readFile(file, 'utf8');
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not valid JSON: ${(error as Error).message}`);
  }
  const wrong = trialConfigProblem(config);
  if (wrong === undefined) return config as TrialConfig;
  throw new Error(
    `${file} is not the configuration of a trial: ${wrong}; remove its folder to run the trial again`,
  );
}
