import type { ParameterInfo } from '../parameter.ts';
import { isFilterSlot } from '../rule/gradient-filter.ts';
import { nearestName } from '../rule/nearest-name.ts';
import { type StateFormats, stateFormats } from '../rule/state-format.ts';
import type { RuleContext, UpdateRule } from '../rule/update-rule.ts';
import { show } from './option-checks.ts';
import { slotVariants } from './slot-variants.ts';

/** Parameters of every rank in use, since a rule may keep other slots for matrices. */
const probes: readonly ParameterInfo[] = [[], [8], [8, 8], [4, 4, 4], [2, 2, 4, 4]].map((shape) => ({
  name: 'weight',
  shape,
  size: shape.reduce((product, length) => product * length, 1),
}));

/** @throws Error if formats are none, or name a slot that the rule never keeps. */
export function checkStateFormats(
  where: string,
  formats: StateFormats,
  rule: UpdateRule,
  contextOf: (parameter: ParameterInfo) => RuleContext,
): void {
  const words = stateFormats.map((word) => `'${word}'`).join(', ');
  const isWord = (value: unknown): boolean => stateFormats.includes(value as never);
  if (typeof formats !== 'object' || formats === null || Array.isArray(formats)) {
    if (isWord(formats)) return;
    throw new Error(
      `${where}: stateFormat must be one of ${words}, or one for each slot by name, got ${show(formats)}`,
    );
  }
  const slots = new Set(['average', ...probes.flatMap((probe) => slotsOf(rule, contextOf(probe)))]);
  for (const [slot, format] of Object.entries(formats)) {
    if (!slots.has(slot) && !isFilterSlot(slot)) {
      throw new Error(
        `${where}: stateFormat names the slot "${slot}", which ${rule.name} does not keep; did you mean "${nearestName(slot, slots)}"?`,
      );
    }
    if (!isWord(format)) {
      throw new Error(`${where}: stateFormat.${slot} must be one of ${words}, got ${show(format)}`);
    }
  }
}

function slotsOf(rule: UpdateRule, context: RuleContext): string[] {
  try {
    return [...slotVariants(rule, context).ever];
  } catch {
    // A rule may refuse parameters of some rank.
    return [];
  }
}

/** @throws Error if it is no count of elements. */
export function checkStateMinimumSize(where: string, size: number): void {
  if (Number.isSafeInteger(size) && size >= 1) return;
  throw new Error(`${where}: stateMinimumSize must be a whole number of at least 1, got ${show(size)}`);
}
