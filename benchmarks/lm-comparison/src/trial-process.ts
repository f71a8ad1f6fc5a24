import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TrialConfig } from './experiment/index.ts';
import type { TrialArguments } from './messages.ts';
import { lockTrial } from './runner/trial-lock.ts';
import { runTrial } from './trial.ts';
import { runWorker, send } from './worker-process.ts';

await runWorker<TrialArguments>(async ({ configFile, leaseSeconds, ...options }, signal) => {
  const config = JSON.parse(await readFile(configFile, 'utf8')) as TrialConfig;
  const directory = dirname(configFile);
  const unlock = await lockTrial(directory, config.trial, leaseSeconds);
  try {
    const summary = await runTrial(config, {
      ...options,
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
