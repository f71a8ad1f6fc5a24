import * as tf from '@tensorflow/tfjs-core';
import { heldData } from '../interpreters/held-slots.ts';
import type { ParameterState, SavedSlot } from './optimizer-state.ts';
import type { HeldSlot, ParameterSlots } from './parameter-slots.ts';

/** A parameter's state at one moment. */
export interface HeldParameter {
  readonly name: string;
  readonly step: number;
  /** Each slot with a tensor that no later step changes or frees. */
  readonly slots: readonly HeldSlot[];
}

/** The state of parameters as it is now, whatever steps are taken until `releaseParameters`. */
export function holdParameters(parameters: readonly ParameterSlots[]): HeldParameter[] {
  return parameters.map(({ info, step, held }) => ({
    name: info.name,
    step,
    slots: held.map((slot) => ({ ...slot, tensor: tf.keep(tf.clone(slot.tensor)) })),
  }));
}

/** Frees what is held. */
export function releaseParameters(held: readonly HeldParameter[]): void {
  for (const { slots } of held) for (const { tensor } of slots) tensor.dispose();
}

/**
 * The state of parameters as it is now, whatever happens until the backend is read: all of it is held at once, so that a
 * step taken meanwhile does not tear it.
 *
 * @returns Reads it, sorted by name.
 */
export function stateSnapshot(
  parameters: readonly ParameterSlots[],
  unclaimed: ReadonlyMap<string, ParameterState>,
): () => Promise<Record<string, ParameterState>> {
  const held = holdParameters(parameters);
  const loaded = [...unclaimed].map(([name, { step, slots }]) => {
    const copies = Object.entries(slots).map(([slot, saved]) => [slot, copyOf(saved)] as const);
    return [name, { step, slots: Object.fromEntries(copies) }] as const;
  });
  return async () => {
    try {
      const read: (readonly [string, ParameterState])[] = [];
      for (const { name, step, slots } of held) {
        const saved: (readonly [string, SavedSlot])[] = [];
        for (const slot of slots) {
          saved.push([slot.name, savedSlot(slot, (await slot.tensor.data()).slice())]);
          slot.tensor.dispose();
        }
        read.push([name, { step, slots: Object.fromEntries(saved) }]);
      }
      return Object.fromEntries([...read, ...loaded].sort(([a], [b]) => (a < b ? -1 : 1)));
    } finally {
      releaseParameters(held);
    }
  };
}

/** A slot as plain data, given what was read of its tensor. */
export function savedSlot(
  { shape, format }: Omit<HeldSlot, 'tensor' | 'name'>,
  data: tf.TypedArray,
): SavedSlot {
  if (format === undefined) return { shape: [...shape], data: data as Float32Array };
  return { shape: [...shape], ...heldData(data, format, tf.util.sizeFromShape([...shape])) };
}

/** A slot whose arrays are its own. */
export function copyOf(slot: SavedSlot): SavedSlot {
  const shape = [...slot.shape];
  if (slot.format === undefined) return { shape, data: slot.data.slice() };
  if (slot.format === 'bfloat16') return { ...slot, shape, data: slot.data.slice() };
  return { ...slot, shape, data: slot.data.slice(), absmax: slot.absmax.slice() };
}

const elementsCopied = Object.getPrototypeOf(Uint8Array.prototype).slice as (this: unknown) => never;

/** A copy of plain data with arrays of its own. What is not plain stays itself. */
export function copyOfPlain<Data>(value: Data): Data {
  // The `slice` of a `Buffer` would copy nothing, now and later.
  if (value instanceof Uint8Array) return new Uint8Array(value) as Data;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return elementsCopied.call(value);
  if (Array.isArray(value)) return value.map(copyOfPlain) as Data;
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, each]) => [key, copyOfPlain(each)]),
  ) as Data;
}
