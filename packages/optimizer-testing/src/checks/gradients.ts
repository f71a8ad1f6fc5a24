import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { assertClose, assertEqual, assertMoved, assertSameBits, assertThrows } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import {
  allParameters,
  type Gradients,
  gradientsOf,
  isInSecondHalf,
  secondHalf,
  type Values,
} from '../test-model.ts';
import { assertTensorsAgree } from './interpreters.ts';

const steps = 6;
const every = gradientsOf(allParameters);
const shared = { weightDecay: 0.1, clipGlobalNorm: 1 };
/** A parameter that some steps have no gradient of. */
const absent = 'conformance/second/matrix';

function without(gradients: Gradients, name: string): Gradients {
  return Object.fromEntries(Object.entries(gradients).filter(([key]) => key !== name));
}

/**
 * The same gradients in another order of the keys at every step. At every other step it differs from the first only
 * in that two matrices of one shape have changed places, which no comparison of shapes can notice.
 */
function shuffled(step: number): Gradients {
  const entries = Object.entries(every(step));
  const exchange = (one: number, other: number): void => {
    [entries[one], entries[other]] = [entries[other]!, entries[one]!];
  };
  const [first, second] = ['first', 'second'].map((half) =>
    entries.findIndex(([name]) => name === `conformance/${half}/matrix`),
  );
  if (step % 2 === 0) exchange(first!, second!);
  else if (step > 1) {
    for (let index = entries.length - 1; index > 0; index--)
      exchange(index, (step * 7 + index * 3) % (index + 1));
  }
  return Object.fromEntries(entries);
}

async function assertLeftAlone(subject: Subject, third: Gradients): Promise<void> {
  await subject.withModel(async (model) => {
    const optimizer = subject.make({ weightDecay: 0.1 });
    model.train(optimizer, 1, 2);
    const before = await model.values();
    const stateBefore = (await optimizer.state()).parameters[absent];
    model.apply(optimizer, third);
    const after = await model.values();
    const state = await optimizer.state();
    assertSameBits({ it: after[absent]! }, { it: before[absent]! }, 'the variable');
    assertEqual(state.parameters[absent], stateBefore, 'its state');
    assertEqual(state.step, 3, 'the optimizer’s step');
    assertEqual(state.parameters['conformance/first/matrix']!.step, 3, 'the step of another parameter');
    optimizer.dispose();
  });
}

/** The values of tensors by name. */
async function valuesOf(tensors: tf.NamedTensorMap): Promise<Values> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => {
    return [name, (await tensor.data()).slice() as Float32Array] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Trains through four steps of its gradients, with a pause before the third in which `absent` has none. */
async function paused(subject: Subject): Promise<Values> {
  return subject.withModel(async (model) => {
    const optimizer = subject.make(shared);
    const only = (step: number): Gradients => ({ [absent]: every(step)[absent]! });
    model.train(optimizer, 1, 2, only);
    model.train(optimizer, 1, 3, (step) => without(every(step), absent));
    model.train(optimizer, 3, 4, only);
    optimizer.dispose();
    return model.values();
  });
}

function claims(subject: Subject): Record<string, () => Promise<void>> {
  const bitwise: Record<string, () => Promise<void>> = subject.readsIteration
    ? {}
    : {
        'a gradient that comes late starts its parameter as if it were new, bit for bit': async () => {
          const late = await subject.trained({}, 5, (step) =>
            step <= 3 ? without(every(step), absent) : every(step - 3),
          );
          const fresh = await subject.trained({}, 2);
          assertSameBits({ it: late[absent]! }, { it: fresh[absent]! }, absent);
        },
        'a parameter frozen and thawed continues where it stopped, bit for bit': async () => {
          const only = (step: number): Gradients => ({ [absent]: every(step)[absent]! });
          const unbroken = await subject.trained(shared, 4, only);
          const thawed = await paused(subject);
          assertSameBits({ it: thawed[absent]! }, { it: unbroken[absent]! }, absent);
        },
      };
  return {
    'an order of the gradients shuffled each step changes no bit': async () => {
      const expected = await subject.trained(shared, steps);
      assertSameBits(await subject.trained(shared, steps, shuffled), expected, 'shuffled');
    },
    'gradients in a list equal gradients in a map, bit for bit': async () => {
      const expected = await subject.trained(shared, steps);
      await subject.withModel(async (model) => {
        const optimizer = subject.make(shared);
        for (let step = 1; step <= steps; step++) model.apply(optimizer, shuffled(step), 'list');
        optimizer.dispose();
        assertSameBits(await model.values(), expected, 'as a list');
      });
    },
    'a missing gradient leaves its variable and state alone': () =>
      assertLeftAlone(subject, without(every(3), absent)),
    'a null gradient leaves its variable and state alone': () =>
      assertLeftAlone(subject, { ...every(3), [absent]: null }),
    'a zero gradient is a gradient like any other': async () => {
      const zeros = (step: number): Gradients =>
        step < 4 ? every(step) : { ...every(step), [absent]: every(step)[absent]!.map(() => 0) };
      await assertTensorsAgree(subject, shared, { gradients: zeros });
      await subject.withModel(async (model) => {
        const optimizer = subject.make();
        model.train(optimizer, 1, 5, zeros);
        assertEqual((await optimizer.state()).parameters[absent]!.step, 5, 'its step');
        optimizer.dispose();
      });
    },
    'late, missing and returning gradients agree with float64': () =>
      assertTensorsAgree(subject, shared, {
        gradients: (step) => (step % 4 < 2 ? without(every(step), absent) : every(step)),
      }),
    ...bitwise,
    [`parameters that do not train stay where they are${subject.sumsParameters ? '' : ', and the others do not notice'}`]:
      async () => {
        const start = await subject.trained({}, 0);
        const all = await subject.trained({ weightDecay: 0.1 }, steps);
        const groups = [{ match: secondHalf, trainable: false }];
        const half = await subject.trained({ weightDecay: 0.1, groups }, steps);
        const compared = subject.parameters.filter((info) => !subject.sumsParameters || isInSecondHalf(info));
        const expected = compared.map((info) => {
          return [info.name, (isInSecondHalf(info) ? start : all)[info.name]!] as const;
        });
        const actual = compared.map(({ name }) => [name, half[name]!] as const);
        assertSameBits(Object.fromEntries(actual), Object.fromEntries(expected), 'half of the parameters');
      },
    'neither a gradient nor a copy taken of a parameter before the step is written to': () =>
      subject.withModel(async (model) => {
        const optimizer = subject.make(shared);
        const start = await model.values();
        // Some rules wait for a few gradients before they move.
        for (let step = 1; step <= 6; step++) {
          const copies = model.copies();
          const gradients = gradientsOf(subject.parameters);
          const [before, given] = [await model.values(), model.tensors(gradients(step))];
          optimizer.applyGradients(given);
          // Made anew: the cpu backend keeps the very arrays that tensors are made of.
          assertSameBits(await valuesOf(given), gradients(step) as Values, 'the gradients');
          assertSameBits(await valuesOf(copies), before, 'the copies');
          tf.dispose([given, copies]);
        }
        assertMoved(await model.values(), start, 'the parameters');
        optimizer.dispose();
      }),
    'a gradient of no variable, or of another shape, is an error that names it and changes nothing': () =>
      subject.withModel(async (model) => {
        const optimizer = subject.make();
        const before = await model.values();
        const [lost, wrong] = [tf.scalar(1), tf.zeros([7])];
        const apply = (name: string, tensor: tf.Tensor) => () => optimizer.applyGradients({ [name]: tensor });
        assertThrows(apply('conformance/lost', lost), '"conformance/lost"');
        assertThrows(apply(absent, wrong), `gradient of "${absent}" has shape [7]`);
        tf.dispose([lost, wrong]);
        assertEqual(optimizer.iterations, 0, 'steps');
        assertClose(await model.values(), before, 'the model', { tolerance: 0 });
        optimizer.dispose();
      }),
  };
}

/** That state belongs to names, and that a gradient acts only where it is. */
export function gradientChecks(subject: Subject): Check[] {
  return Object.entries(claims(subject)).map(([claim, run]) => ({
    name: subject.named(claim),
    kind: 'gradients',
    run,
  }));
}
