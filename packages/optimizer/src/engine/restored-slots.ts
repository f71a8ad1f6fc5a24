import * as tf from '@tensorflow/tfjs-core';
import type { ParameterInfo } from '../parameter.ts';
import { isFilterSlot } from '../rule/gradient-filter.ts';
import type { RuleContext, SlotSpec } from '../rule/update-rule.ts';
import type { SavedSlot } from './optimizer-state.ts';
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
}

/** The parameter that takes slots up, and what it keeps under its present options. */
interface Receiver {
  readonly info: ParameterInfo;
  readonly group: ParameterGroup;
  readonly context: RuleContext;
  readonly expected: Readonly<Record<string, SlotSpec>>;
}

/**
 * Sorts saved slots into those that are kept, those to be made, and those to be dropped.
 *
 * @throws Error if one has another shape, or if a difference cannot come from options alone.
 */
export function restoredSlots(
  saved: Readonly<Record<string, SavedSlot>>,
  { info, group, context, expected }: Receiver,
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
  return { kept, added, unused };
}
