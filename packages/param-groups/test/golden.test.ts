import { Adafactor } from '@steepest/optim-adafactor';
import { Adalayer } from '@steepest/optim-adalayer';
import { Sgd } from '@steepest/optim-sgd';
import {
  readTrajectories,
  recordedOptions,
  replayInFloat64,
  replayOnTensors,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { byRole, type CombinedMember, combine } from '../src/index.ts';

/** The recorded runs of the hybrids also carry the rate of the last layer and the norms. */
interface HybridTrajectory extends Trajectory {
  readonly learningRatesLast?: readonly number[];
  readonly params: readonly (Trajectory['params'][number] & {
    readonly learningRateGroup?: 'main' | 'last';
  })[];
}

function recordedRuns(folder: string): HybridTrajectory[] {
  return readTrajectories(new URL(`./fixtures/${folder}/`, import.meta.url)) as HybridTrajectory[];
}

function lastLearningRate({ learningRatesLast = [] }: HybridTrajectory): (step: number) => number {
  return (step) => learningRatesLast[step - 1]!;
}

/** The hybrid of study A: SGD with averaged momentum, and an adaptive rule for the roles its switches name. */
function hybridMembers(run: HybridTrajectory): CombinedMember[] {
  const { hyper } = run;
  const shared = {
    beta1: hyper.beta1 as number,
    beta2: hyper.beta2 as number,
    epsilon: hyper.epsilon as number,
  };
  const recorded = { ...recordedOptions(run), weightDecayMode: 'independent' as const };
  const lastRoles = [...new Set(run.params.filter((p) => p.learningRateGroup === 'last').map((p) => p.role))];
  const groups =
    lastRoles.length === 0 ? [] : [{ match: { role: lastRoles }, learningRate: lastLearningRate(run) }];
  const adaptsLast = run.optimizer === 'sgd-adalayer' ? hyper.lastLayerCorrection : hyper.updateLast;
  const adaptive = [...(adaptsLast ? ['lastLayer'] : []), ...(hyper.updateNorm ? ['norm'] : [])];
  const sgd = new Sgd({
    ...recorded,
    momentum: shared.beta1,
    momentumForm: 'average',
    groups,
  });
  if (adaptive.length === 0) return [{ optimizer: sgd }];
  const options = { ...recorded, ...shared, groups };
  const optimizer = run.optimizer === 'sgd-adalayer' ? new Adalayer(options) : new Adafactor(options);
  return [{ match: byRole(...adaptive), optimizer }, { optimizer: sgd }];
}

describe.each(['sgd-adalayer', 'sgd-adafactor'])('%s of the study’s authors', (folder) => {
  for (const run of recordedRuns(folder)) {
    // 1e-10: the order of operations is all that may differ between two float64 codes over 20 steps.
    it(`reproduces ${run.case} in float64 to 1e-10`, () => {
      const members = hybridMembers(run).map(({ match, optimizer }) => ({
        ...optimizer.member(),
        ...(match === undefined ? {} : { match }),
      }));
      const deviation = replayInFloat64(run, members);
      expect(deviation.compared).toBeGreaterThan(30);
      expect(deviation.parameters, deviation.worst).toBeLessThan(1e-10);
      expect(deviation.state, deviation.worst).toBeLessThan(1e-10);
    });

    // 1e-5: float32 rounding of 20 smooth steps, relative to a tensor's largest element.
    it(`reproduces ${run.case} on float32 tensors to 1e-5`, async () => {
      const deviation = await replayOnTensors(run, combine(hybridMembers(run)));
      expect(deviation.compared).toBeGreaterThan(30);
      expect(deviation.parameters, deviation.worst).toBeLessThan(1e-5);
      expect(deviation.state, deviation.worst).toBeLessThan(1e-5);
    });
  }
});
