import { cosine } from '@steepest/lr-schedules';
import { Adafactor } from '@steepest/optim-adafactor';
import { AdamW } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import { Muon } from '@steepest/optim-muon';
import { Sgd } from '@steepest/optim-sgd';
import { Soap } from '@steepest/optim-soap';
import type { TrainingOptimizer } from '@steepest/trainer';
import type { ContenderName, Racer } from './settings.ts';

type Make = (learningRate: (step: number) => number) => TrainingOptimizer & { dispose(): void };

const make: Readonly<Record<ContenderName, Make>> = {
  adamw: (learningRate) => new AdamW({ learningRate, beta2: 0.95, weightDecay: 0.1, clipGlobalNorm: 1 }),
  lion: (learningRate) => new Lion({ learningRate, weightDecay: 0.1, clipGlobalNorm: 1 }),
  // Embeddings, head and norms take AdamW's steps.
  muon: (learningRate) => new Muon({ learningRate, updateScale: 'rms', adamw: 'others', clipGlobalNorm: 1 }),
  soap: (learningRate) => new Soap({ learningRate, beta2: 0.95, clipGlobalNorm: 1 }),
  adafactor: (learningRate) => new Adafactor({ learningRate, clipGlobalNorm: 1 }),
  sgd: (learningRate) => new Sgd({ learningRate, momentum: 0.95, clipGlobalNorm: 1 }),
};

/** An optimizer whose learning rate rises over the first tenth of the steps and falls to a tenth by the last. */
export function createOptimizer({ name, learningRate: peak }: Racer, totalSteps: number) {
  const warmupSteps = Math.ceil(totalSteps / 10);
  return make[name](cosine({ peak, totalSteps, warmupSteps, endFactor: 0.1 }));
}
