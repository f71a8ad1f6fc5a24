// `run-process.ts RUN`: trains, or resumes, what the JSON of a Run describes, and prints the RunEnd as the last line.
import { readFileSync } from 'node:fs';
import { prepareBackend } from '@steepest/backend';
import { createLanguageModel } from '@steepest/lm-models';
import { AdamW } from '@steepest/optim-adam';
import { train } from '@steepest/trainer';
import * as tf from '@tensorflow/tfjs';
import { countingData } from './counting-data.ts';
import type { Run, RunEnd } from './run.ts';

/** The most memory that this process has held, in bytes. */
function peakBytes(): number {
  try {
    const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

const { size, backend, threads, sequences, steps, stopAfter, folder } = JSON.parse(process.argv[2]!) as Run;
// tfjs greets whoever has not installed tfjs-node.
console.warn = () => {};
const { reason } = await prepareBackend({ backend, threads });
const model = createLanguageModel({ size, seed: 1 });
const { vocabularySize, contextLength } = model.config;
const optimizer = new AdamW({ learningRate: 1e-4, clipGlobalNorm: 1 });
const stop = new AbortController();
const milliseconds: number[] = [];
let [before, trainingPeakBytes, loss] = [0, 0, Number.NaN];
const summary = await train({
  model,
  optimizer,
  data: countingData({ vocabularySize, sequences, length: contextLength + 1 }, () => {
    before = performance.now();
  }),
  steps,
  evaluation: { points: [0], sequences: 1 },
  log: { every: 1 },
  checkpoint: { every: steps },
  directory: folder,
  config: { size, backend, threads, sequences },
  signal: stop.signal,
  onProgress: (progress) => {
    milliseconds.push(performance.now() - before);
    trainingPeakBytes = peakBytes();
    loss = progress.loss;
    if (progress.step === stopAfter) stop.abort();
  },
});
const end: RunEnd = {
  backend: reason,
  status: summary.status,
  parameters: summary.parameters,
  tokensPerStep: sequences * contextLength,
  milliseconds,
  loss,
  trainingPeakBytes,
  peakBytes: peakBytes(),
};
optimizer.dispose();
model.dispose();
tf.disposeVariables();
console.log(JSON.stringify(end));
