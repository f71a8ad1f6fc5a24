import * as tf from '@tensorflow/tfjs-core';
import { heldTensor } from '../interpreters/held-slots.ts';
import type { ParameterInfo } from '../parameter.ts';
import { isFilterSlot } from '../rule/gradient-filter.ts';
import type { RuleContext, SlotSpec } from '../rule/update-rule.ts';
import { type PackedFormat, packed } from '../state-formats/packed-slot.ts';
import { type SavedSlot, slotValues } from './optimizer-state.ts';
import type { ParameterGroup } from './parameter-group.ts';
import { slotVariants } from './slot-variants.ts';

/** The slots that the engine adds to those of a rule where an option asks for them. */
const isEngineSlot = (name: string): boolean => name === 'average' || isFilterSlot(name);

/** Saved slots as a parameter takes them up. */
export interface RestoredSlots {
  readonly kept: readonly (readonly [name: string, slot: SavedSlot])[];
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

/**
 * Sorts saved slots into those that are kept, those to be made, and those to be dropped.
 *
 * @throws Error if one has another shape, or if a difference cannot come from options alone.
 */
export function restoredSlots(
  saved: Readonly<Record<string, SavedSlot>>,
  { info, group, context, expected, formats }: Receiver,
): RestoredSlots {
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
  const inFormat = kept.map(([name, slot]) => [name, convertedSlot(slot, formats[name])] as const);
  return { kept: inFormat, added, unused, converted };
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
