import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { assert, assertEqual, assertSameBits, assertThrows } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import { gradientAt, parameter, type Values, withModel } from '../test-model.ts';
import { assertTensorsAgree, onEveryBackend, tolerance } from './interpreters.ts';
import { assertAgreement } from './reference.ts';

const steps = 4;
const options = { weightDecay: 0.1, clipGlobalNorm: 1 };

const emptyParameters = [parameter('empty/vector', [0]), parameter('empty/matrix', [0, 4], 'matrix')];

/** Trains with parameters that have no elements between the others, saved and loaded halfway. */
async function assertEmptyChangeNothing(subject: Subject): Promise<void> {
  const empty = emptyParameters.filter((info) => subject.takes(info));
  const expected = await subject.trained(options, steps);
  const [first, ...others] = subject.parameters;
  const parameters = [first!, ...empty, ...others];
  await withModel(parameters, async (model) => {
    const optimizer = subject.make(options);
    model.train(optimizer, 1, 2);
    const resumed = subject.make(options);
    await resumed.loadState(await optimizer.state());
    optimizer.dispose();
    model.train(resumed, 3, steps);
    resumed.dispose();
    const values = await model.values();
    const withElements = Object.entries(values).filter(([, numbers]) => numbers.length > 0);
    assertEqual(
      Object.keys(values).length - withElements.length,
      empty.length,
      'parameters without elements',
    );
    assertSameBits(Object.fromEntries(withElements) as Values, expected, 'the others');
  });
}

/** @throws Error unless every parameter that the rule does not take is refused by name and changes nothing. */
async function assertRefusals(subject: Subject): Promise<void> {
  await withModel([...subject.parameters, ...subject.refusedParameters], async (model) => {
    const optimizer = subject.make();
    const before = await model.values();
    for (const info of subject.refusedParameters) {
      assertThrows(() => model.apply(optimizer, { [info.name]: gradientAt(info, 1) }), info.name);
    }
    assertEqual(optimizer.iterations, 0, 'steps');
    assertSameBits(await model.values(), before, 'the parameters');
    optimizer.dispose();
  });
}

/** That nothing depends on the parameters being small, and that what a rule does not take is refused. */
export function shapeChecks(subject: Subject): Check[] {
  const { shapedParameters: parameters, refusedParameters } = subject;
  const shapes = parameters.map(({ shape }) => `[${shape.join(', ')}]`).join(' ');
  const refused = [...new Set(refusedParameters.map(({ shape }) => `[${shape.join(', ')}]`))].join(' ');
  const inFloat64: Check = {
    name: subject.named(`equals its reference in float64 on parameters of ${shapes}`),
    kind: 'shapes',
    run: async () => {
      assert(parameters.length > 0, 'the rule takes none of the shapes that were asked for');
      assertAgreement(subject, { options: { weightDecay: 0.1 }, parameters, steps });
    },
  };
  const onTensors = onEveryBackend(subject, (backend) => [
    {
      name: subject.named(`on ${backend} tensors agrees with float64 to ${tolerance} on those shapes`),
      kind: 'shapes',
      run: () => assertTensorsAgree(subject, options, { parameters, steps }),
    },
    {
      name: subject.named(`on ${backend} tensors, parameters without elements change no bit of the others`),
      kind: 'shapes',
      run: () => assertEmptyChangeNothing(subject),
    },
  ]);
  const refusal: Check = {
    name: subject.named(`refuses parameters of ${refused} in words that name them, and changes nothing`),
    kind: 'shapes',
    run: async () => {
      await tf.ready();
      await assertRefusals(subject);
    },
  };
  return [inFloat64, ...onTensors, ...(refused === '' ? [] : [refusal])];
}
