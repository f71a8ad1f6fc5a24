import { AdamW } from '@steepest/optim-adam';
import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  replayInFloat64,
  replayOnTensors,
  type Trajectory,
} from '@steepest/optimizer-testing';
import { byRole, combine } from '@steepest/param-groups';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Muon, type MuonOptions } from '../src/index.ts';

/** The authors' code takes a missing gradient for zeros; the engine here would leave the parameter alone. */
function withZerosForMissing(run: Trajectory): Trajectory {
  const grads = run.grads.map((gradients) =>
    gradients.map((gradient, index) => gradient ?? run.params[index]!.init.map(() => 0)),
  );
  return { ...run, grads };
}

/** Rounding of 20 smooth float32 steps, relative to a tensor's largest element; measured: 5e-7. */
const float32Tolerance = 1e-5;

const recorded = readTrajectories(new URL('./fixtures/', import.meta.url)).map(withZerosForMissing);
const combined = recorded.find((run) => run.case === 'aux-adam')!;

function optionsOf(run: Trajectory): MuonOptions {
  const { momentum, nesterov } = run.hyper as unknown as { momentum: number; nesterov: boolean };
  return { ...recordedOptions(run), momentum, nesterov };
}

const checks = goldenChecks({
  optimizer: Muon,
  trajectories: recorded.filter((run) => run !== combined),
  optionsOf,
  float32Tolerance,
});

for (const check of checks) it(check.name, check.run);

describe('Muon for the matrices and Adam for the rest, combined', () => {
  const { learningRate, learningRateAux, auxBeta1, auxBeta2, auxEpsilon } =
    combined.hyper as unknown as Record<string, number>;
  const members = () => {
    const shared = recordedOptions(combined);
    const adam = new AdamW({
      ...shared,
      learningRate: (step) => (shared.learningRate(step) * learningRateAux!) / learningRate!,
      beta1: auxBeta1!,
      beta2: auxBeta2!,
      epsilon: auxEpsilon!,
    });
    return [{ match: byRole('matrix'), optimizer: new Muon(optionsOf(combined)) }, { optimizer: adam }];
  };

  it('reproduce the authors’ run in float64 to 1e-10', () => {
    const inFloat64 = members().map(({ match, optimizer }) => ({
      ...optimizer.member(),
      ...(match === undefined ? {} : { match }),
    }));
    const deviation = replayInFloat64(combined, inFloat64);
    expect(deviation.compared).toBe(5 * 5 + 5 + 3);
    expect(deviation.parameters, deviation.worst).toBeLessThan(1e-10);
    expect(deviation.state, deviation.worst).toBeLessThan(1e-10);
  });

  it(`reproduce the authors’ run on float32 tensors to ${float32Tolerance}`, async () => {
    const deviation = await replayOnTensors(combined, combine(members()));
    expect(deviation.compared).toBe(5 * 5 + 5 + 3);
    expect(deviation.parameters, deviation.worst).toBeLessThan(float32Tolerance);
    expect(deviation.state, deviation.worst).toBeLessThan(float32Tolerance);
  });
});
