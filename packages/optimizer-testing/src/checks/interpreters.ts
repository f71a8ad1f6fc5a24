import { type Float64Optimizer, type ParameterInfo, slotValues } from '@steepest/optimizer';
import * as tf from '@tensorflow/tfjs-core';
import { onBackend, type TestedBackend } from '../backends.ts';
import type { Check } from '../check.ts';
import { assertClose, largest, type NamedNumbers } from '../comparison.ts';
import { runInEngine } from '../float64-run.ts';
import { needing } from '../optional-packages.ts';
import { type Subject, sizesOfGradients } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import { allParameters, type GradientsOf, gradientsOf, steadyGradientsOf, withModel } from '../test-model.ts';
import { wave } from './reference.ts';
import { packedFormats } from './resume.ts';

/** Rounding of float32, 6e-8 an operation, over a few dozen operations. */
export const tolerance = 1e-5;

/** An estimate from how little parameters have moved holds few of their digits. */
const estimateTolerance = 0.05;

const steady = steadyGradientsOf(allParameters);

/** A sign may fall otherwise for this part of the elements, where its argument is zero but for rounding. */
const nearTies = 0.005;
/** Packed state may be rounded to the other neighbor for this part, where it lies between two but for rounding to float32. */
const nearBoundaries = 0.01;

/** Slots of every parameter under names such as `<parameter>/<slot>`. */
type Slots = Record<string, ArrayLike<number>>;

/** A run on tensors that is compared with float64. */
interface ComparedRun {
  readonly parameters?: readonly ParameterInfo[];
  readonly steps?: number;
  readonly gradients?: GradientsOf;
  /** Of parameters and state; a few roundings by default. */
  readonly allowed?: number;
}

/** What the float64 engine makes of a run, and the scale of each of its numbers. */
function inFloat64(subject: Subject, options: AnyOptions, run: Required<Omit<ComparedRun, 'allowed'>>) {
  const { clipGlobalNorm, ...others } = options;
  const engine = clipGlobalNorm === undefined ? {} : { clipGlobalNorm: clipGlobalNorm as number };
  const scale: Record<string, number> = {};
  const slots: Slots = {};
  const afterStep = (optimizer: Float64Optimizer): void => {
    for (const { name } of run.parameters) {
      for (const [slot, numbers] of Object.entries(optimizer.slots(name))) {
        // What nearly cancels is as exact as it was large before.
        const key = `${name}/${slot}`;
        scale[key] = Math.max(scale[key] ?? 0, largest(numbers));
        slots[key] = numbers;
      }
    }
  };
  const values = runInEngine(subject, { ...run, options: others, engine, afterStep });
  return { values, slots, scale };
}

/** @throws Error if a run on tensors of the current backend leaves the float64 engine's. */
export async function assertTensorsAgree(
  subject: Subject,
  options: AnyOptions,
  {
    parameters = subject.parameters,
    steps = 12,
    gradients = gradientsOf(parameters),
    allowed = tolerance,
  }: ComparedRun = {},
): Promise<void> {
  const expected = inFloat64(subject, options, { parameters, steps, gradients });
  await withModel(parameters, async (model) => {
    const optimizer = subject.make(options);
    model.train(optimizer, 1, steps, gradients);
    const slots: Record<string, ArrayLike<number>> = {};
    for (const [name, parameter] of Object.entries((await optimizer.state()).parameters)) {
      for (const [slot, saved] of Object.entries(parameter.slots)) {
        slots[`${name}/${slot}`] = slotValues(saved);
      }
    }
    optimizer.dispose();
    const values: NamedNumbers = await model.values();
    const elements = Object.values(expected.values).reduce((total, { length }) => total + length, 0);
    const part =
      (subject.record.capabilities.signBased ? nearTies : 0) +
      (options.stateFormat === undefined ? 0 : nearBoundaries);
    const mismatches = Math.floor(part * elements);
    assertClose(values, expected.values, 'parameters', { tolerance: allowed, mismatches });
    if (Object.keys(expected.slots).length === 0) return;
    assertClose(slots, expected.slots, 'state', { tolerance: allowed, scale: expected.scale, mismatches });
  });
}

/**
 * Checks on the cpu backend and on wasm, and on WebGPU where that is the backend when they are made. Not of transforms there: a device
 * settles directions of equal eigenvalues in its own way.
 */
export function onEveryBackend(subject: Subject, checks: (backend: TestedBackend) => Check[]): Check[] {
  const { packages } = subject.surroundings;
  const on = (backend: TestedBackend): Check[] =>
    checks(backend).map((check) => ({
      ...check,
      run: () => onBackend(backend, packages, () => check.run()),
    }));
  const compares = tf.getBackend() === 'webgpu' && !subject.record.capabilities.transforms;
  const onDevice = compares ? on('webgpu') : [];
  return [...on('cpu'), ...needing(packages.wasm, on('wasm')), ...onDevice];
}

/** That tensors of every backend at hand give what float64 arrays give. */
export function interpreterChecks(subject: Subject): Check[] {
  const cases: [string, AnyOptions, ComparedRun?][] = [
    ['with constant options', {}],
    [
      'with a schedule, weight decay and clipping',
      { learningRate: wave, weightDecay: 0.1, clipGlobalNorm: 1 },
    ],
    ['with fixed weight decay', { weightDecay: 0.1, weightDecayMode: 'fixed' }],
    ['with l2 weight decay', { weightDecay: 0.1, weightDecayMode: 'l2' }],
    ...(subject.sumsParameters
      ? [
          [
            'with gradients of one direction',
            { learningRate: 1 },
            { gradients: steady, allowed: estimateTolerance },
          ] as [string, AnyOptions, ComparedRun],
        ]
      : []),
    ...subject.tinyHyperparameters.map((name): [string, AnyOptions] => [
      `with ${name} at the size of the gradients`,
      { [name]: sizesOfGradients[1] },
    ]),
  ];
  // Rounded state makes products and factorizations of whole matrices differ everywhere.
  const formats = subject.record.capabilities.transforms ? [] : packedFormats;
  const packed = formats.map((stateFormat): [string, AnyOptions, ComparedRun] => [
    `with state in ${stateFormat}`,
    { stateFormat, stateMinimumSize: 1 },
    { steps: 3 },
  ]);
  return onEveryBackend(subject, (backend) =>
    [...cases, ...packed].map(([name, options, run = {}]) => ({
      name: subject.named(`on ${backend} tensors agrees with float64 to ${run.allowed ?? tolerance} ${name}`),
      kind: 'interpreters',
      run: () => assertTensorsAgree(subject, options, run),
    })),
  );
}
