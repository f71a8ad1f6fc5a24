import type { HyperparameterValue } from '@steepest/optimizer';

/** What a schedule of `@steepest/lr-schedules` carries; a plain function has neither. */
interface Described {
  readonly description?: unknown;
  readonly peak?: number;
}

/** The same schedule with all its values times `factor`, as a description; `undefined` for an unknown form. */
function scaledDescription(description: unknown, factor: number): Record<string, unknown> | undefined {
  if (description === null || typeof description !== 'object') return undefined;
  const { type, peak, value, points, parts } = description as Record<string, unknown>;
  if (typeof peak === 'number') return { ...description, peak: peak * factor };
  if (type === 'constant' && typeof value === 'number') return { ...description, value: value * factor };
  if (Array.isArray(points)) {
    return { ...description, points: points.map(([step, at]: [number, number]) => [step, at * factor]) };
  }
  if (!Array.isArray(parts)) return undefined;
  const scaledParts = parts.map((part) => ({
    ...part,
    schedule: scaledDescription(part.schedule, factor),
  }));
  return scaledParts.every(({ schedule }) => schedule !== undefined)
    ? { ...description, parts: scaledParts }
    : undefined;
}

/**
 * A number or schedule times a factor.
 *
 * A schedule of `@steepest/lr-schedules` gives such a schedule again, so that it can be saved. Any other function gives
 * a function, whose `peak` is scaled where it has one.
 */
export function scaled(value: HyperparameterValue, factor: number): HyperparameterValue {
  if (typeof value === 'number') return value * factor;
  const { description, peak } = value as Described;
  const revive = (globalThis as Record<symbol, unknown>)[Symbol.for('@steepest/lr-schedules')];
  const ofScaled = scaledDescription(description, factor);
  if (typeof revive === 'function' && ofScaled !== undefined) return revive(ofScaled) as HyperparameterValue;
  const schedule = (step: number): number => value(step) * factor;
  return peak === undefined ? schedule : Object.assign(schedule, { peak: peak * factor });
}
