import * as tf from '@tensorflow/tfjs';
import { train } from '../src/index.ts';
import { TinyModel, TinyOptimizer, tinyData, tinyRate } from './tiny-run.ts';

/** Trains the tiny run in the folder given as the first argument, and says when it has begun. */
await tf.setBackend('cpu');
let begun = false;
await train({
  model: new TinyModel(),
  optimizer: new TinyOptimizer({ learningRate: tinyRate }),
  data: tinyData(),
  steps: Number(process.argv[3]),
  evaluation: { every: 5, sequences: 6 },
  log: { every: 2 },
  checkpoint: { every: 3 },
  directory: process.argv[2]!,
  config: { seed: 7 },
  onProgress: () => {
    if (!begun) process.stdout.write('begun\n');
    begun = true;
  },
});
