import {
  goldenChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { type AdamOptions, AdamW } from '../../src/index.ts';

/**
 * Runs of `AdamW8bit` of bitsandbytes 0.50.2 with `min_8bit_size=1`: the authors' update in float64, with their quantization restated in
 * float64. `state` holds the numbers that the recorded codes and scales stand for; `codes` holds these themselves.
 */
interface EightBitRun extends Trajectory {
  readonly codebooks: { readonly signed: readonly number[]; readonly unsigned: readonly number[] };
  readonly codes: {
    readonly momentumCodes: readonly (readonly number[])[];
    readonly secondMomentCodes: readonly (readonly number[])[];
  };
}

const runs = readTrajectories(new URL('./fixtures/', import.meta.url)) as EightBitRun[];

function optionsOf(run: Trajectory): AdamOptions {
  const { beta1, beta2, epsilon } = run.hyper as Record<string, number>;
  return {
    ...recordedOptions(run),
    beta1,
    beta2,
    epsilon,
    stateFormat: '8bit',
    stateMinimumSize: 1,
  };
}

afterAll(() => tf.setBackend('cpu'));

describe.each(['cpu', 'wasm'])('AdamW with state in 8 bits on %s', (backend) => {
  // In float32 an element between two codes may take the other one, and its next steps differ by that: the authors' own float32 run ends
  // within 4e-4 of this one. Where no code differs, both agree to float32 rounding.
  for (const check of goldenChecks({
    optimizer: AdamW,
    trajectories: runs,
    optionsOf,
    float32Tolerance: 2e-3,
  })) {
    it(check.name, async () => {
      await tf.setBackend(backend);
      await check.run();
    });
  }

  it.each(runs.map((run) => [run.case, run] as const))('keeps the codes of %s', async (_, run) => {
    await tf.setBackend(backend);
    const variables = run.params.map(({ name, shape, init }) =>
      tf.variable(tf.tensor([...init], [...shape]), true, name),
    );
    const optimizer = new AdamW(optionsOf(run));
    for (const gradients of run.grads) {
      tf.tidy(() =>
        optimizer.applyGradients(
          run.params.map(({ name, shape }, index) => {
            const gradient = gradients[index] ?? null;
            return { name, tensor: gradient === null ? null : tf.tensor([...gradient], [...shape]) };
          }),
        ),
      );
    }
    const { parameters } = await optimizer.state();
    let different = 0;
    for (const [index, { name }] of run.params.entries()) {
      const { momentum, secondMoment } = parameters[name]!.slots;
      expect([momentum!.format, secondMoment!.format]).toEqual(['8bit-signed', '8bit-unsigned']);
      for (const [saved, codes] of [
        [momentum!, run.codes.momentumCodes[index]!],
        [secondMoment!, run.codes.secondMomentCodes[index]!],
      ] as const) {
        expect(saved.data).toHaveLength(codes.length);
        for (const [element, code] of saved.data.entries()) {
          const distance = Math.abs(code - codes[element]!);
          expect(distance).toBeLessThanOrEqual(1);
          different += distance;
        }
      }
    }
    // Of 532 codes of each run, those that lie between two neighbors.
    expect(different).toBeLessThanOrEqual(5);
    optimizer.dispose();
    for (const variable of variables) variable.dispose();
  });
});
