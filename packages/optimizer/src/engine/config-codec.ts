import type { serialization } from '@tensorflow/tfjs-core';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where `@steepest/lr-schedules` leaves the function that revives a described schedule, so none depends on it. */
const scheduleReviver = Symbol.for('@steepest/lr-schedules');

/**
 * Encodes options for `getConfig`.
 *
 * `LayersModel.save` and `load` rewrite string values between snake and camel case, but leave a string under the key
 * `name` alone: so every string becomes `{ name: string }`. A schedule becomes `{ scheduleDescription: description }`, and
 * an infinity, which JSON would make null, `{ nonFinite: { name: 'Infinity' } }`.
 *
 * @throws Error for a function without a description, which no file can hold.
 */
export function encodeConfig(value: unknown, path: string): Json {
  if (typeof value === 'number' && !Number.isFinite(value)) return { nonFinite: { name: String(value) } };
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return { name: value };
  if (Array.isArray(value)) return value.map((item, index) => encodeConfig(item, `${path}[${index}]`));
  if (typeof value === 'function') {
    const description = (value as { description?: unknown }).description;
    if (description === undefined) {
      throw new Error(
        `${path} is a plain function, which cannot be saved; use a schedule of @steepest/lr-schedules, or a pattern for match`,
      );
    }
    return { scheduleDescription: encodeConfig(description, `${path}.description`) };
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value as object).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, encodeConfig(item, `${path}.${key}`)]));
  }
  throw new Error(`${path} cannot be saved: it is a ${typeof value}`);
}

/** @throws Error for a schedule when `@steepest/lr-schedules` has not been imported. */
export function decodeConfig(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(decodeConfig);
  const entries = Object.entries(value as Record<string, unknown>);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined) {
    if (first[0] === 'name' && typeof first[1] === 'string') return first[1];
    if (first[0] === 'nonFinite') return Number(decodeConfig(first[1]));
    if (first[0] === 'scheduleDescription') return reviveSchedule(decodeConfig(first[1]));
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, decodeConfig(item)]));
}

function reviveSchedule(description: unknown): (step: number) => number {
  const revive = (globalThis as Record<symbol, unknown>)[scheduleReviver];
  if (typeof revive !== 'function') {
    throw new Error('the saved options hold a schedule: import @steepest/lr-schedules before loading them');
  }
  return revive(description) as (step: number) => number;
}

/** Options as tfjs's `ConfigDict`. */
export function toConfigDict(
  options: Readonly<Record<string, unknown>>,
  where: string,
): serialization.ConfigDict {
  return encodeConfig(options, where) as serialization.ConfigDict;
}
