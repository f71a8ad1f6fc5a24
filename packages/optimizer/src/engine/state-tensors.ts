import * as tf from '@tensorflow/tfjs-core';
import { type PackedFormat, packedFormats } from '../state-formats/packed-slot.ts';
import type { OptimizerState, ParameterState, SavedSlot } from './optimizer-state.ts';
import type { HeldSlot } from './parameter-slots.ts';
import { slotTensor } from './restored-slots.ts';
import { copyOf, type HeldParameter, savedSlot } from './state-snapshot.ts';

/** What an optimizer counts besides its parameters. */
type Counters = Required<Pick<OptimizerState, 'step' | 'skippedSteps' | 'microStep' | 'groups'>>;

/** A tensor of a model's file. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

/** A slot without its elements. */
type SlotHead = Omit<HeldSlot, 'tensor'>;

/** The name of a slot among the weights, with the format and the shape of a packed one: `momentum:8bit-signed:20x13`. */
function weightName({ name, format, shape }: SlotHead): string {
  return format === undefined ? name : `${name}:${format}:${shape.join('x')}`;
}

function slotOfWeight(weight: string, shape: readonly number[]): SlotHead {
  const [name, format, axes] = weight.split(':') as [string, PackedFormat?, string?];
  if (axes === undefined || !packedFormats.includes(format!)) return { name: weight, shape };
  return { name, format: format!, shape: axes === '' ? [] : axes.split('x').map(Number) };
}

/** A float64 as two int32 and back: tfjs has no type that holds it. */
function toWords(x: number): Int32Array {
  return new Int32Array(Float64Array.of(x).buffer);
}
function fromWords(words: ArrayLike<number>): number {
  return new Float64Array(Int32Array.from(words).buffer)[0]!;
}

/** A count: a scalar, or from 2^31 on, where int32 ends, the words of a float64. */
function countTensor(count: number): tf.Tensor {
  return count < 2 ** 31 ? tf.scalar(count, 'int32') : tf.tensor1d(toWords(count), 'int32');
}
function countOf(data: tf.TypedArray): number {
  return data.length === 2 ? fromWords(data) : data[0]!;
}

/**
 * The state of an optimizer as named tensors: `iter` and the other counters, whose names have no slash, and for every
 * parameter `<parameter>/step` and its slots, packed ones as the backend holds them. A counter that is 0 has none, but for `iter`.
 *
 * @param parameters Their tensors become those that are given.
 */
export function namedTensors(
  { step, skippedSteps, microStep, groups }: Counters,
  parameters: readonly HeldParameter[],
  unclaimed: ReadonlyMap<string, ParameterState>,
): NamedTensor[] {
  const made: NamedTensor[] = [];
  const make = (name: string, tensor: tf.Tensor): NamedTensor => {
    made.push({ name, tensor: tf.keep(tensor) });
    return made.at(-1)!;
  };
  try {
    const counts = Object.entries({ iter: step, skippedSteps, microStep })
      .filter(([name, count]) => name === 'iter' || count !== 0)
      .map(([name, count]) => make(name, countTensor(count)));
    const numbers = groups.flatMap((kept, index) =>
      Object.entries(kept).map(([name, value]) =>
        make(`group:${index}:${name}`, tf.tensor1d(toWords(value), 'int32')),
      ),
    );
    const own = parameters.map(({ name, step: steps, slots }) => ({
      name,
      step: steps,
      slots: slots.map((slot) => ({ name: `${name}/${weightName(slot)}`, tensor: slot.tensor })),
    }));
    const loaded = [...unclaimed].map(([name, { step: steps, slots }]) => ({
      name,
      step: steps,
      slots: Object.entries(slots).map(([slot, saved]) =>
        make(`${name}/${weightName({ ...saved, name: slot })}`, slotTensor(copyOf(saved))),
      ),
    }));
    const states = [...own, ...loaded]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap(({ name, step: steps, slots }) => [make(`${name}/step`, countTensor(steps)), ...slots]);
    return [...counts, ...numbers, ...states];
  } catch (error) {
    for (const { tensor } of made) tensor.dispose();
    throw error;
  }
}

/**
 * The state that the named tensors of `getWeights` hold.
 *
 * @param values What was read of each tensor.
 * @throws Error if a name is none of theirs or is given twice, or a count of steps is missing.
 */
export function fromNamedTensors(
  weights: readonly NamedTensor[],
  values: readonly tf.TypedArray[],
): Omit<OptimizerState, 'schemaVersion' | 'optimizer'> {
  const counts = new Map<string, number>();
  const groups: Record<string, number>[] = [];
  const parameters = new Map<string, { step: number | undefined; slots: Map<string, SavedSlot> }>();
  const seen = new Set<string>();
  for (const [index, { name, tensor }] of weights.entries()) {
    const data = values[index]!;
    if (seen.has(name)) throw new Error(`optimizer weight "${name}" is given twice`);
    seen.add(name);
    const group = /^group:(\d{1,6}):([^/]+)$/.exec(name);
    const split = name.lastIndexOf('/');
    if (['iter', 'skippedSteps', 'microStep'].includes(name)) {
      counts.set(name, countOf(data));
    } else if (group !== null) {
      while (groups.length <= Number(group[1])) groups.push({});
      groups[Number(group[1])]![group[2]!] = fromWords(data);
    } else if (split >= 1) {
      const owner = name.slice(0, split);
      const parameter = parameters.get(owner) ?? { step: undefined, slots: new Map() };
      parameters.set(owner, parameter);
      const slot = slotOfWeight(name.slice(split + 1), tensor.shape);
      if (slot.name === 'step') parameter.step = countOf(data);
      else parameter.slots.set(slot.name, savedSlot(slot, data));
    } else {
      throw new Error(`optimizer weight "${name}" is not of the form <variable>/<slot>`);
    }
  }
  const { iter, ...others } = Object.fromEntries(counts) as { iter?: number };
  const lacks = (missing: string): never => {
    throw new Error(
      `the optimizer weights have no "${missing}", without which training would begin again at step 0`,
    );
  };
  return {
    // No weights at all are those of a run that has not begun.
    step: iter ?? (weights.length === 0 ? 0 : lacks('iter')),
    ...others,
    ...(groups.length === 0 ? {} : { groups }),
    parameters: Object.fromEntries(
      [...parameters].map(([name, { step = lacks(`${name}/step`), slots }]) => [
        name,
        { step, slots: Object.fromEntries(slots) },
      ]),
    ),
  };
}
