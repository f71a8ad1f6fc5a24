import * as tf from '@tensorflow/tfjs-core';
import { heldTensor } from '../interpreters/held-slots.ts';
import type { ParameterInfo } from '../parameter.ts';
import { isFilterSlot } from '../rule/gradient-filter.ts';
import type { RuleContext, SlotSpec } from '../rule/update-rule.ts';
import { type PackedFormat, packed } from '../state-formats/packed-slot.ts';
import { accumulatedSlot } from './accumulated-gradient.ts';
import { type ParameterState, type SavedSlot, slotValues } from './optimizer-state.ts';
import type { ParameterGroup } from './parameter-group.ts';
import { slotVariants } from './slot-variants.ts';

/** The slots that the engine adds to those of a rule where an option asks for them. */
const isEngineSlot = (name: string): boolean => name === 'average' || isFilterSlot(name);

/** A saved slot in the format of the parameter that takes it up. */
interface RestoredSlot {
  readonly name: string;
  /** How it is packed; `undefined` for float32. */
  readonly packed: { readonly format: PackedFormat; readonly shape: readonly number[] } | undefined;
  /** Makes its tensor. */
  tensor(): tf.Tensor;
}

/** Saved slots as a parameter takes them up. */
export interface RestoredSlots {
  readonly kept: readonly RestoredSlot[];
  /** Makes the sum of the gradients that wait for the rest of their step; `undefined` where there are none. */
  readonly waiting: (() => tf.Tensor) | undefined;
  /** Slots that the saved state lacks, because an option has switched them on since. */
  readonly added: readonly string[];
  /** Slots that an option has switched off since. */
  readonly unused: readonly string[];
  /** Slots that were saved in another format. */
  readonly converted: readonly string[];
}

/** The parameter that takes slots up, and what it keeps under its present options. */
interface Receiver {
  readonly info: ParameterInfo;
  readonly group: ParameterGroup;
  readonly context: RuleContext;
  readonly expected: Readonly<Record<string, SlotSpec>>;
  /** How slots are packed. */
  readonly formats: Readonly<Record<string, PackedFormat>>;
}

/** How a parameter takes saved state up. */
export type RestoreSlots = typeof restoredSlots;

/**
 * Sorts saved slots into those that are kept, those to be made, and those to be dropped.
 *
 * @throws Error if one has another shape, or if a difference cannot come from options alone.
 */
export function restoredSlots(state: ParameterState, receiver: Receiver): RestoredSlots {
  const { info, group, context, expected, formats } = receiver;
  const { [accumulatedSlot]: waiting, ...saved } = state.slots;
  if (waiting !== undefined) checkWaiting(waiting.shape, receiver);
  const names = Object.keys(saved);
  const added = Object.keys(expected).filter((name) => !Object.hasOwn(saved, name));
  const unused = names.filter((name) => !Object.hasOwn(expected, name));
  if (added.length > 0 || unused.length > 0) {
    const { always, ever } = slotVariants(group.rule, context);
    const ofOptions =
      added.every((name) => !always.has(name)) &&
      unused.every((name) => ever.has(name) || isEngineSlot(name));
    if (!ofOptions) {
      throw new Error(
        `saved state of "${info.name}" has the slots {${[...names].sort().join(', ')}}, ` +
          `but ${group.where} keeps {${Object.keys(expected).sort().join(', ')}}`,
      );
    }
  }
  const kept = Object.entries(saved).filter(([name]) => !unused.includes(name));
  for (const [name, { shape }] of kept) {
    const spec = expected[name]!;
    const needed = spec.shape === 'parameter' ? info.shape : spec.shape;
    if (tf.util.arraysEqual([...needed], [...shape])) continue;
    throw new Error(`saved slot "${name}" of "${info.name}" has shape [${shape}], but [${needed}] is needed`);
  }
  const converted = kept.filter(([name, slot]) => slot.format !== formats[name]).map(([name]) => name);
  const inFormat = kept.map(([name, slot]): RestoredSlot => {
    const own = convertedSlot(slot, formats[name]);
    const { shape, format } = own;
    return {
      name,
      packed: format === undefined ? undefined : { format, shape },
      tensor: () => slotTensor(own),
    };
  });
  const sum =
    waiting === undefined ? undefined : () => tf.tensor(slotValues(waiting), [...waiting.shape], 'float32');
  return { kept: inFormat, waiting: sum, added, unused, converted };
}

function checkWaiting(shape: readonly number[], { info: { name, shape: needed } }: Receiver): void {
  if (tf.util.arraysEqual([...needed], [...shape])) return;
  throw new Error(
    `saved slot "${accumulatedSlot}" of "${name}" has shape [${shape}], but [${needed}] is needed`,
  );
}

/** A slot in a format: exact where that is its own or float32, and else rounded to the nearest number. */
function convertedSlot(slot: SavedSlot, format: PackedFormat | undefined): SavedSlot {
  if (slot.format === format) return slot;
  const { shape } = slot;
  const data = slotValues(slot);
  return format === undefined ? { shape, data } : { shape, ...packed(format, data) };
}

/** A saved slot as the tensor that the current backend keeps it in. */
export function slotTensor(slot: SavedSlot): tf.Tensor {
  if (slot.format !== undefined) return heldTensor(slot);
  return tf.tensor(slot.data, [...slot.shape], 'float32');
}
