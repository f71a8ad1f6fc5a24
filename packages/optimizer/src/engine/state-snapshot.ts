import * as tf from '@tensorflow/tfjs-core';
import type { ParameterState, SavedSlot } from './optimizer-state.ts';
import type { ParameterSlots } from './parameter-slots.ts';

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
    clones: [...parameter.tensors].map(([slot, tensor]) => [slot, tf.keep(tf.clone(tensor))] as const),
  }));
  const loaded = [...unclaimed].map(([name, { step, slots }]) => {
    const copies = Object.entries(slots).map(
      ([slot, { shape, data }]) => [slot, { shape: [...shape], data: data.slice() }] as const,
    );
    return [name, { step, slots: Object.fromEntries(copies) }] as const;
  });
  return async () => {
    try {
      const read: (readonly [string, ParameterState])[] = [];
      for (const { name, step, clones } of held) {
        const slots: (readonly [string, SavedSlot])[] = [];
        for (const [slot, clone] of clones) {
          const data = (await clone.data()).slice() as Float32Array;
          slots.push([slot, { shape: [...clone.shape], data }]);
          clone.dispose();
        }
        read.push([name, { step, slots: Object.fromEntries(slots) }]);
      }
      return Object.fromEntries([...read, ...loaded].sort(([a], [b]) => (a < b ? -1 : 1)));
    } finally {
      for (const { clones } of held) for (const [, clone] of clones) clone.dispose();
    }
  };
}
