import type { PackedFormat } from '../state-formats/packed-slot.ts';
import type { Shape } from './expression.ts';
import type { SlotSpec } from './update-rule.ts';

/** How the state of a parameter is kept: 4, 2 or 1.016 bytes for each element of a slot. */
export type StateFormat = 'float32' | 'bfloat16' | '8bit';

/** The words of {@link StateFormat}. */
export const stateFormats: readonly StateFormat[] = ['float32', 'bfloat16', '8bit'];

/** A format for every slot, or formats by the names of slots; those not named are float32. */
export type StateFormats = StateFormat | { readonly [slot: string]: StateFormat };

/** Elements below which state stays in float32: that of bitsandbytes. */
export const defaultStateMinimumSize = 4096;

/** What a choice of formats is made from. */
export interface FormatChoice {
  readonly stateFormat: StateFormats;
  /** At least 1: a parameter without elements has nothing to pack. */
  readonly stateMinimumSize: number;
  readonly slots: Readonly<Record<string, SlotSpec>>;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** Slots that are never negative. */
  readonly nonNegative: ReadonlySet<string>;
}

/**
 * The formats of the slots that are packed: those with an element for each of the parameter's, from a size on. A basis or a Gram
 * matrix, which for a square parameter only happens to have its shape, is none of them. A slot that starts as the parameter, such
 * as an average of it, is an iterate, whose steps may be smaller than what rounding takes away: it is packed only if it is named.
 */
export function packedSlots({
  stateFormat,
  stateMinimumSize,
  slots,
  shapes,
  nonNegative,
}: FormatChoice): Readonly<Record<string, PackedFormat>> {
  const { parameter } = shapes;
  const size = parameter!.reduce((product, length) => product * length, 1);
  if (size < stateMinimumSize) return {};
  return Object.fromEntries(
    Object.entries(slots).flatMap(([name, { shape, initial }]): [string, PackedFormat][] => {
      const format =
        typeof stateFormat === 'string'
          ? initial === 'parameter'
            ? 'float32'
            : stateFormat
          : (stateFormat[name] ?? 'float32');
      if (format === 'float32' || shape !== 'parameter') return [];
      if (format === 'bfloat16') return [[name, format]];
      return [[name, nonNegative.has(name) ? '8bit-unsigned' : '8bit-signed']];
    }),
  );
}
