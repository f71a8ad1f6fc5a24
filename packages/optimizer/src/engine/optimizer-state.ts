import * as tf from '@tensorflow/tfjs-core';
import { blocksIn } from '../state-formats/block-codes.ts';
import { type PackedData, packedFormats, unpacked } from '../state-formats/packed-slot.ts';
import { accumulatedSlot } from './accumulated-gradient.ts';
import { show } from './option-checks.ts';

/** A state tensor as plain data: its shape and its elements in row-major order. */
export interface Float32Slot {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly format?: undefined;
}

/** A state tensor that `stateFormat` has packed, as plain data. */
export type PackedSlot = PackedData & { readonly shape: readonly number[] };

/** A state tensor as plain data, in the format that it is kept in. */
export type SavedSlot = Float32Slot | PackedSlot;

/** The elements of a state tensor as float32, whatever its format. */
export function slotValues(slot: SavedSlot): Float32Array {
  return slot.format === undefined ? slot.data : unpacked(slot);
}

/**
 * State of one parameter: how many gradients it has received, and its slots. Beside the rule's slots there may be the
 * engine's: `average`, and in the middle of an accumulation `accumulatedGradient`.
 */
export interface ParameterState {
  readonly step: number;
  readonly slots: Readonly<Record<string, SavedSlot>>;
}

/** Everything an optimizer needs to continue bit for bit, as plain data keyed by parameter name. */
export interface OptimizerState {
  readonly schemaVersion: 1;
  /** Name of the optimizer that wrote it, for instance `lion`. */
  readonly optimizer: string;
  /** Steps taken. */
  readonly step: number;
  /** Calls skipped because a gradient was not finite; 0 when left out. */
  readonly skippedSteps?: number;
  /** Micro-batches accumulated towards the next step; 0 when left out. */
  readonly microStep?: number;
  /** The numbers that parameter groups keep, in the order of the groups; for rules that keep any. */
  readonly groups?: readonly Readonly<Record<string, number>>[];
  readonly parameters: Readonly<Record<string, ParameterState>>;
}

/** A state whose every part has been checked. */
export interface CheckedState {
  readonly step: number;
  readonly skippedSteps: number;
  readonly microStep: number;
  readonly groups: readonly Readonly<Record<string, number>>[] | undefined;
  /** A map, because a plain object has no room for a parameter called `__proto__`. */
  readonly parameters: ReadonlyMap<string, ParameterState>;
}

/**
 * Checks saved state before any of it is taken. What JSON makes of a `Float32Array` is read as well.
 *
 * @throws Error naming what is wrong: another schema version or optimizer, another accumulation, a count that is not
 * one, gradients that wait for a step without a count of them, or a slot whose data is not float32 or does not fill its shape.
 */
export function checkedState(state: OptimizerState, label: string, accumulationSteps: number): CheckedState {
  if (!isRecord(state)) throw new Error(`the state of an optimizer must be an object, got ${show(state)}`);
  if (state.schemaVersion !== 1) {
    throw new Error(`optimizer state has schema version ${show(state.schemaVersion)}; this version reads 1`);
  }
  if (state.optimizer !== label) {
    throw new Error(`state of "${state.optimizer}" cannot be loaded into "${label}"`);
  }
  const { parameters, groups } = state;
  const step = count(label, 'step', state.step);
  const skippedSteps = count(label, 'skippedSteps', state.skippedSteps ?? 0);
  const microStep = count(label, 'microStep', state.microStep ?? 0);
  if (microStep >= accumulationSteps) {
    throw new Error(
      `state of "${label}" stops after ${microStep} micro-batches of a step; it needs accumulationSteps above that, not ${accumulationSteps}`,
    );
  }
  if (groups !== undefined) checkGroupNumbers(label, groups);
  if (!isRecord(parameters)) {
    throw new Error(`state of "${label}": parameters must be an object by name, got ${show(parameters)}`);
  }
  const checked = Object.entries(parameters).map(
    ([name, parameter]) => [name, checkedParameter(name, parameter)] as const,
  );
  const waiting = checked.find(([, { slots }]) => Object.hasOwn(slots, accumulatedSlot));
  if (microStep === 0 && waiting !== undefined) {
    throw new Error(
      `state of "${label}" has a gradient of "${waiting[0]}" that waits for the rest of its step, but no microStep says how many came`,
    );
  }
  return { step, skippedSteps, microStep, groups, parameters: new Map(checked) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(where: string, name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Error(`state of "${where}": ${name} must be a whole number of at least 0, got ${show(value)}`);
}

function checkGroupNumbers(label: string, groups: unknown): void {
  const valid =
    Array.isArray(groups) &&
    groups.every((kept) => isRecord(kept) && Object.values(kept).every((x) => typeof x === 'number'));
  if (valid) return;
  throw new Error(`state of "${label}": groups must be a list of numbers by name, got ${show(groups)}`);
}

function checkedParameter(name: string, parameter: unknown): ParameterState {
  if (!isRecord(parameter) || !isRecord(parameter.slots)) {
    throw new Error(`state of "${name}" must have a step and slots, got ${show(parameter)}`);
  }
  const slots = Object.entries(parameter.slots).map(
    ([slot, saved]) => [slot, checkedSlot(`slot "${slot}" of "${name}"`, saved)] as const,
  );
  return { step: count(name, 'step', parameter.step), slots: Object.fromEntries(slots) };
}

function checkedSlot(where: string, saved: unknown): SavedSlot {
  const { shape, data, format, absmax } = isRecord(saved) ? saved : {};
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new Error(`${where}: shape must be a list of whole numbers of at least 0, got ${show(shape)}`);
  }
  const size = tf.util.sizeFromShape(shape);
  const filled = <Data extends { readonly length: number }>(elements: Data): Data => {
    if (elements.length === size) return elements;
    throw new Error(`${where}: shape [${shape}] needs ${size} elements, got ${elements.length}`);
  };
  if (format === undefined) return { shape: [...shape], data: filled(elementsOf(where, data, Float32Array)) };
  switch (format as unknown) {
    case 'bfloat16':
      return { shape: [...shape], format: 'bfloat16', data: filled(elementsOf(where, data, Uint16Array)) };
    case '8bit-signed':
    case '8bit-unsigned': {
      const codes = filled(elementsOf(where, data, Uint8Array));
      const scales = elementsOf(`${where}: absmax`, absmax, Float32Array);
      if (scales.length !== blocksIn(size)) {
        throw new Error(`${where}: ${size} elements need ${blocksIn(size)} scales, got ${scales.length}`);
      }
      return {
        shape: [...shape],
        format: format as '8bit-signed' | '8bit-unsigned',
        data: codes,
        absmax: scales,
      };
    }
    default:
      throw new Error(`${where}: format must be one of ${packedFormats.join(', ')}, got ${show(format)}`);
  }
}

const remedy = 'encodeState gives the state as bytes, and decodeState reads them';

/** The elements of a slot. JSON makes an object with the keys "0", "1", ... of a typed array. */
function elementsOf<Elements extends Float32Array | Uint16Array | Uint8Array>(
  where: string,
  data: unknown,
  kind: { readonly name: string; from(values: ArrayLike<number>): Elements },
): Elements {
  // Not `instanceof`: an array may come from another realm, such as a worker or a test's sandbox.
  const tag = Object.prototype.toString.call(data);
  if (tag === `[object ${kind.name}]`) return data as Elements;
  const listed = Array.isArray(data) || (tag === '[object Object]' && isRecord(data));
  const keys = listed ? Object.keys(data as object) : [];
  if (!listed || keys.some((key, index) => key !== String(index))) {
    throw new Error(`${where}: data must be a ${kind.name}, got ${describeData(data)}; ${remedy}`);
  }
  const values = Object.values(data as object);
  const bad = values.findIndex((value) => typeof value !== 'number');
  if (bad >= 0) {
    throw new Error(
      `${where}: data holds ${show(values[bad])} at ${bad}, because JSON has neither NaN nor infinities; ${remedy}`,
    );
  }
  return kind.from(values as number[]);
}

function describeData(data: unknown): string {
  return ArrayBuffer.isView(data) ? `a ${data.constructor.name}` : show(data);
}
