import type { Check } from '../check.ts';
import { assertEqual, assertSameBits } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import { allParameters, type Gradients, gradientAt, gradientsOf, type Values } from '../test-model.ts';
import { savedForms } from './resume.ts';

const accumulationSteps = 4;
const steps = 4;
const options = { weightDecay: 0.1, clipGlobalNorm: 1 };
const every = gradientsOf(allParameters);
const absent = 'conformance/second/matrix';

/**
 * The gradient of micro-batch `micro`, counted from 1: the four of a step differ, and their sum is exactly four times the step's gradient in
 * float32, because all are multiples of 2^-10.
 */
function microGradients(micro: number): Gradients {
  const step = Math.ceil(micro / accumulationSteps);
  const weight = [1, -1, 2, -2][(micro - 1) % accumulationSteps]!;
  const entries = allParameters.map((info) => {
    const spread = gradientAt(info, step + 100);
    return [info.name, gradientAt(info, step).map((g, index) => g + weight * spread[index]!)] as const;
  });
  return Object.fromEntries(entries);
}

const accumulating = (subject: Subject) => subject.make({ ...options, accumulationSteps });

/** Saves after two micro-batches of the second step, and ends in a new optimizer. */
function savedInTheMiddle(subject: Subject, form: (typeof savedForms)[number]): Promise<Values> {
  return subject.withModel(async (model) => {
    const first = accumulating(subject);
    const middle = accumulationSteps + 2;
    model.train(first, 1, middle, microGradients);
    const load = await form.save(first);
    first.dispose();
    const second = accumulating(subject);
    await load(second);
    model.train(second, middle + 1, steps * accumulationSteps, microGradients);
    second.dispose();
    return model.values();
  });
}

/** That several micro-batches make one step with the mean of their gradients. */
export function accumulationChecks(subject: Subject): Check[] {
  const claims: Record<string, () => Promise<void>> = {
    [`${accumulationSteps} micro-batches equal one batch with their mean, bit for bit`]: async () => {
      const expected = await subject.trained(options, steps);
      const values = await subject.trained(
        { ...options, accumulationSteps },
        steps * accumulationSteps,
        microGradients,
      );
      assertSameBits(values, expected, 'accumulated');
    },
    'nothing moves before the last micro-batch, and the step is counted then': () =>
      subject.withModel(async (model) => {
        const optimizer = accumulating(subject);
        const before = await model.values();
        model.train(optimizer, 1, accumulationSteps - 1, microGradients);
        assertSameBits(await model.values(), before, 'before the last micro-batch');
        assertEqual(optimizer.iterations, 0, 'steps before the last micro-batch');
        model.train(optimizer, accumulationSteps, accumulationSteps, microGradients);
        assertEqual(optimizer.iterations, 1, 'steps after it');
        optimizer.dispose();
      }),
    'a gradient missing in one micro-batch counts as zero in the mean, and one missing in all as missing':
      async () => {
        const mean = (step: number): Gradients => ({
          ...every(step),
          [absent]: step % 2 === 0 ? null : every(step)[absent]!.map((g) => g / 4),
        });
        const once = (micro: number): Gradients => {
          const step = Math.ceil(micro / accumulationSteps);
          const present = step % 2 === 1 && micro % accumulationSteps === 2;
          return { ...every(step), [absent]: present ? every(step)[absent]! : null };
        };
        const expected = await subject.trained(options, steps, mean);
        const values = await subject.trained(
          { ...options, accumulationSteps },
          steps * accumulationSteps,
          once,
        );
        assertSameBits(values, expected, 'with gaps');
      },
  };
  for (const form of savedForms) {
    claims[`saved between two micro-batches through ${form.name}, continues bit for bit`] = async () => {
      const expected = await subject.trained(
        { ...options, accumulationSteps },
        steps * accumulationSteps,
        microGradients,
      );
      assertSameBits(await savedInTheMiddle(subject, form), expected, 'saved in the middle');
    };
  }
  return Object.entries(claims).map(([claim, run]) => ({
    name: subject.named(claim),
    kind: 'accumulation',
    run,
  }));
}
