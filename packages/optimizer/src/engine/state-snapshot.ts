import * as tf from '@tensorflow/tfjs-core';
import { heldData } from '../interpreters/held-slots.ts';
import type { ParameterState, SavedSlot } from './optimizer-state.ts';
import type { HeldSlot, ParameterSlots } from './parameter-slots.ts';

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
  const held = parameters.map((parameter) => ({
    name: parameter.info.name,
    step: parameter.step,
    clones: parameter.held.map((slot) => ({ slot, clone: tf.keep(tf.clone(slot.tensor)) })),
  }));
  const loaded = [...unclaimed].map(([name, { step, slots }]) => {
    const copies = Object.entries(slots).map(([slot, saved]) => [slot, copyOf(saved)] as const);
    return [name, { step, slots: Object.fromEntries(copies) }] as const;
  });
  return async () => {
    try {
      const read: (readonly [string, ParameterState])[] = [];
      for (const { name, step, clones } of held) {
        const slots: (readonly [string, SavedSlot])[] = [];
        for (const { slot, clone } of clones) {
          slots.push([slot.name, savedSlot(slot, (await clone.data()).slice())]);
          clone.dispose();
        }
        read.push([name, { step, slots: Object.fromEntries(slots) }]);
      }
      return Object.fromEntries([...read, ...loaded].sort(([a], [b]) => (a < b ? -1 : 1)));
    } finally {
      for (const { clones } of held) for (const { clone } of clones) clone.dispose();
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
