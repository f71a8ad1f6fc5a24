import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { missing as absence } from '../../backend/test/webgpu/webgpu.ts';
import { currentWebgpuMemory } from '../src/compiler/webgpu-memory.ts';
import { WebgpuPlan } from '../src/compiler/webgpu-plan.ts';
import { PlanRunner } from '../src/interpreters/plan-runner.ts';
import { type PlanCase, planCase, runInFloat32 } from './compiler-plans.ts';

afterAll(() => tf.setBackend('cpu'));

async function checkOnDevice({ plan, inputs, scalars }: PlanCase, inPlace: boolean): Promise<void> {
  const expected = runInFloat32({ plan, inputs, scalars });
  expect(WebgpuPlan.of(plan, currentWebgpuMemory()!)).toBeDefined();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [name, tf.tensor(data.slice(), [...shape])]),
  );
  const runner = new PlanRunner(plan);
  const outputs = tf.tidy(() =>
    inPlace ? runner.stage(tensors, scalars)() : runner.run(tensors, scalars, { inPlace: false }),
  );
  for (const [name, output] of Object.entries(outputs)) {
    if (inPlace) expect(output).toBe(tensors[name]);
    const actual = await output.data();
    expect(actual.length).toBe(expected[name]!.length);
    for (const [index, x] of actual.entries()) {
      const wanted = expected[name]![index]!;
      if (Object.is(x, wanted) || (Number.isNaN(x) && Number.isNaN(wanted))) continue;
      if (Math.abs(x - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted))) continue;
      throw new Error(`${name}[${index}] is ${x}, not ${wanted}`);
    }
  }
  if (!inPlace)
    for (const [name, { data }] of Object.entries(inputs)) expect(await tensors[name]!.data()).toEqual(data);
  tf.dispose([tensors, outputs]);
}

describe.skipIf(absence !== undefined)(
  `plans on WebGPU${absence === undefined ? '' : ` (skipped: ${absence})`}`,
  () => {
    it.each([true, false])('compute what single precision makes of them (in place: %s)', async (inPlace) => {
      await tf.setBackend('webgpu');
      await fc.assert(
        fc.asyncProperty(planCase, (example) => checkOnDevice(example, inPlace)),
        { numRuns: 150, seed: 20260115 },
      );
    });
  },
);
