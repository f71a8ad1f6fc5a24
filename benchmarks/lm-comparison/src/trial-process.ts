import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TrialConfig } from './experiment/index.ts';
import type { TrialArguments } from './messages.ts';
import { runTrial } from './trial.ts';
import { runWorker, send } from './worker-process.ts';

await runWorker<TrialArguments>(async ({ configFile, cacheDirectory, checkpointEvery }, signal) => {
  const config = JSON.parse(await readFile(configFile, 'utf8')) as TrialConfig;
  const summary = await runTrial(config, {
    directory: dirname(configFile),
    cacheDirectory,
    checkpointEvery,
    signal,
    onStatus: (text) => void send({ type: 'status', text }),
    onProgress: (progress) => void send({ type: 'progress', progress }),
  });
  return { type: 'summary', summary };
});
