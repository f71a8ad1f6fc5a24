import {
  readTrajectories,
  recordedOptions,
  replayInFloat64,
  replayOnTensors,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { Soap, type SoapOptions, soapRule } from '../src/index.ts';

function optionsOf(run: Trajectory): SoapOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  return {
    ...recordedOptions(run),
    weightDecayMode: 'decoupled', // after the update, which is the rule's own
    beta1: hyper.beta1!,
    beta2: hyper.beta2!,
    epsilon: hyper.epsilon!,
    shampooBeta: hyper.shampooBeta!,
    preconditionFrequency: hyper.preconditionFrequency!,
    maxPreconditionerDim: hyper.maxPreconditionerDim!,
  };
}

/** 5 tensors at 5 steps; 2 moments each, and the Gram matrices of 2 + 3 + 1 + 1 axes. */
const compared = 5 * 5 + 5 * 2 + 7;

describe.each(readTrajectories(new URL('./fixtures/', import.meta.url)))('the authors’ run $case', (run) => {
  // 1e-8, where smooth rules reach 1e-10: the two codes' eigen-solvers differ in rounding, which close eigenvalues
  // enlarge and every later step carries on.
  it('is reproduced in float64 to 1e-8', () => {
    const deviation = replayInFloat64(run, [{ rule: soapRule, options: optionsOf(run) }]);
    expect(deviation.compared).toBe(compared);
    expect(deviation.parameters, deviation.worst).toBeLessThan(1e-8);
    expect(deviation.state, deviation.worst).toBeLessThan(1e-8);
  });

  it('is reproduced on float32 tensors to 1e-3', async () => {
    const deviation = await replayOnTensors(run, new Soap(optionsOf(run)));
    expect(deviation.compared).toBe(compared);
    expect(deviation.parameters, deviation.worst).toBeLessThan(1e-3);
    expect(deviation.state, deviation.worst).toBeLessThan(1e-3);
  });
});
