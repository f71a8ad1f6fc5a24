import { encodeState } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { assertEqual } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import type { AnyOptions, TestModel } from '../test-model.ts';

/** Every engine feature that keeps tensors. */
const everything = ({ record }: Subject): AnyOptions => ({
  weightDecay: 0.1,
  clipGlobalNorm: 1,
  clipValue: 1,
  accumulationSteps: 2,
  maximize: true,
  skipNonFinite: true,
  recordMetrics: true,
  ...(record.capabilities.average ? {} : { averageDecay: 0.9 }),
});

/** Tensors and bytes held by tfjs. */
function held(): { readonly tensors: number; readonly bytes: number } {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}

async function assertNoGrowth(what: string, times: number, act: () => unknown): Promise<void> {
  await act();
  const before = held();
  for (let time = 0; time < times; time++) await act();
  assertEqual(held(), before, `tensors and bytes held after ${what} ${times} more times`);
}

async function everyUse(subject: Subject, options: AnyOptions, model: TestModel): Promise<void> {
  const optimizer = subject.make(options);
  await model.trainAsync(optimizer, 1, 4);
  await optimizer.getWeights();
  await optimizer.loadState(await optimizer.state());
  await model.trainAsync(optimizer, 5, 8);
  await optimizer.gradientNorm();
  await optimizer.metrics();
  optimizer.dispose();
}

/** That an optimizer holds what it needs and no more. */
export function memoryChecks(subject: Subject): Check[] {
  const cases: [string, AnyOptions][] = [
    ['', {}],
    [' with every engine feature on', everything(subject)],
  ];
  return cases.flatMap(([circumstance, options]) => {
    const claims: Record<string, (model: TestModel) => Promise<void>> = {
      'holds no more tensors and bytes after ten more steps': async (model) => {
        const optimizer = subject.make(options);
        await model.trainAsync(optimizer, 1, 2);
        await assertNoGrowth('two steps', 5, () => model.trainAsync(optimizer, 3, 4));
        optimizer.dispose();
      },
      'holds no more tensors and bytes after it is saved and loaded': async (model) => {
        const optimizer = subject.make(options);
        await model.trainAsync(optimizer, 1, 3);
        await assertNoGrowth('state()', 2, () => optimizer.state());
        await assertNoGrowth('encodeState()', 2, async () => encodeState(await optimizer.state()));
        await assertNoGrowth('getWeights()', 2, () => optimizer.getWeights());
        await assertNoGrowth('loadState() and two steps', 2, async () => {
          await optimizer.loadState(await optimizer.state());
          await model.trainAsync(optimizer, 4, 5);
        });
        await assertNoGrowth('setWeights() and two steps', 2, async () => {
          await optimizer.setWeights(await optimizer.getWeights());
          await model.trainAsync(optimizer, 6, 7);
        });
        optimizer.dispose();
      },
      'holds nothing after dispose()': async (model) => {
        const before = held();
        await everyUse(subject, options, model);
        assertEqual(held(), before, 'tensors and bytes held after dispose()');
      },
    };
    return Object.entries(claims).map(([claim, run]) => ({
      name: subject.named(`${claim}${circumstance}`),
      kind: 'memory' as const,
      run: () => subject.withModel(run),
    }));
  });
}
