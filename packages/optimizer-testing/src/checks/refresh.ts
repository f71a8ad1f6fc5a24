import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { assertClose, assertEqual, assertSameBits, assertThrows } from '../comparison.ts';
import { runInEngine } from '../float64-run.ts';
import type { Subject } from '../subject.ts';
import { gradientAt, gradientsOf, type TestModel } from '../test-model.ts';

const steps = 6;

/** Rounding of float32, 6e-8 an operation, over a few dozen operations. */
const tolerance = 1e-5;

/** Gradients made for a refresh after a step. */
export function estimates(
  { parameters }: Pick<Subject, 'parameters'>,
  step: number,
): Record<string, Float32Array> {
  return Object.fromEntries(parameters.map((info) => [info.name, gradientAt(info, step + 200)]));
}

function refresh(model: TestModel, optimizer: ReturnType<Subject['make']>, step: number): void {
  tf.tidy(() => {
    const given = estimates(model, step);
    const tensors = model.parameters.map(({ name, shape }) => [name, tf.tensor(given[name]!, [...shape])]);
    optimizer.applyRefresh(Object.fromEntries(tensors));
  });
}

async function assertRefreshes(subject: Subject): Promise<void> {
  const expected = runInEngine(subject, {
    steps,
    gradients: gradientsOf(subject.parameters),
    afterStep: (engine, step) => engine.refresh(estimates(subject, step)),
  });
  const unrefreshed = await subject.trained({}, steps);
  await subject.withModel(async (model) => {
    const optimizer = subject.make();
    for (let step = 1; step <= steps; step++) {
      model.train(optimizer, step, step);
      const before = await model.values();
      refresh(model, optimizer, step);
      assertSameBits(await model.values(), before, 'a refresh');
      assertEqual(optimizer.iterations, step, 'steps after a refresh');
    }
    optimizer.dispose();
    const values = await model.values();
    assertClose(values, expected, 'the parameters', { tolerance });
    assertThrows(() => assertSameBits(values, unrefreshed, 'without refreshes'), 'without refreshes');
  });
}

async function assertRefuses(subject: Subject): Promise<void> {
  await subject.withModel(async (model) => {
    const optimizer = subject.make();
    model.train(optimizer, 1, 1);
    assertThrows(() => refresh(model, optimizer, 1), `${subject.rule.name} refreshes nothing`);
    optimizer.dispose();
  });
}

/** That gradients made for a rule's own estimate reach that and nothing else. */
export function refreshChecks(subject: Subject): Check[] {
  const refreshes = subject.record.capabilities.refresh;
  const claim = refreshes
    ? 'applyRefresh on tensors agrees with float64, moves no parameter and counts as no step'
    : 'applyRefresh is refused, since the rule takes no gradients but those of its steps';
  return [
    {
      name: subject.named(claim),
      kind: 'refresh',
      run: () => (refreshes ? assertRefreshes(subject) : assertRefuses(subject)),
    },
  ];
}
