import * as tf from '@tensorflow/tfjs';
import { train } from '../src/index.ts';
import { restlessPhases, TinyModel, TinyOptimizer, tinyData, tinyRate } from './tiny-run.ts';

/** Says `>` when it is ready, waits for input, trains the tiny run in the folder given, and says `.` at every step. */
await tf.setBackend('cpu');
process.stdout.write('>');
await new Promise((resolve) => process.stdin.once('data', resolve));
await train({
  model: new TinyModel(),
  optimizer: new TinyOptimizer({ learningRate: tinyRate }),
  data: tinyData(),
  steps: Number(process.argv[3]),
  phases: restlessPhases(Number(process.argv[3])),
  evaluation: { every: 5, sequences: 6 },
  log: { every: 2 },
  checkpoint: { every: 3, keep: 2 },
  directory: process.argv[2]!,
  config: { seed: 7 },
  onProgress: () => void process.stdout.write('.'),
});
