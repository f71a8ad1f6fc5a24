import { findInstallation } from '@steepest/tensorflow';
import { expect, it } from 'vitest';
import { growthOf, type SoakMeasure, soak } from '../src/soak.ts';

it('trains on two threads without holding more at the end than soon after the start', async () => {
  const measures = await soak({ backend: 'wasm', steps: 120, threads: 2, settled: 20, measures: 5 });
  expect(measures.map(({ step }) => step)).toEqual([20, 40, 60, 80, 100, 120]);
  const [first, last] = [measures[0]!, measures.at(-1)!];
  expect(last.tensors).toBe(first.tensors);
  expect(last.tensorBytes).toBe(first.tensorBytes);
  expect(last.buffers).toBe(first.buffers);
  expect(last.heapBytes).toBe(first.heapBytes);
  // Products, norms and updates of this model are worth a second thread.
  expect(last.jobsPerStep).toBeGreaterThan(10);
  expect(last.loss).toBeLessThan(Math.log(700));
});

it.skipIf(findInstallation('cpu') === undefined)(
  'does so on TensorFlow where `steepest tensorflow install` was run',
  async () => {
    const measures = await soak({ backend: 'node', steps: 150, threads: 1, settled: 50, measures: 4 });
    const [first, last] = [measures[0]!, measures.at(-1)!];
    expect(last.step).toBe(150);
    // Resident memory too: TensorFlow's own buffers are known to no one else.
    expect(growthOf(measures)).toEqual([]);
    expect([last.tensors, last.tensorBytes, last.buffers]).toEqual([
      first.tensors,
      first.tensorBytes,
      first.buffers,
    ]);
    expect(last.loss).toBeLessThan(Math.log(700));
  },
);

it('names what has grown', () => {
  const measure: SoakMeasure = {
    step: 1,
    loss: 1,
    tensors: 10,
    tensorBytes: 100,
    buffers: 10,
    heapBytes: 1000,
    residentBytes: 1000,
    processorMilliseconds: 1,
    jobsPerStep: 1,
  };
  expect(growthOf([measure, { ...measure, residentBytes: 1199 }])).toEqual([]);
  expect(
    growthOf([
      measure,
      {
        ...measure,
        step: 9,
        loss: Number.NaN,
        tensors: 11,
        buffers: 12,
        heapBytes: 1001,
        residentBytes: 1201,
      },
    ]),
  ).toEqual([
    'the number of tensors grew from 10 to 11',
    'the number of buffers grew from 10 to 12',
    'the wasm heap grew from 1000 to 1001',
    'the memory of the process grew from 1000 to 1201',
    'the loss of step 9 is NaN',
  ]);
});
