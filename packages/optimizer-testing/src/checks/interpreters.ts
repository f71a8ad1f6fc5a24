import type { Float64Optimizer } from '@steepest/optimizer';
import { onBackend } from '../backends.ts';
import type { Check } from '../check.ts';
import { assertClose, largest, type NamedNumbers } from '../comparison.ts';
import { runInEngine } from '../float64-run.ts';
import { installedPackages } from '../optional-packages.ts';
import type { AnyOptions, Subject } from '../subject.ts';
import { type GradientsOf, gradientsOf } from '../test-model.ts';
import { wave } from './reference.ts';

const steps = 12;

/** Rounding of float32, 6e-8 an operation, over a few dozen operations. */
const tolerance = 1e-5;

/** A sign may fall otherwise for this part of the elements, where its argument is zero but for rounding. */
const nearTies = 0.005;

/** Slots of every parameter under names such as `<parameter>/<slot>`. */
type Slots = Record<string, ArrayLike<number>>;

/** What the float64 engine makes of a run, and the scale of each of its numbers. */
function inFloat64(subject: Subject, options: AnyOptions, gradients: GradientsOf) {
  const { clipGlobalNorm, ...others } = options;
  const engine = clipGlobalNorm === undefined ? {} : { clipGlobalNorm: clipGlobalNorm as number };
  const scale: Record<string, number> = {};
  const slots: Slots = {};
  const afterStep = (optimizer: Float64Optimizer): void => {
    for (const { name } of subject.parameters) {
      for (const [slot, numbers] of Object.entries(optimizer.slots(name))) {
        // What nearly cancels is as exact as it was large before.
        const key = `${name}/${slot}`;
        scale[key] = Math.max(scale[key] ?? 0, largest(numbers));
        slots[key] = numbers;
      }
    }
  };
  const values = runInEngine(subject, { options: others, engine, steps, gradients, afterStep });
  return { values, slots, scale };
}

/** @throws Error if a run on tensors of the current backend leaves the float64 engine's. */
export async function assertTensorsAgree(
  subject: Subject,
  options: AnyOptions,
  gradients: GradientsOf = gradientsOf(subject.parameters),
): Promise<void> {
  const expected = inFloat64(subject, options, gradients);
  await subject.withModel(async (model) => {
    const optimizer = subject.make(options);
    model.train(optimizer, 1, steps, gradients);
    const slots: Record<string, ArrayLike<number>> = {};
    for (const [name, parameter] of Object.entries((await optimizer.state()).parameters)) {
      for (const [slot, { data }] of Object.entries(parameter.slots)) slots[`${name}/${slot}`] = data;
    }
    optimizer.dispose();
    const values: NamedNumbers = await model.values();
    const elements = Object.values(expected.values).reduce((total, { length }) => total + length, 0);
    const mismatches = subject.record.capabilities.signBased ? Math.floor(nearTies * elements) : 0;
    assertClose(values, expected.values, 'parameters', { tolerance, mismatches });
    if (Object.keys(expected.slots).length === 0) return;
    assertClose(slots, expected.slots, 'state', { tolerance, scale: expected.scale, mismatches });
  });
}

/** That tensors of every backend at hand give what float64 arrays give. */
export function interpreterChecks(subject: Subject): Check[] {
  const backends = installedPackages().wasm ? (['cpu', 'wasm'] as const) : (['cpu'] as const);
  const cases: [string, AnyOptions][] = [
    ['with constant options', {}],
    [
      'with a schedule, weight decay and clipping',
      { learningRate: wave, weightDecay: 0.1, clipGlobalNorm: 1 },
    ],
    ['with l2 weight decay', { weightDecay: 0.1, weightDecayMode: 'l2' }],
  ];
  return backends.flatMap((backend) =>
    cases.map(([circumstance, options]) => ({
      name: subject.named(`on ${backend} tensors agrees with float64 to ${tolerance} ${circumstance}`),
      kind: 'interpreters' as const,
      run: () => onBackend(backend, () => assertTensorsAgree(subject, options)),
    })),
  );
}
