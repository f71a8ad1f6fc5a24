import { add, defineUpdateRule, mul, optimizerClass, sub } from '@steepest/optimizer';
import '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { optionalPackages } from '../src/optional-packages.ts';
import { type AnyOptimizerClass, Subject } from '../src/subject.ts';
import { gradientsOf, initialValue } from '../src/test-model.ts';

const descent = defineUpdateRule({
  name: 'descent',
  title: 'Descent',
  paper: { authors: 'none', year: 2026, title: 'none', source: 'none' },
  hyperparameters: { learningRate: { default: 0.1, minimum: 0, description: 'Step size' } },
  slots: () => ({}),
  update: ({ parameter, gradient }, { learningRate }) => ({
    parameter: sub(parameter, mul(learningRate, add(gradient, 0))),
  }),
});

/** A subject, and how many optimizers it has made since this was asked before. */
function counted(): { subject: Subject; made: () => number } {
  let count = 0;
  const Descent = optimizerClass(descent, 'SubjectDescent');
  const optimizer = new Proxy(Descent, {
    construct(target, args) {
      count++;
      return new target(...(args as [])) as object;
    },
  }) as unknown as AnyOptimizerClass;
  const surroundings = {
    references: { step: () => {}, refresh: undefined, average: undefined },
    packages: optionalPackages(),
    shapes: [],
  };
  const subject = new Subject(optimizer, surroundings, undefined, {});
  const made = () => {
    const since = count;
    count = 0;
    return since;
  };
  made();
  return { subject, made };
}

it('makes a run with the same options, steps and gradients once', async () => {
  const { subject, made } = counted();
  const first = await subject.trained({ weightDecay: 0.1 }, 2);
  expect(await subject.trained({ weightDecay: 0.1 }, 2)).toBe(first);
  expect(made()).toBe(1);
});

it('makes a run that differs in anything', async () => {
  const { subject, made } = counted();
  const { parameters, fewParameters } = subject;
  const gradients = gradientsOf(parameters);
  const other = gradientsOf(parameters);
  const runs = [
    () => subject.trained({}, 2),
    () => subject.trained({}, 3),
    () => subject.trained({ weightDecay: 0.1 }, 2),
    () => subject.trained({ weightDecay: 0.1, weightDecayMode: 'l2' }, 2),
    () => subject.trained({}, 2, gradients),
    () => subject.trained({}, 2, other),
    () => subject.trained({}, 2, undefined, fewParameters),
    () => subject.trained({}, 2, undefined, parameters, initialValue),
    // What JSON cannot tell from another value.
    () => subject.trained({ clipGlobalNorm: Number.POSITIVE_INFINITY }, 2),
    () => subject.trained({ learningRate: () => 0.1 }, 2),
    () => subject.trained({ learningRate: () => 0.2 }, 2),
    () => subject.trained({ groups: [{ match: '**', learningRate: () => 0.3 }] }, 2),
  ];
  const results = [];
  for (const run of runs) results.push(await run());
  expect(made()).toBe(runs.length);
  expect(new Set(results).size).toBe(runs.length);
});
